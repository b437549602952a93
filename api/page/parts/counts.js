// An organizer's events with how many seats are in which state.

import { count, el, get, many, small, withQuery } from "../ui.js";
import { bar } from "./seats.js";

// So many pages are looked through for one event.
const PAGES_MAX = 20;

// The counts of one event; null for another organizer's, whose counts only that organizer sees.
export async function countsOf(id, signal) {
  let cursor;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await get(withQuery("/me/events", { limit: 100, cursor }), { signal });
    const found = page.data.find((event) => event.id === id);
    if (found || !page.next_cursor) return found?.counts ?? null;
    cursor = page.next_cursor;
  }
  return null;
}

export function seatCounts({ capacity, available, held, confirmed, checked_in, waiting, waiting_seats, pending_intents }) {
  const kinds = [["in", checked_in, "checked in"], ["taken", confirmed, "confirmed"], ["held", held, "held"]];
  const entries = [...kinds, ["free", available, "free"]];
  const line = [many(capacity, "seat"), waiting && `${many(waiting, "party", "parties")} waiting for ${many(waiting_seats, "seat")}`,
    pending_intents && `${many(pending_intents, "request")} in line`];
  return el("div", {}, bar(kinds.map(([kind, part]) => ({ kind, part, of: capacity }))),
    el("ul", { class: "legend" },
      entries.map(([kind, part, word]) => el("li", { class: kind, "data-count": kind }, `${count(part)} ${word}`))),
    small(line.filter(Boolean).join(" · ")));
}
