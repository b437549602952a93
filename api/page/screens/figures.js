// What happened to an event: over time, and how many got how far.

import { chart } from "../parts/chart.js";
import { bar } from "../parts/seats.js";
import { eventTabs } from "../parts/tabs.js";
import { attempts, brief, count, el, field, fill, get, p, pages, roughly, withQuery } from "../ui.js";

// The seats over time are put together from the tickets, if there are not more pages of them.
const PAGES_MAX = 10;
const INTERVALS = [["", "what fits"], ["minute", "a minute"], ["hour", "an hour"], ["day", "a day"]];

// All tickets; null when there are too many.
async function ticketsOf(id, signal) {
	const all = [];
	for await (const { data, next_cursor } of pages(`/events/${id}/attendees`, PAGES_MAX, signal)) {
		all.push(...data);
		if (!next_cursor) return all;
	}
	return null;
}

// Seats of confirmed tickets after each change.
function seatsOverTime(tickets) {
	const confirmed = tickets.filter(({ confirmed_at }) => confirmed_at);
	const changes = confirmed.flatMap(({ confirmed_at, cancelled_at, party_size }) =>
		[[confirmed_at, party_size], ...(cancelled_at ? [[cancelled_at, -party_size]] : [])]);
	let seats = 0;
	return changes.sort(([a], [b]) => Date.parse(a) - Date.parse(b)).map(([at, change]) => {
		seats += change;
		return { at: Date.parse(at), values: [seats] };
	});
}

function funnel({ reserved, waitlisted, pending, failed, refused }, tickets) {
	const refusals = refused.map(({ code, count }) => [`Refused: ${code.replaceAll("_", " ")}`, count]);
	const asked = reserved + waitlisted + pending + failed + refusals.reduce((sum, [, times]) => sum + times, 0);
	const having = (name) => tickets?.filter((ticket) => ticket[name]).length;
	const steps = [["Asked", asked], ["Got a seat at once", reserved], ["Went to the waitlist", waitlisted],
		["Confirmed", having("confirmed_at")], ["Came", having("checked_in_at")],
		...refusals, ["In line", pending], ["Failed", failed]];
	return el("figure", { id: "funnel" }, el("figcaption", {}, el("h2", {}, "How far people got")),
		el("dl", {}, steps.filter(([, number]) => number !== undefined).map(([name, number]) => [el("dt", {}, name),
			el("dd", {}, count(number), bar([{ part: number, of: asked || 1, kind: "taken" }]))])));
}

function happened({ points, interval }) {
	const point = ({ at, registrations, confirmations, expiries }) =>
		({ at: Date.parse(at), values: [registrations, confirmations, expiries] });
	return chart({ title: `What happened, by the ${interval}`, names: ["Registrations", "Confirmations", "Expiries"],
		points: points.map(point), label: brief });
}

function summary({ confirmation_ratio: ratio, sold_out_after_seconds: time, has_earlier }) {
	const lines = [ratio !== undefined && `${Math.round(ratio * 100)} % of the tickets that had seats are confirmed.`,
		time !== undefined && `Sold out after ${roughly(time)}.`,
		has_earlier && "Earlier points are left out; a longer interval shows more."];
	return p(lines.filter(Boolean).join(" "));
}

export async function draw({ box, params: { id }, signal, title }) {
	const event = await get(`/events/${id}`, { signal });
	title(`Figures of ${event.name}`);
	const { place, attempt } = attempts(signal);
	const body = el("div", {});
	const interval = field("Each point stands for", "interval", { options: INTERVALS, value: "" });
	const load = () => attempt(async () => {
		const path = withQuery(`/events/${id}/analytics`, { interval: interval.querySelector("select").value });
		const [analytics, tickets] = await Promise.all([get(path, { signal }), ticketsOf(id, signal)]);
		const seats = tickets && { title: "Confirmed seats over time", names: ["Seats"], points: seatsOverTime(tickets) };
		fill(body, summary(analytics), happened(analytics), seats ? chart({ ...seats, label: brief, steps: true })
			: p("There are too many tickets to draw the seats over time: see the CSV."), funnel(analytics.outcomes, tickets));
	});
	interval.addEventListener("change", load);
	box.append(eventTabs(id, "Figures"), el("div", { class: "form" }, interval), place, body);
	await load();
}
