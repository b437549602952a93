// Who waits for a seat, in order.

import { eventTabs } from "../parts/tabs.js";
import { brief, get, link, pager, row } from "../ui.js";

const line = ({ ticket_id, position, name, email, party_size, created_at }) => row({ "data-ticket": ticket_id },
	position, link(`/tickets/${ticket_id}`, name), email, party_size, brief(created_at));

export async function draw({ box, params, signal, title }) {
	const event = await get(`/events/${params.id}`, { signal });
	title(`Waitlist of ${event.name}`);
	const none = ["Nobody waits.", event.waitlist_enabled
		? "When all seats are taken, people can wait here. A seat that comes free is offered to the first in line."
		: "This event keeps no waitlist. Switch it on under “Edit”."];
	const heads = ["Place", "Name", "E-mail", "Seats", "Since"];
	const list = pager({ path: `/events/${event.id}/waitlist`, signal, row: line,
		caption: "People who wait, in order", heads, none });
	box.append(eventTabs(event.id, "Waitlist"), list.element);
	await list.load();
}
