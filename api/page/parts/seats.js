// How many seats are taken, as a bar and in words.

import { count, el } from "../ui.js";

// A bar of parts, each { part, of, kind }. The words beside it say the same, so screen readers skip it.
export function bar(parts) {
	return el("div", { class: "bar", "aria-hidden": "true" }, parts.filter(({ part }) => part > 0)
		.map(({ part, of, kind }) => {
		const piece = el("span", { class: `part ${kind}` });
		piece.style.width = `${Math.min(100, (part / of) * 100)}%`;
		return piece;
	}));
}

// The seats of a public event.
export function seats({ capacity, available_spots }) {
	const text = available_spots > 0 ? `${count(available_spots)} of ${count(capacity)} seats free`
		: `All ${count(capacity)} seats taken or held`;
	return el("div", { class: "seats" }, bar([{ part: capacity - available_spots, of: capacity, kind: "taken" }]),
		el("span", { class: "small" }, text));
}
