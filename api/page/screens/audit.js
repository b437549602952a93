// Who changed what, and when.

import { adminTabs } from "../parts/tabs.js";
import { brief, clockTime, el, field, filters, pager, row } from "../ui.js";

const KINDS = [["", "All"], ["account", "account"], ["event", "event"], ["ticket", "ticket"]];
const HEADS = ["When", "Action", "What", "State", "Who", "Details"];

const short = (id) => el("span", { class: "mono", title: id }, id.length > 13 ? `…${id.slice(-8)}` : id);

function line({ seq, at, action, entity, entity_id, from, to, actor_kind, actor, detail = {} }) {
	const more = Object.entries(detail).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
	return row({ "data-seq": seq }, el("time", { datetime: at, title: clockTime(at) }, brief(at)), action,
		[entity, " ", short(entity_id)], [from, to].filter(Boolean).join(" → "), [actor_kind, " ", short(actor)], more);
}

export async function draw({ box, query, signal, title }) {
	title("Audit");
	const text = (label, name) => field(label, name, { value: query.get(name) ?? "" });
	const time = (label, name) => field(label, name, { type: "datetime-local" });
	const fields = [field("What", "entity", { options: KINDS, value: "" }), text("Action", "action"),
		text("Its id", "entity_id"), text("Event's id", "event_id"), text("Actor", "actor"),
		time("From", "since"), time("Until", "until")];
	const narrow = filters(fields, (values) => load(values));
	const utc = (time) => time && new Date(time).toISOString();
	const load = (values) => list.load({ ...values, since: utc(values.since), until: utc(values.until) });
	const list = pager({ path: "/admin/audit", row: line, signal, caption: "Changes, newest first", heads: HEADS,
		none: ["Nothing that fits. Leave some fields empty."] });
	box.append(adminTabs("Audit"), narrow.element, list.element);
	await load(narrow.values());
}
