// Making an event, and changing one. (Its capacity is changed on its overview, where one sees first what that does.)

import { eventTabs } from "../parts/tabs.js";
import { replace } from "../router.js";
import { el, field, form, fromWallTime, number, patch, post, send, wallTime } from "../ui.js";

const TIMES = ["starts_at", "ends_at", "registration_opens_at", "registration_closes_at"];
const NUMBERS = ["capacity", "hold_seconds", "offer_seconds", "max_party_size"];
const DEFAULTS = { hold_seconds: 300, offer_seconds: 43200, max_party_size: 1, waitlist_enabled: true };

const inRow = (...fields) => el("div", { class: "row" }, fields);

function fieldsOf(event, isNew) {
	const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
	const zone = event.time_zone ?? here;
	const zones = Intl.supportedValuesOf?.("timeZone") ?? [here];
	const text = (label, name, more) => field(label, name, { value: event[name] ?? "", ...more });
	const count = (label, name, hint) => number(label, name, { value: event[name] ?? "", hint });
	const time = (label, name, hint) =>
		field(label, name, { type: "datetime-local", value: event[name] ? wallTime(event[name], zone) : "", hint });
	return [text("Name", "name", { maxlength: 200 }), text("Description", "description", { lines: 4, maxlength: 5000 }),
		text("Place", "location", { maxlength: 500 }),
		text("Time zone", "time_zone", { value: zone, list: "zones", hint: "All times below are meant in this zone." }),
		el("datalist", { id: "zones" }, zones.map((value) => el("option", { value }))),
		inRow(time("Begins", "starts_at"), time("Ends", "ends_at", "May be left empty")),
		inRow(time("Registration opens", "registration_opens_at", "At once, if empty"),
			time("Registration closes", "registration_closes_at", "At the beginning, if empty")),
		inRow(isNew && count("Seats", "capacity"), count("Seats on one ticket at most", "max_party_size")),
		inRow(count("Seconds to confirm a held seat", "hold_seconds"),
			count("Seconds to accept an offer", "offer_seconds", "43200 are half a day")),
		field("Keep a waitlist when all seats are taken", "waitlist_enabled",
			{ type: "checkbox", checked: event.waitlist_enabled }),
		isNew && field("Publish at once", "publish", { type: "checkbox", hint: "Otherwise only you see it." })];
}

function timeOf(wall, zone) {
	try {
		return wall ? fromWallTime(wall, zone) : null;
	} catch {
		// There is no such zone: the service says so.
		return `${wall}:00Z`;
	}
}

// What the entries say, in the terms of the interface. What was emptied is null.
function valuesOf({ publish, waitlist_enabled, ...values }) {
	for (const name of TIMES) values[name] = timeOf(values[name], values.time_zone);
	for (const name of NUMBERS) if (name in values) values[name] = values[name] === "" ? null : Number(values[name]);
	return { ...values, waitlist_enabled: Boolean(waitlist_enabled), ...(publish && { status: "published" }) };
}

const having = (values, isKept) =>
	Object.fromEntries(Object.entries(values).filter(([name, value]) => isKept(name, value)));
const isSame = (before, after) =>
	(before ?? null) === after || (typeof after === "string" && Date.parse(before) === Date.parse(after));

async function make(entries) {
	const { id } = await post("/events", having(valuesOf(entries), (_, value) => value !== null && value !== ""));
	replace(`/organize/${id}`);
}

export async function draw({ box, params, signal, title }) {
	if (!params.id) {
		title("New event");
		return box.append(form("event-form", fieldsOf(DEFAULTS, true), "Make the event", make));
	}
	const response = await send("GET", `/events/${params.id}`, { signal });
	const [event, tag] = [await response.json(), response.headers.get("etag")];
	title(`Edit ${event.name}`);
	box.append(eventTabs(event.id, "Edit"), form("event-form", fieldsOf(event, false), "Save", async (entries) => {
		const changes = having(valuesOf(entries), (name, value) => !isSame(event[name], value));
		if (Object.keys(changes).length) await patch(`/events/${event.id}`, changes, { headers: { "if-match": tag } });
		replace(`/organize/${event.id}`);
	}));
}
