// Who changed what, and when.

import { el } from "../dom.js";
import { clockTime, brief } from "../format.js";
import { field } from "../parts/form.js";
import { empty } from "../parts/notice.js";
import { pager, row, table } from "../parts/pager.js";
import { adminTabs } from "../parts/tabs.js";

const short = (id) => el("span", { class: "mono", title: id }, id.length > 13 ? `…${id.slice(-8)}` : id);

const line = (entry) => row({ "data-seq": entry.seq }, el("time", { datetime: entry.at, title: clockTime(entry.at) }, brief(entry.at)), entry.action, [entry.entity, " ", short(entry.entity_id)],
  [entry.from, entry.to].filter(Boolean).join(" → "), [entry.actor_kind, " ", short(entry.actor)], entry.detail ? Object.entries(entry.detail).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ") : "");

export async function draw({ box, query, signal, title }) {
  title("Audit");
  const text = (label, name) => field(label, name, { value: query.get(name) ?? "" });
  const time = (label, name) => field(label, name, { type: "datetime-local" });
  const filters = el("form", { class: "row", id: "filter", onsubmit: (submit) => submit.preventDefault() },
    field("What", "entity", { options: [["", "All"], ["account", "account"], ["event", "event"], ["ticket", "ticket"]], value: "" }), text("Action", "action"), text("Its id", "entity_id"), text("Event's id", "event_id"), text("Actor", "actor"), time("From", "since"), time("Until", "until"));
  const list = pager({ path: "/admin/audit", row: line, signal, frame: (body) => table("Changes, newest first", ["When", "Action", "What", "State", "Who", "Details"], body), none: () => empty("Nothing that fits. Leave some fields empty.") });
  filters.addEventListener("change", () => list.load(Object.fromEntries([...new FormData(filters)].map(([name, value]) => [name, value && ["since", "until"].includes(name) ? new Date(value).toISOString() : value.trim()]))));
  box.append(adminTabs("Audit"), filters, list.element);
  filters.dispatchEvent(new Event("change"));
}
