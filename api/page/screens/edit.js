// Making an event, and changing one. (Its capacity is changed on its overview, where one sees first what that does.)

import { eventTabs } from "../parts/tabs.js";
import { replace } from "../router.js";
import { el, field, form, fromWallTime, patch, post, send, wallTime } from "../ui.js";

const TIMES = ["starts_at", "ends_at", "registration_opens_at", "registration_closes_at"];
const NUMBERS = ["capacity", "hold_seconds", "offer_seconds", "max_party_size"];
const DEFAULTS = { hold_seconds: 300, offer_seconds: 43200, max_party_size: 1, waitlist_enabled: true };

function fieldsOf(event, isNew) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = event.time_zone ?? here;
  const time = (label, name, hint) => field(label, name, { type: "datetime-local", value: event[name] ? wallTime(event[name], zone) : "", hint });
  const number = (label, name, hint) => field(label, name, { type: "number", min: 1, inputmode: "numeric", value: event[name] ?? "", hint });
  const zones = el("datalist", { id: "zones" }, (Intl.supportedValuesOf?.("timeZone") ?? [here]).map((value) => el("option", { value })));
  return [field("Name", "name", { value: event.name ?? "", maxlength: 200 }), field("Description", "description", { lines: 4, value: event.description ?? "", maxlength: 5000 }),
    field("Place", "location", { value: event.location ?? "", maxlength: 500 }), field("Time zone", "time_zone", { value: zone, list: "zones", hint: "All times below are meant in this zone." }), zones,
    el("div", { class: "row" }, time("Begins", "starts_at"), time("Ends", "ends_at", "May be left empty")),
    el("div", { class: "row" }, time("Registration opens", "registration_opens_at", "At once, if empty"), time("Registration closes", "registration_closes_at", "At the beginning, if empty")),
    el("div", { class: "row" }, isNew && number("Seats", "capacity"), number("Seats on one ticket at most", "max_party_size")),
    el("div", { class: "row" }, number("Seconds to confirm a held seat", "hold_seconds"), number("Seconds to accept an offer", "offer_seconds", "For people on the waitlist: 43,200 is half a day")),
    field("Keep a waitlist when all seats are taken", "waitlist_enabled", { type: "checkbox", checked: event.waitlist_enabled }),
    isNew && field("Publish at once", "publish", { type: "checkbox", hint: "Otherwise it is a draft that only you see." })];
}

// What the entries say, in the terms of the interface. A time that was emptied is null.
function valuesOf(entries) {
  const { publish, waitlist_enabled, ...values } = entries;
  for (const name of TIMES) {
    try {
      values[name] = values[name] ? fromWallTime(values[name], values.time_zone) : null;
    } catch {
      // The zone is none: the service says so.
      values[name] = `${values[name]}:00Z`;
    }
  }
  for (const name of NUMBERS.filter((name) => name in values)) values[name] = values[name] === "" ? null : Number(values[name]);
  return { ...values, waitlist_enabled: Boolean(waitlist_enabled), ...(publish && { status: "published" }) };
}

const without = (values, leave) => Object.fromEntries(Object.entries(values).filter(([name, value]) => !leave(name, value)));
const isSame = (before, after) => (before ?? null) === after || (typeof after === "string" && Date.parse(before) === Date.parse(after));

export async function draw({ box, params, signal, title }) {
  if (!params.id) {
    title("New event");
    return box.append(form("event-form", fieldsOf(DEFAULTS, true), "Make the event", async (entries) => {
      const { id } = await post("/events", without(valuesOf(entries), (_, value) => value === null || value === ""));
      replace(`/organize/${id}`);
    }));
  }
  const response = await send("GET", `/events/${params.id}`, { signal });
  const [event, tag] = [await response.json(), response.headers.get("etag")];
  title(`Edit ${event.name}`);
  box.append(eventTabs(event.id, "Edit"), form("event-form", fieldsOf(event, false), "Save", async (entries) => {
    const changes = without(valuesOf(entries), (name, value) => isSame(event[name], value));
    if (Object.keys(changes).length) await patch(`/events/${event.id}`, changes, { headers: { "if-match": tag } });
    replace(`/organize/${event.id}`);
  }));
}
