// The visitor's tickets, what needs them first, and what is still in line.

import { now } from "../clock.js";
import { eventLink, eventOf } from "../parts/names.js";
import { ticketLine } from "../parts/situation.js";
import { el, empty, get, pager, state, when } from "../ui.js";

const tag = (status) => el("span", { class: `tag ${status}` }, state(status));

function ticketRow(ticket) {
  const date = el("p", { class: "small" });
  eventOf(ticket.event_id).then((event) => { date.textContent = when(event.starts_at); }, () => {});
  return el("li", { class: "card", "data-ticket": ticket.id, "data-status": ticket.status },
    el("h2", {}, eventLink(ticket.event_id, `/tickets/${ticket.id}`)), date,
    el("p", { class: "small" }, tag(ticket.status), " ", ticket.party_size > 1 && `${ticket.party_size} seats · `, ticketLine(ticket, now())));
}

const pendingRow = (registration) => el("li", { class: "card lead", "data-registration": registration.id },
  el("h2", {}, eventLink(registration.event_id, `/registrations/${registration.id}`)), el("p", {}, tag(registration.status), " Your request is in line."));

export async function draw({ box, signal, title }) {
  title("My tickets");
  const { data } = await get("/registrations?limit=100", { signal });
  const waiting = data.filter(({ status }) => status === "pending" || status === "failed");
  if (waiting.length) box.append(el("ul", { class: "cards", id: "in-line" }, waiting.map(pendingRow)));
  const list = pager({ path: "/tickets", row: ticketRow, signal, body: "ul", limit: 50,
    frame: (items) => { items.className = "cards"; items.id = "tickets"; return items; },
    none: () => empty("You have no tickets yet.", el("p", {}, "Register for an event, and your ticket is here, with its code for the door."), el("a", { class: "button", href: "#/" }, "Find an event")) });
  box.append(list.element);
  await list.load();
}
