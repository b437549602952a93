// Forms: labels for all inputs, and what is wrong with an entry beside it.

import { actions, busily, el } from "../dom.js";
import { Problem } from "../problems.js";
import { attempts } from "./notice.js";

let ids = 0;

function inputOf(attributes, options, lines) {
	if (lines) return el("textarea", { rows: lines, ...attributes });
	if (!options) return el("input", { type: "text", ...attributes });
	const choices = options.map(([value, text]) => el("option", { value, selected: value === attributes.value }, text));
	return el("select", attributes, choices);
}

// An input with its label. `options` makes it a list to choose from, `lines` a text with several lines.
export function field(label, name, { hint, options, lines, ...attributes } = {}) {
	ids += 1;
	const id = `f${ids}-${name}`;
	const described = `${id}-hint ${id}-wrong`;
	const input = inputOf({ id, name, "data-field": name, "aria-describedby": described, ...attributes }, options, lines);
	const isBox = attributes.type === "checkbox";
	const both = [el("label", { for: id }, label), input];
	return el("div", { class: isBox ? "field check" : "field" }, isBox ? both.reverse() : both,
		hint && el("p", { id: `${id}-hint`, class: "hint" }, hint), el("p", { id: `${id}-wrong`, class: "wrong" }));
}

export const number = (label, name, attributes) =>
	field(label, name, { type: "number", min: 1, inputmode: "numeric", ...attributes });

// Marks the entries that are wrong and returns the errors that belong to none.
function mark(form, errors) {
	const rest = new Set(errors);
	for (const input of form.querySelectorAll("[data-field]")) {
		const error = errors.find(({ pointer }) => pointer.slice(1) === input.name);
		rest.delete(error);
		if (error) input.setAttribute("aria-invalid", "true");
		else input.removeAttribute("aria-invalid");
		form.querySelector(`#${input.id}-wrong`).textContent = error ? `This ${error.detail.replace(/\.$/, "")}.` : "";
	}
	form.querySelector("[aria-invalid]")?.focus();
	return [...rest];
}

const entriesOf = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));

// A form that hands its entries, as text, to `work`, and shows the problem that comes of it.
export function form(id, fields, label, work, ...beside) {
	const { place, show } = attempts();
	const submit = el("button", { class: "primary", "data-submit": id }, label);
	const element = el("form", { id, class: "form", novalidate: true }, fields, place, actions(submit, beside));

	async function send() {
		show(null);
		mark(element, []);
		try {
			// A password counts as it was typed.
			const passwords = [...element.querySelectorAll("[type=password]")].map(({ name, value }) => [name, value]);
			await work({ ...entriesOf(element), ...Object.fromEntries(passwords) }, element);
		} catch (problem) {
			if (problem?.name === "AbortError") return;
			const isProblem = problem instanceof Problem;
			show(isProblem ? new Problem(problem.code, { ...problem, errors: mark(element, problem.errors) }) : problem);
		}
	}

	element.addEventListener("submit", (event) => {
		event.preventDefault();
		busily(element, send);
	});
	return element;
}

// Entries that narrow a list: `changed` gets them a moment after the last touch.
export function filters(fields, changed) {
	const element = el("form", { class: "row", role: "search", id: "filter" }, fields);
	let timer;
	element.addEventListener("submit", (event) => event.preventDefault());
	element.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => changed(entriesOf(element)), 250);
	});
	return { element, values: () => entriesOf(element) };
}
