// Who has a ticket, with a search, a filter, and the list as a file.

import { download } from "../parts/file.js";
import { eventTabs } from "../parts/tabs.js";
import {
	attempts, brief, button, field, filters, get, link, pager, row, state, tag, withQuery,
} from "../ui.js";

const STATES = ["waitlisted", "reserved", "confirmed", "checked_in", "cancelled", "expired"];
const HEADS = ["Name", "E-mail", "Seats", "State", "Since"];

function line(one) {
	const since = one.checked_in_at ?? one.cancelled_at ?? one.expired_at ?? one.confirmed_at ?? one.created_at;
	const name = link(`/tickets/${one.ticket_id}`, one.name);
	return row({ "data-ticket": one.ticket_id }, name, one.email, one.party_size, tag(one.status), brief(since));
}

export async function draw({ box, params, signal, title }) {
	const event = await get(`/events/${params.id}`, { signal });
	const path = `/events/${event.id}/attendees`;
	const { place, attempt } = attempts(signal);
	const states = [["", "All"], ...STATES.map((name) => [name, state(name)])];
	const search = field("Name or e-mail", "q", { type: "search", autocomplete: "off", maxlength: 100 });
	const status = field("State", "status", { options: states, value: "" });
	const narrow = filters([search, status], (query) => list.load(query));
	const save = () => download(withQuery(path, narrow.values()), "attendees.csv", { accept: "text/csv" });
	title(`Attendees of ${event.name}`, button("Download as CSV", { id: "csv" }, () => attempt(save)));
	const list = pager({ path, row: line, signal, heads: HEADS, caption: "Attendees, in the order of their tickets",
		none: ["Nobody, so far.", "Everybody who gets a ticket, or a place on the waitlist, is here."] });
	box.append(eventTabs(event.id, "Attendees"), narrow.element, place, list.element);
	await list.load({});
}
