// Tells people what went wrong, and what to do next.

import { el } from "../dom.js";
import { Problem } from "../problems.js";

// A box with the sentence of a problem; other errors are ours.
export function problemBox(problem) {
  if (!(problem instanceof Problem)) console.error(problem);
  const text = problem instanceof Problem ? problem.sentence : "This page made a mistake. Reload it; nothing is lost.";
  const errors = (problem.errors ?? []).map(({ pointer, detail }) => el("li", {}, `${pointer.replace(/^[/?]/, "").replaceAll("_", " ")}: ${detail}`));
  return el("div", { class: "problem", role: "alert", "data-problem": problem.code ?? "error" }, el("p", {}, text), errors.length > 0 && el("ul", {}, errors));
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

// What an empty list says: what will be here, and how it comes to be.
export const empty = (text, ...more) => el("div", { class: "empty", "data-empty": true }, el("p", {}, text), more);
