// The engine room: what waits to be decided, how fast that goes, and who works on it, live.

import { now } from "../clock.js";
import { chart } from "../parts/chart.js";
import { adminTabs } from "../parts/tabs.js";
import {
	clockTime, count, el, empty, every, fill, get, link, p, problemBox, roughly, row, small, table,
} from "../ui.js";

// Seconds between looks, and how many of them the charts show: five minutes.
const LOOK = 2;
const LOOKS_MAX = 150;

const rate = (number) => (number === undefined ? "unknown" : `${count(Math.round(number))} a second`);
const duration = (seconds) => (seconds === undefined ? "unknown" : roughly(Math.max(1, seconds)));

const figure = (name, label, value, more) =>
	el("div", { class: "card", "data-figure": name }, small(label), el("p", { class: "big" }, value), more && p(more));

function figuresOf({ depth, oldest_claimable_age_seconds: age, drained_per_second, workers_seen, failed }) {
	return el("div", { class: "figures" }, figure("depth", "Waiting to be decided", count(depth)),
		figure("oldest", "The oldest has waited for", age === undefined ? "–" : `${age.toFixed(1)} s`),
		figure("rate", "Decided a second", drained_per_second === undefined ? "–" : count(Math.round(drained_per_second))),
		figure("workers", "Workers seen", count(workers_seen), workers_seen === 0 && "Start one: nothing is decided."),
		figure("failed", "Failed", count(failed), failed > 0 && link("/admin/jobs", "Look at them")));
}

const line = ({ event_id, name, depth, drained_per_second, estimate_seconds }) => row({ "data-event": event_id },
	name, count(depth), rate(drained_per_second), duration(estimate_seconds));

const eventsOf = ({ events }) => (events.length
	? table("Events with requests in line", ["Event", "Waiting", "Leaving", "Done in"], el("tbody", {}, events.map(line)))
	: empty("Nothing waits.", "Requests show here while they are in line. A simulation makes some."));

export async function draw({ box, signal, title }) {
	title("Engine room");
	const [body, pictures] = [el("div", {}), el("div", {})];
	const looks = [];
	box.append(adminTabs("Queue"), body, pictures);
	function picture(title, name, read) {
		const points = looks.map(({ at, queue }) => ({ at, values: [read(queue)] }));
		return chart({ title, names: [name], points, label: clockTime });
	}

	async function look() {
		const queue = await get("/admin/queue", { signal });
		looks.push({ at: now(), queue });
		if (looks.length > LOOKS_MAX) looks.shift();
		fill(body, figuresOf(queue), eventsOf(queue));
		// Somebody who reads the numbers below a chart is not disturbed.
		if (pictures.querySelector("details[open]")) return;
		fill(pictures, picture("Waiting", "Requests in line", ({ depth }) => depth),
			picture("Leaving", "Requests a second", ({ drained_per_second }) => drained_per_second));
	}
	await look();
	every(LOOK, look, signal).catch((problem) => signal.aborted || fill(body, problemBox(problem)));
}
