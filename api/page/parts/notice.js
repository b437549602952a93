// Tells people what went wrong, what is empty, and which state something is in.

import { el, p } from "../dom.js";
import { state } from "../format.js";
import { Problem } from "../problems.js";

const nameOf = (pointer) => pointer.slice(1).replaceAll("_", " ");

// A box with the sentence of a problem; other errors are ours.
export function problemBox(problem) {
	const isOurs = !(problem instanceof Problem);
	if (isOurs) console.error(problem);
	const text = isOurs ? "This page made a mistake. Reload it; nothing is lost." : problem.sentence;
	const errors = (problem.errors ?? []).map(({ pointer, detail }) => el("li", {}, `${nameOf(pointer)}: ${detail}`));
	return el("div", { class: "problem", role: "alert", "data-problem": problem.code }, p(text),
		errors.length > 0 && el("ul", {}, errors));
}

// A place for the problems of what is tried: `attempt(work)` shows there what goes wrong, and says whether nothing did.
export function attempts(signal) {
	const place = el("div", {});
	const show = (problem) => place.replaceChildren(...(problem ? [problemBox(problem)] : []));
	async function attempt(work) {
		show(null);
		try {
			await work();
			return true;
		} catch (problem) {
			if (!signal?.aborted) show(problem);
			return false;
		}
	}
	return { place, show, attempt };
}

// What an empty list says: that it is, and how something comes to be there.
export const empty = (...lines) => el("div", { class: "empty" }, lines.map((line) => p(line)));

// A state as a small label.
export const tag = (name, text = state(name)) => el("span", { class: `tag ${name}` }, text);
