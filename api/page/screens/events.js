// The events that one can go to, with a search.

import { seats } from "../parts/seats.js";
import { announce, button, el, empty, fill, get, many, attempts, whenThere, withQuery } from "../ui.js";

// A search looks through so many pages by itself.
const PAGES_MAX = 10;

const card = (event) => el("li", { class: "card", "data-event": event.id },
  el("h2", {}, el("a", { href: `#/events/${event.id}` }, event.name)),
  el("p", { class: "small" }, el("time", { datetime: event.starts_at }, whenThere(event.starts_at, event.time_zone))),
  event.location && el("p", { class: "small" }, event.location), seats(event));

const matches = (event, words) => words.every((word) => `${event.name} ${event.location} ${event.description}`.toLowerCase().includes(word));

export async function draw({ box, signal, title }) {
  title("Events");
  const state = { events: [], cursor: undefined, words: [] };
  const list = el("ul", { class: "cards", id: "events" });
  const told = el("p", { class: "small muted", id: "events-told" });
  const more = el("div", {});
  const { place, attempt } = attempts(signal);
  const input = el("input", { type: "search", id: "search", autocomplete: "off", placeholder: "Name, place or description" });

  function redraw() {
    const found = state.events.filter((event) => matches(event, state.words));
    fill(list, found.map(card));
    const rest = state.cursor ? " so far" : "";
    fill(told, state.words.length ? `${many(found.length, "event")} found among ${state.events.length}${rest}` : "");
    if (state.words.length) announce(told.textContent);
    fill(more, state.cursor && button("Show more events", { id: "more-events" }, load),
      !found.length && !state.cursor && (state.words.length ? empty("No event has all these words. Try fewer, or another spelling.")
        : empty("No events yet.", el("p", {}, "Organizers make them under “Organize”; as soon as one is published it is here."))));
  }

  const load = () => attempt(async () => {
    const page = await get(withQuery("/events", { limit: 50, cursor: state.cursor }), { signal });
    state.events.push(...page.data);
    state.cursor = page.next_cursor;
    redraw();
  });

  input.addEventListener("input", async () => {
    state.words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    redraw();
    const words = state.words;
    for (let pages = 0; pages < PAGES_MAX && state.cursor && words.length && words === state.words; pages += 1) {
      if (!(await load())) return;
    }
  });

  fill(list, [1, 2, 3].map(() => el("li", { class: "card waiting", "aria-hidden": "true" })));
  box.append(el("div", { class: "field" }, el("label", { for: "search" }, "Search events"), input), told, place, list, more);
  load();
}
