// The organizer's events.

import { seatCounts } from "../parts/counts.js";
import { el, empty, pager, state, when } from "../ui.js";

const card = (event) => el("li", { class: "card", "data-event": event.id }, el("h2", {}, el("a", { href: `#/organize/${event.id}` }, event.name)),
  el("p", { class: "small" }, el("span", { class: `tag ${event.status}` }, state(event.status)), " ", when(event.starts_at)), seatCounts(event.counts));

const make = () => el("a", { class: "button primary", id: "new-event", href: "#/organize/new" }, "New event");

export async function draw({ box, signal, title }) {
  title("Your events", make());
  const list = pager({ path: "/me/events", row: card, signal, body: "ul",
    frame: (items) => { items.className = "cards"; items.id = "own-events"; return items; },
    none: () => empty("You have no events yet.", el("p", {}, "Make one: it stays a draft that only you see until you publish it.")) });
  box.append(list.element);
  await list.load();
}
