// Line charts: a picture, the same in a sentence, and the numbers in a table.

import { count, el, p, row, small, svg, table } from "../ui.js";

const [HEIGHT, LEFT, RIGHT, BELOW, ABOVE] = [200, 48, 8, 22, 10];

// A table shows so many rows, the latest.
const ROWS = 60;

const isKnown = (value) => value !== undefined;

// The next round number.
function roundUp(value) {
	const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
	return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

// Where points are in the picture.
function scalesOf(points, width) {
	const [first, last] = [points[0].at, points.at(-1).at];
	const most = roundUp(Math.max(1, ...points.flatMap(({ values }) => values.filter(isKnown))));
	const x = (at) => LEFT + ((at - first) / (last - first || 1)) * (width - LEFT - RIGHT);
	const y = (value) => HEIGHT - BELOW - (value / most) * (HEIGHT - BELOW - ABOVE);
	return { most, x, y };
}

function outline(points, n, { x, y }, steps) {
	const known = points.filter(({ values }) => isKnown(values[n]));
	const places = known.map(({ at, values }) => [x(at).toFixed(1), y(values[n]).toFixed(1)]);
	// A single point is a dot.
	if (places.length === 1) return `M${places[0]}h.01`;
	return places.map(([x, y], k) => (k === 0 ? `M${x} ${y}` : steps ? `H${x}V${y}` : `L${x} ${y}`)).join("");
}

function sum(name, values) {
	if (!values.length) return `${name}: unknown`;
	return `${name}: ${count(values.at(-1))} at last, ${count(Math.max(...values))} at most`;
}

function picture(points, names, label, steps, words) {
	// As wide as there is room, so that its letters are as large as all others.
	const width = Math.max(300, document.getElementById("main").clientWidth);
	const scales = scalesOf(points, width);
	const { most, y } = scales;
	const text = (at, anchor, words) => svg("text", { ...at, "text-anchor": anchor }, words);
	const levels = most > 1 ? [0, most / 2, most] : [0, most];
	return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "chart", role: "img", "aria-label": words },
		levels.map((level) => [svg("path", { class: "grid", d: `M${LEFT} ${y(level)}H${width - RIGHT}` }),
			text({ x: LEFT - 6, y: y(level) + 4 }, "end", count(level))]),
		text({ x: LEFT, y: HEIGHT - 5 }, "start", label(points[0].at)),
		points.length > 1 && text({ x: width - RIGHT, y: HEIGHT - 5 }, "end", label(points.at(-1).at)),
		names.map((_, n) => svg("path", { class: `line s${n}`, d: outline(points, n, scales, steps) })));
}

// A chart of points { at, values }, one line for each name. `steps` draws what stays as it is until it changes.
export function chart({ title, names, points, label, steps = false }) {
	const caption = el("figcaption", {}, el("h2", {}, title));
	if (!points.length) return el("figure", {}, caption, p("Nothing happened yet."));
	const sums = names.map((name, n) => sum(name, points.map(({ values }) => values[n]).filter(isKnown))).join("; ");
	const cells = ({ at, values }) => row({}, label(at), ...values.map((value) => (isKnown(value) ? count(value) : "–")));
	const numbers = table(title, ["When", ...names], el("tbody", {}, points.slice(-ROWS).map(cells)));
	return el("figure", {}, caption, picture(points, names, label, steps, `${title}. ${sums}.`),
		el("ul", { class: "legend" }, names.map((name, n) => el("li", { class: `l${n}` }, name))), small(`${sums}.`),
		el("details", {}, el("summary", {}, "The numbers"), numbers));
}
