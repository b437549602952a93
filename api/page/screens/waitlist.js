// Who waits for a seat, in order.

import { eventTabs } from "../parts/tabs.js";
import { brief, el, empty, get, pager, row, table } from "../ui.js";

export async function draw({ box, params, signal, title }) {
  const event = await get(`/events/${params.id}`, { signal });
  title(`Waitlist of ${event.name}`);
  const list = pager({ path: `/events/${event.id}/waitlist`, signal,
    row: (one) => row({ "data-ticket": one.ticket_id }, one.position, el("a", { href: `#/tickets/${one.ticket_id}` }, one.name), one.email, one.party_size, brief(one.created_at)),
    frame: (body) => table("People who wait, in order", ["Place", "Name", "E-mail", "Seats", "Since"], body),
    none: () => empty("Nobody waits.", el("p", {}, event.waitlist_enabled ? "When all seats are taken, people can wait here. A seat that comes free is offered to the first in line by itself." : "This event keeps no waitlist. Switch it on under “Edit”.")) });
  box.append(eventTabs(event.id, "Waitlist"), list.element);
  await list.load();
}
