// Who changed what, and when.

import { adminTabs } from "../parts/tabs.js";
import { brief, clockTime, el, empty, field, filters, pager, row, table } from "../ui.js";

const short = (id) => el("span", { class: "mono", title: id }, id.length > 13 ? `…${id.slice(-8)}` : id);

const line = (entry) => row({ "data-seq": entry.seq }, el("time", { datetime: entry.at, title: clockTime(entry.at) }, brief(entry.at)), entry.action, [entry.entity, " ", short(entry.entity_id)],
  [entry.from, entry.to].filter(Boolean).join(" → "), [entry.actor_kind, " ", short(entry.actor)], entry.detail ? Object.entries(entry.detail).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ") : "");

export async function draw({ box, query, signal, title }) {
  title("Audit");
  const text = (label, name) => field(label, name, { value: query.get(name) ?? "" });
  const time = (label, name) => field(label, name, { type: "datetime-local" });
  const narrow = filters([field("What", "entity", { options: [["", "All"], ["account", "account"], ["event", "event"], ["ticket", "ticket"]], value: "" }), text("Action", "action"), text("Its id", "entity_id"), text("Event's id", "event_id"), text("Actor", "actor"), time("From", "since"), time("Until", "until")], (values) => load(values));
  const utc = (time) => time && new Date(time).toISOString();
  const load = (values) => list.load({ ...values, since: utc(values.since), until: utc(values.until) });
  const list = pager({ path: "/admin/audit", row: line, signal, frame: (body) => table("Changes, newest first", ["When", "Action", "What", "State", "Who", "Details"], body), none: () => empty("Nothing that fits. Leave some fields empty.") });
  box.append(adminTabs("Audit"), narrow.element, list.element);
  await load(narrow.values());
}
