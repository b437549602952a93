// Who has a ticket, with a search, a filter, and the list as a file.

import { get, withQuery } from "../api.js";
import { button, el } from "../dom.js";
import { brief, state } from "../format.js";
import { download } from "../parts/file.js";
import { field } from "../parts/form.js";
import { empty, problemPlace } from "../parts/notice.js";
import { pager, row, table } from "../parts/pager.js";
import { eventTabs } from "../parts/tabs.js";

const STATES = ["waitlisted", "reserved", "confirmed", "checked_in", "cancelled", "expired"];

const line = (one) => row({ "data-ticket": one.ticket_id }, el("a", { href: `#/tickets/${one.ticket_id}` }, one.name), one.email, one.party_size,
  el("span", { class: `tag ${one.status}` }, state(one.status)), brief(one.checked_in_at ?? one.cancelled_at ?? one.expired_at ?? one.confirmed_at ?? one.created_at));

export async function draw({ box, params, signal, title }) {
  const event = await get(`/events/${params.id}`, { signal });
  const path = `/events/${event.id}/attendees`;
  const { place, show } = problemPlace();
  const filters = el("form", { class: "row", role: "search", id: "filter", onsubmit: (submit) => submit.preventDefault() }, field("Name or e-mail", "q", { type: "search", autocomplete: "off", maxlength: 100 }), field("State", "status", { options: [["", "All"], ...STATES.map((name) => [name, state(name)])], value: "" }));
  const query = () => Object.fromEntries(new FormData(filters));
  const csv = button("Download as CSV", { id: "csv" }, async () => {
    show(null);
    try {
      await download(withQuery(path, query()), "attendees.csv", { accept: "text/csv" });
    } catch (problem) {
      show(problem);
    }
  });
  title(`Attendees of ${event.name}`, csv);
  const list = pager({ path, row: line, signal, frame: (body) => table("Attendees, in the order of their tickets", ["Name", "E-mail", "Seats", "State", "Since"], body),
    none: () => empty("Nobody, so far.", el("p", {}, "Everybody who gets a ticket, or a place on the waitlist, is here.")) });
  let timer;
  // Not with each letter: a moment after the last one.
  filters.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => list.load(query()), 250); });
  box.append(eventTabs(event.id, "Attendees"), filters, place, list.element);
  await list.load({});
}
