// When and where an event is, as a list of facts.

import { el, when, whenThere } from "../ui.js";

const fact = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];

export const facts = (event, ...more) => el("dl", {},
	fact("Begins", el("time", { datetime: event.starts_at }, whenThere(event.starts_at, event.time_zone))),
	fact("Ends", event.ends_at && when(event.ends_at)),
	fact("Place", event.location), more.map(([name, value]) => fact(name, value)));
