// The visitor's tickets, and first what is still in line.

import { now } from "../clock.js";
import { eventLink, eventOf } from "../parts/names.js";
import { ticketLine } from "../parts/situation.js";
import { el, get, linkButton, p, pager, tag, when } from "../ui.js";

function ticketCard(ticket) {
	const { id, event_id, status, party_size } = ticket;
	const date = p();
	eventOf(event_id).then((event) => { date.textContent = when(event.starts_at); }, () => {});
	return el("li", { class: "card", "data-ticket": id, "data-status": status },
		el("h2", {}, eventLink(event_id, `/tickets/${id}`)), date,
		p(tag(status), " ", party_size > 1 && `${party_size} seats · `, ticketLine(ticket, now())));
}

const waitingCard = ({ id, event_id, status }) => el("li", { class: "card lead", "data-registration": id },
	el("h2", {}, eventLink(event_id, `/registrations/${id}`)), p(tag(status), " Your request is in line."));

export async function draw({ box, signal, title }) {
	title("My tickets");
	const { data } = await get("/registrations?limit=100", { signal });
	const waiting = data.filter(({ status }) => status === "pending" || status === "failed");
	if (waiting.length) box.append(el("ul", { class: "cards", id: "in-line" }, waiting.map(waitingCard)));
	const none = ["You have no tickets yet.",
		"Register for an event, and your ticket is here, with its code for the door.",
		linkButton("find", "/", "Find an event")];
	const list = pager({ path: "/tickets", row: ticketCard, signal, id: "tickets", none });
	box.append(list.element);
	await list.load();
}
