// Forms: labels for all inputs, and what is wrong with an entry beside it.

import { busily, el } from "../dom.js";
import { Problem } from "../problems.js";
import { attempts } from "./notice.js";

let ids = 0;

// An input with its label. `options` makes it a list to choose from, `lines` a text with several lines.
export function field(label, name, { hint, options, lines, ...attributes } = {}) {
  ids += 1;
  const id = `f${ids}-${name}`;
  const all = { id, name, "data-field": name, "aria-describedby": `${id}-hint ${id}-wrong`, ...attributes };
  const input = options ? el("select", all, options.map(([value, text]) => el("option", { value, selected: value === attributes.value }, text)))
    : lines ? el("textarea", { rows: lines, ...all }) : el("input", { type: "text", ...all });
  const box = attributes.type === "checkbox";
  const words = el("label", { for: id }, label);
  return el("div", { class: box ? "field check" : "field" }, box ? [input, words] : [words, input],
    hint && el("p", { id: `${id}-hint`, class: "hint" }, hint), el("p", { id: `${id}-wrong`, class: "wrong" }));
}

function mark(form, errors) {
  for (const input of form.querySelectorAll("[data-field]")) {
    const error = errors.find(({ pointer }) => pointer === `/${input.name}` || pointer === `?${input.name}`);
    input.toggleAttribute("aria-invalid", Boolean(error));
    if (error) input.setAttribute("aria-invalid", "true");
    form.querySelector(`#${input.id}-wrong`).textContent = error ? `This ${error.detail}.`.replace(/\.\.$/, ".").replace(/^This is/, "This is") : "";
  }
  form.querySelector("[aria-invalid]")?.focus();
  return errors.filter(({ pointer }) => !form.querySelector(`[name="${pointer.replace(/^[/?]/, "")}"]`));
}

// A form that hands its entries, as text, to `work`, and shows the problem that comes of it.
export function form(id, fields, label, work, ...beside) {
  const { place, show } = attempts();
  const element = el("form", { id, class: "form", novalidate: true }, fields, place, el("p", { class: "actions" }, el("button", { class: "primary", "data-submit": id }, label), beside));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    busily(element, async () => {
      show(null);
      mark(element, []);
      try {
        await work(Object.fromEntries([...new FormData(element)].map(([name, value]) => [name, String(value)])), element);
      } catch (problem) {
        if (problem?.name === "AbortError") return;
        const rest = problem instanceof Problem ? mark(element, problem.errors) : [];
        show(problem instanceof Problem ? new Problem(problem.code, { ...problem, errors: rest }) : problem);
      }
    });
  });
  return element;
}

// Entries that narrow a list: `changed` gets them a moment after the last touch.
export function filters(fields, changed) {
  const element = el("form", { class: "row", role: "search", id: "filter" }, fields);
  const values = () => Object.fromEntries([...new FormData(element)].map(([name, value]) => [name, value.trim()]));
  let timer;
  element.addEventListener("submit", (event) => event.preventDefault());
  element.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(values()), 250);
  });
  return { element, values };
}
