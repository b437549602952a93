// Who has a ticket, with a search, a filter, and the list as a file.

import { download } from "../parts/file.js";
import { eventTabs } from "../parts/tabs.js";
import { brief, button, el, empty, field, filters, get, pager, attempts, row, state, table, withQuery } from "../ui.js";

const STATES = ["waitlisted", "reserved", "confirmed", "checked_in", "cancelled", "expired"];

const line = (one) => row({ "data-ticket": one.ticket_id }, el("a", { href: `#/tickets/${one.ticket_id}` }, one.name), one.email, one.party_size,
  el("span", { class: `tag ${one.status}` }, state(one.status)), brief(one.checked_in_at ?? one.cancelled_at ?? one.expired_at ?? one.confirmed_at ?? one.created_at));

export async function draw({ box, params, signal, title }) {
  const event = await get(`/events/${params.id}`, { signal });
  const path = `/events/${event.id}/attendees`;
  const { place, attempt } = attempts(signal);
  const states = [["", "All"], ...STATES.map((name) => [name, state(name)])];
  const narrow = filters([field("Name or e-mail", "q", { type: "search", autocomplete: "off", maxlength: 100 }),
    field("State", "status", { options: states, value: "" })], (query) => list.load(query));
  const save = () => download(withQuery(path, narrow.values()), "attendees.csv", { accept: "text/csv" });
  const csv = button("Download as CSV", { id: "csv" }, () => attempt(save));
  title(`Attendees of ${event.name}`, csv);
  const list = pager({ path, row: line, signal, frame: (body) => table("Attendees, in the order of their tickets", ["Name", "E-mail", "Seats", "State", "Since"], body),
    none: () => empty("Nobody, so far.", el("p", {}, "Everybody who gets a ticket, or a place on the waitlist, is here.")) });
  box.append(eventTabs(event.id, "Attendees"), narrow.element, place, list.element);
  await list.load({});
}
