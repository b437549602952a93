// A rehearsal as a picture: people arrive, seats fill, the line grows; at the end, whether the promises held.

import { list } from "../parts/facts.js";
import { eventOf } from "../parts/names.js";
import { adminTabs } from "../parts/tabs.js";
import { announce, count, el, fill, get, keepOn, link, many, p, problemBox, small, svg, tag } from "../ui.js";

// So many dots stand for all.
const DOTS = 400;
const ACROSS = 40;

// How many are where. While it runs only the number of decisions is known. Everybody asks for one seat of an empty
// hall, so those who are decided first have the seats.
function tally({ accepted = 0, decided = 0, report }, event) {
	if (report) {
		const { reserved, waitlisted, refused, failed, turned_away, pending } = report;
		return { seat: reserved, line: waitlisted, no: refused + failed + turned_away, asked: pending };
	}
	const seat = Math.min(decided, event?.capacity ?? decided);
	const [line, no] = event?.waitlist_enabled ? [decided - seat, 0] : [0, decided - seat];
	return { seat, line, no, asked: accepted - decided };
}

function paint(dots, users, sums) {
	let [end, n] = [0, 0];
	for (const kind of ["seat", "line", "no", "asked"]) {
		end += sums[kind];
		// Whoever is there shows, be it one among thousands.
		const until = Math.max(Math.round((end / users) * dots.length), sums[kind] ? n + 1 : n);
		for (; n < Math.min(until, dots.length); n += 1) dots[n].setAttribute("class", kind);
	}
	for (; n < dots.length; n += 1) dots[n].removeAttribute("class");
}

function sentence(promise) {
	const text = promise.replaceAll("_", " ");
	return text[0].toUpperCase() + text.slice(1);
}

function findings({ report, users }) {
	const { duration_ms, settled_per_second, p50_ms, p99_ms, final_available, promises_held, checks } = report;
	const time = (value) => value !== undefined && `${count(value)} ms`;
	const rate = settled_per_second && `${count(settled_per_second)} a second`;
	const facts = [["Took", time(duration_ms)], ["Decided", rate], ["Half waited at most", time(p50_ms)],
		["99 of 100 waited at most", time(p99_ms)], ["Seats left", count(final_available)]];
	const check = ({ promise, held }) =>
		el("li", {}, tag(`held-${held}`, held ? "held" : "broken"), " ", sentence(promise));
	const title = promises_held ? `All promises held for ${many(users, "person", "people")}` : "A promise was broken";
	return el("section", { class: "card", id: "report", "data-held": String(promises_held) }, el("h2", {}, title),
		el("ul", {}, checks.map(check)),
		list(...facts));
}

function legend({ seat, line, no, asked }) {
	const kinds = [["taken", seat, "got a seat"], ["held", line, "on the waitlist"], ["l2", no, "refused"],
		["", asked, "in line"]];
	return kinds.map(([kind, number, word]) => el("li", { class: kind }, `${count(number)} ${word}`));
}

export async function draw({ box, params, signal, title }) {
	const read = (wait) => get(`/admin/simulations/${params.id}`, { signal, wait });
	const first = await read();
	const event = await eventOf(first.event_id).catch(() => null);
	const { users } = first;
	title(`${many(users, "person", "people")} want ${event ? many(event.capacity, "seat") : "seats"}`);
	const dots = Array.from({ length: Math.min(DOTS, users) }, (_, n) =>
		svg("circle", { cx: (n % ACROSS) * 10 + 5, cy: Math.floor(n / ACROSS) * 10 + 5, r: 3.5 }));
	const size = `0 0 ${ACROSS * 10} ${Math.ceil(dots.length / ACROSS) * 10}`;
	const picture = svg("svg", { class: "crowd", viewBox: size, "aria-hidden": "true" }, dots);
	const [told, result] = [el("ul", { class: "legend", id: "tally" }), el("div", { role: "status" })];

	function show(simulation) {
		const sums = tally(simulation, event);
		paint(dots, users, sums);
		fill(told, legend(sums));
		if (simulation.status === "running") return false;
		fill(result, simulation.report ? findings(simulation) : p("The process that ran it is gone: no report."));
		announce("The simulation is over.");
		return true;
	}

	const each = users > DOTS ? `about ${Math.round(users / DOTS)} people` : "one person";
	box.append(adminTabs("Simulation"), small(`${event?.name ?? ""}. Each dot stands for ${each}.`), picture, told,
		result, p(link("/admin/simulations", "Another one")));
	if (show(first)) return;
	keepOn(async () => show(await read(1)), signal)
		.catch((problem) => signal.aborted || fill(result, problemBox(problem)));
}
