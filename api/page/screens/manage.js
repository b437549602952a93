// One event of the organizer: its seats live, publishing, cancelling, and more or fewer seats.

import { countsOf, seatCounts } from "../parts/counts.js";
import { ask } from "../parts/dialog.js";
import { facts } from "../parts/facts.js";
import { seats } from "../parts/seats.js";
import { eventTabs } from "../parts/tabs.js";
import {
	actions, announce, attempts, button, el, every, fill, form, linkButton, many, number, patch, post, send, tag,
} from "../ui.js";

// Seconds between looks.
const LOOK = 4;

function capacityForm(event, etag, done) {
	const path = `/events/${event.id}`;
	const options = { headers: { "if-match": etag } };
	const seats = number("Seats", "capacity", { value: event.capacity });
	return form("capacity-form", [seats], "See what that does", async (entries) => {
		const body = { capacity: Number(entries.capacity) };
		const { effect } = await patch(`${path}?dry_run=true`, body, options);
		const offers = effect?.offers ? many(effect.offers, "offer") : "No offers";
		const title = `From ${event.capacity} to ${many(body.capacity, "seat")}?`;
		if (!(await ask(title, `${offers} will go out to people on the waitlist.`, "Yes, change it"))) return;
		await patch(path, body, options);
		await done("The number of seats was changed.");
	});
}

async function cancel({ id }, done) {
	const { effect = {} } = await post(`/events/${id}/cancel?dry_run=true`);
	const tickets = many(effect.tickets_cancelled ?? 0, "ticket");
	const requests = many(effect.registrations_refused ?? 0, "request");
	const lines = [`${tickets} will be cancelled and ${requests} in line refused.`, "This cannot be taken back."];
	if (!(await ask("Cancel the event?", lines, "Yes, cancel the event"))) return;
	await post(`/events/${id}/cancel`);
	await done("The event was cancelled.");
}

async function publish({ id }, done) {
	await post(`/events/${id}/publish`);
	await done("The event is published.");
}

export async function draw({ box, params: { id }, signal, title }) {
	const read = async () => {
		const response = await send("GET", `/events/${id}`, { signal });
		return [await response.json(), response.headers.get("etag"), await countsOf(id, signal)];
	};
	let [event, etag, counts] = await read();
	const status = el("span", { id: "status" });
	title(event.name, status);
	const { place, attempt } = attempts(signal);
	const [numbers, capacity] = [el("section", { class: "card" }), el("section", { class: "card" })];
	const [about, buttons] = [el("div", {}), actions()];

	async function done(text) {
		announce(text);
		[event, etag, counts] = await read();
		redraw();
	}

	const redrawNumbers = () => fill(numbers, el("h2", {}, "Seats now"), counts ? seatCounts(counts) : seats(event));

	function redraw() {
		redrawNumbers();
		fill(status, tag(event.status));
		const doing = (label, attributes, work) => button(label, attributes, () => attempt(() => work(event, done)));
		capacity.hidden = event.status === "cancelled";
		fill(buttons, event.status === "draft" && doing("Publish", { class: "primary", id: "publish" }, publish),
			event.status === "published" && linkButton("public", `/events/${id}`, "As others see it"),
			!capacity.hidden && doing("Cancel the event", { class: "danger", id: "cancel-event" }, cancel));
		fill(capacity, el("h2", {}, "More or fewer seats"), capacityForm(event, etag, done));
		fill(about, facts(event), event.description && el("p", { class: "pre" }, event.description));
	}

	const left = el("div", {}, numbers, about, buttons);
	box.append(eventTabs(id, "Overview"), place, el("div", { class: "two" }, left, capacity));
	redraw();
	// When they cannot be read any more they stay as they were last seen.
	every(LOOK, async () => {
		counts = await countsOf(id, signal);
		redrawNumbers();
	}, signal).catch(() => {});
}
