// Lists of facts, such as when and where an event is.

import { el, when, whenThere } from "../ui.js";

// Names and values; those without a value are left out.
export const list = (...pairs) => el("dl", {}, pairs.filter(([, value]) => value).map(([name, value]) =>
	[el("dt", {}, name), el("dd", {}, value)]));

export const facts = (event, ...more) =>
	list(["Begins", el("time", { datetime: event.starts_at }, whenThere(event.starts_at, event.time_zone))],
		["Ends", event.ends_at && when(event.ends_at)], ["Place", event.location], ...more);
