// The events that one can go to, with a search.

import { seats } from "../parts/seats.js";
import {
	announce, attempts, button, el, empty, fill, get, link, many, p, tell, whenThere, withQuery,
} from "../ui.js";

// A search looks through so many pages by itself.
const PAGES_MAX = 10;

const card = (event) => el("li", { class: "card", "data-event": event.id },
	el("h2", {}, link(`/events/${event.id}`, event.name)),
	p(el("time", { datetime: event.starts_at }, whenThere(event.starts_at, event.time_zone))),
	event.location && p(event.location), seats(event));

const hasAll = ({ name, location, description }, words) =>
	words.every((word) => `${name} ${location} ${description}`.toLowerCase().includes(word));

const noneFound = () => empty("No event has all these words. Try fewer, or another spelling.");
const noneYet = () =>
	empty("No events yet.", "Organizers make them under “Organize”; as soon as one is published it is here.");

export async function draw({ box, signal, title }) {
	title("Events");
	let [events, cursor, words] = [[], undefined, []];
	const list = el("ul", { class: "cards", id: "events" });
	const told = el("p", { class: "small muted", id: "events-told" });
	const more = el("div", {});
	const { place, attempt } = attempts(signal);
	const input = el("input", { type: "search", id: "search", autocomplete: "off" });

	function redraw() {
		const found = events.filter((event) => hasAll(event, words));
		fill(list, found.map(card));
		const among = `${many(found.length, "event")} found among ${events.length}${cursor ? " so far" : ""}`;
		tell(told, words.length ? among : "");
		if (words.length) announce(among);
		const next = () => button("Show more events", { id: "more-events" }, load);
		fill(more, cursor ? next() : !found.length && (words.length ? noneFound() : noneYet()));
	}

	const load = () => attempt(async () => {
		const page = await get(withQuery("/events", { limit: 50, cursor }), { signal });
		events = [...events, ...page.data];
		cursor = page.next_cursor;
		redraw();
	});

	input.addEventListener("input", async () => {
		const mine = input.value.toLowerCase().split(/\s+/).filter(Boolean);
		words = mine;
		redraw();
		for (let pages = 0; pages < PAGES_MAX && cursor && mine.length && mine === words; pages += 1) {
			if (!(await load())) return;
		}
	});

	fill(list, [1, 2, 3].map(() => el("li", { class: "card waiting", "aria-hidden": "true" })));
	const label = el("label", { for: "search" }, "Search by name, place or description");
	const search = el("div", { class: "field" }, label, input);
	box.append(search, told, place, list, more);
	// Not awaited: the search is there, and cards show where events will be.
	load();
}
