// An organizer's events with how many seats are in which state.

import { count, el, many, pages, small } from "../ui.js";
import { bar } from "./seats.js";

// So many pages are looked through for one event.
const PAGES_MAX = 20;

// The counts of one event; null for another organizer's, whose counts only that organizer sees.
export async function countsOf(id, signal) {
	for await (const { data } of pages("/me/events", PAGES_MAX, signal)) {
		const found = data.find((event) => event.id === id);
		if (found) return found.counts;
	}
	return null;
}

export function seatCounts(counts) {
	const { capacity, available, held, confirmed, checked_in, waiting, waiting_seats, pending_intents: pending } = counts;
	const kinds = [["in", checked_in, "checked in"], ["taken", confirmed, "confirmed"], ["held", held, "held"]];
	const entries = [...kinds, ["free", available, "free"]];
	const parties = `${many(waiting, "party", "parties")} waiting for ${many(waiting_seats, "seat")}`;
	const line = [many(capacity, "seat"), waiting && parties, pending && `${many(pending, "request")} in line`];
	return el("div", {}, bar(kinds.map(([kind, part]) => ({ kind, part, of: capacity }))),
		el("ul", { class: "legend" },
			entries.map(([kind, part, word]) => el("li", { class: kind, "data-count": kind }, `${count(part)} ${word}`))),
		small(line.filter(Boolean).join(" · ")));
}
