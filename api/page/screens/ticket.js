// A ticket through its life: hold or offer, waitlist, confirmed, used, over. Follows every change, whoever makes it.

import { facts } from "../parts/facts.js";
import { eventOf } from "../parts/names.js";
import { card } from "../parts/ticketcard.js";
import { me } from "../session.js";
import { announce, el, fill, follow, get, link, p, problemBox } from "../ui.js";

// All but the place in line, which others change.
const contentOf = (ticket) => JSON.stringify({ ...ticket, position: undefined });

export async function draw({ box, params, signal, title }) {
	const path = `/tickets/${params.id}`;
	let ticket = await get(path, { signal });
	const event = await eventOf(ticket.event_id).catch(() => null);
	title(event?.name ?? "Ticket");
	const panel = el("section", { class: "card lead", "aria-labelledby": "state" });
	let drawn = new AbortController();
	signal.addEventListener("abort", () => drawn.abort(), { once: true });

	function redraw(isNews) {
		const hadFocus = panel.contains(document.activeElement);
		drawn.abort();
		drawn = new AbortController();
		fill(panel, card({ ticket, event, isMine: ticket.email === me()?.email, signal: drawn.signal, show }));
		panel.dataset.status = ticket.status;
		const heading = panel.querySelector("h2");
		if (isNews) announce(heading.textContent);
		if (hadFocus) heading.focus();
	}

	function show(next) {
		const before = ticket;
		ticket = next;
		// The same again would throw away what somebody is typing.
		if (contentOf(next) !== contentOf(before)) redraw(next.status !== before.status);
		else if (next.position) panel.querySelector("#position").textContent = next.position;
		// What is over cannot change any more.
		return ["cancelled", "expired"].includes(next.status);
	}

	const whose = [["E-mail", ticket.email], ["Seats", String(ticket.party_size)]];
	const about = event && [facts(event, ...whose), p(link(`/events/${event.id}`, "About the event"))];
	box.append(el("div", { class: "two" }, panel, el("div", {}, about ?? [])));
	redraw(false);
	const reread = async () => ticket.status === "waitlisted" && show(await get(path, { signal }));
	follow(path, { signal, show, unchanged: reread })
		.catch((problem) => signal.aborted || box.append(problemBox(problem)));
}
