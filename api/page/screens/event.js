// One event: what it is, how many seats are free, and what one can do about it now.

import { countDown, now } from "../clock.js";
import * as kept from "../kept.js";
import { facts } from "../parts/facts.js";
import { seats } from "../parts/seats.js";
import { explain, situation, ticketLine } from "../parts/situation.js";
import { go } from "../router.js";
import { isGateway, mayAs, me, ready } from "../session.js";
import {
	actions, announce, el, every, field, fill, form, get, linkButton, number, p, send, tell,
} from "../ui.js";

const ACTIVE = ["waitlisted", "reserved", "confirmed", "checked_in"];

// Seconds between looks.
const LOOK = 4;

async function ownTicket(event, signal) {
	if (!me()) return null;
	const { data } = await get("/tickets?limit=100", { signal });
	return data.find((ticket) => ticket.event_id === event && ACTIVE.includes(ticket.status)) ?? null;
}

function strangersWay(event) {
	if (isGateway) return p("The gateway in front of this service signs people in. Sign in there to register.");
	const next = encodeURIComponent(`/events/${event.id}`);
	return actions(linkButton("register", `/log-in?next=${next}`, "Log in to register", "primary"));
}

function ask(event, label) {
	if (!me()) return strangersWay(event);
	const name = field("Name on the ticket", "name", { value: me().name ?? "", maxlength: 200, autocomplete: "name" });
	const most = event.max_party_size;
	const seats = most > 1 && number("Seats", "party_size", { max: most, value: 1, hint: `Up to ${most} on one ticket` });
	return form("register-form", [name, seats], label, async ({ name, party_size }) => {
		const body = { ...(name && { name }), ...(party_size && { party_size: Number(party_size) }) };
		kept.write(event.id, { key: kept.newKey(), body });
		go(`/events/${event.id}/register`);
	});
}

// What to do now, with a ticket, with a registration under way, or with nothing yet: a word for it, a heading, a text,
// and the way there.
function call(event, ticket) {
	const way = (...to) => () => actions(linkButton(...to, "primary"));
	if (ticket) {
		const label = ticket.status === "reserved" ? "Confirm or give back" : "Show my ticket";
		return [ticket.status, ticketLine(ticket, now()), "", way("to-ticket", `/tickets/${ticket.id}`, label)];
	}
	if (me() && kept.read(event.id)) {
		return ["asked", "You have asked for a seat", "It keeps its place in line until it is decided.",
			way("continue", `/events/${event.id}/register`, "See how far it is")];
	}
	const word = situation(event, now());
	const [title, text, label] = explain(word, event, now());
	return [word, title, text, () => label && ask(event, label)];
}

export async function draw({ box, params: { id }, signal, title }) {
	await ready;
	const [response, mine] = await Promise.all([send("GET", `/events/${id}`, { signal }), ownTicket(id, signal)]);
	let [event, tag, ticket, word] = [await response.json(), response.headers.get("etag"), mine, null];
	title(event.name, mayAs("admin") && linkButton("manage", `/organize/${id}`, "Manage", "slight"));
	const panel = el("section", { class: "card lead", "aria-labelledby": "call" });
	const [bar, heading, text] = [el("div", { id: "seats" }), el("h2", { id: "call" }), el("p", {})];

	function redraw() {
		fill(bar, seats(event));
		const [next, title, more, way] = call(event, ticket);
		tell(heading, title);
		tell(text, more);
		// The focus, and an entry that somebody is typing, are not thrown away for nothing.
		if (next === word) return;
		fill(panel, heading, text, way());
		panel.dataset.situation = next;
		if (word) announce(heading.textContent);
		word = next;
		if (next === "reserved") countDown(ticket.expires_at, signal, redraw);
	}

	async function look() {
		const fresh = await send("GET", `/events/${id}`, { signal, headers: { "if-none-match": tag } });
		if (fresh.status === 200) [event, tag] = [await fresh.json(), fresh.headers.get("etag")];
		if (["reserved", "waitlisted"].includes(ticket?.status)) ticket = await get(`/tickets/${ticket.id}`, { signal });
		if (!ACTIVE.includes(ticket?.status)) ticket = null;
		redraw();
	}

	const about = el("div", {}, facts(event), event.description && el("p", { class: "pre" }, event.description));
	box.append(el("div", { class: "two" }, about, el("div", {}, bar, panel)));
	redraw();
	// When it cannot be read any more it stays as it was last seen.
	every(LOOK, look, signal).catch(() => {});
}
