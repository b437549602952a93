// Events by id, each asked for once: lists of tickets and jobs name them by id only.

import { el, get } from "../ui.js";

const known = new Map();

export function eventOf(id) {
	if (!known.has(id)) {
		const asked = get(`/events/${id}`);
		known.set(id, asked);
		// What failed is asked for again the next time.
		asked.catch(() => known.delete(id));
	}
	return known.get(id);
}

// A link that gets its text when the name is known.
export function eventLink(id, path = `/events/${id}`) {
	const link = el("a", { href: `#${path}` }, "…");
	eventOf(id).then((event) => { link.textContent = event.name; },
		() => { link.textContent = "An event that is not public"; });
	return link;
}
