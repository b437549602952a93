// Line charts: a picture, the same in a sentence, and the numbers in a table.

import { count, el, row, svg, table } from "../ui.js";

const [HEIGHT, LEFT, BELOW, ABOVE] = [200, 48, 22, 10];

// A table shows so many rows, the latest.
const ROWS = 60;

// The next round number.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return Math.max(1, [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value));
}

// A chart of points { at, values }, one line for each name. `steps` draws what stays as it is until it changes.
export function chart({ title, names, points, label, steps = false }) {
  const caption = el("figcaption", {}, el("h3", {}, title));
  if (!points.length) return el("figure", {}, caption, el("p", { class: "muted" }, "Nothing happened yet."));
  // As wide as there is room, so that its letters are as large as all others.
  const width = Math.max(300, document.getElementById("main").clientWidth);
  const [first, last] = [points[0].at, points.at(-1).at];
  const most = roundUp(Math.max(...points.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const x = (at) => LEFT + ((at - first) / (last - first || 1)) * (width - LEFT - 8);
  const y = (value) => HEIGHT - BELOW - (value / most) * (HEIGHT - BELOW - ABOVE);
  const path = (n) => {
    const known = points.filter(({ values }) => values[n] !== undefined);
    // A single point is a dot.
    return known.length === 1 ? `M${x(known[0].at)} ${y(known[0].values[n])}h.01` : known.map(({ at, values }, k) => `${k ? (steps ? `H${x(at).toFixed(1)}L` : "L") : "M"}${x(at).toFixed(1)} ${y(values[n]).toFixed(1)}`).join("");
  };
  const sentence = names.map((name, n) => {
    const values = points.map(({ values }) => values[n]).filter((value) => value !== undefined);
    return values.length ? `${name}: ${count(values.at(-1))} at last, ${count(Math.max(...values))} at most` : `${name}: unknown`;
  }).join("; ");
  const text = (attributes, words) => svg("text", attributes, words);
  return el("figure", {}, caption, svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "chart", role: "img", "aria-label": `${title}. ${sentence}.` },
    [0, 0.5, 1].map((part) => [svg("path", { class: "grid", d: `M${LEFT} ${y(part * most)}H${width - 8}` }), (part !== 0.5 || most > 1) && text({ x: LEFT - 6, y: y(part * most) + 4, "text-anchor": "end" }, count(part * most))]),
    text({ x: LEFT, y: HEIGHT - 5 }, label(first)), text({ x: width - 8, y: HEIGHT - 5, "text-anchor": "end" }, label(last)), names.map((_, n) => svg("path", { class: `line s${n}`, d: path(n) }))),
  el("ul", { class: "legend" }, names.map((name, n) => el("li", { class: `l${n}` }, name))), el("p", { class: "small muted" }, `${sentence}.`),
  el("details", {}, el("summary", {}, "The numbers"), table(title, ["When", ...names], el("tbody", {}, points.slice(-ROWS).map(({ at, values }) => row({}, label(at), ...values.map((value) => (value === undefined ? "–" : count(value)))))))));
}
