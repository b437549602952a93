// Registrations as the workers see them; those that failed can be retried or discarded.

import { ask } from "../parts/dialog.js";
import { eventLink } from "../parts/names.js";
import { adminTabs } from "../parts/tabs.js";
import {
	announce, attempts, brief, button, field, filters, many, pager, post, row, state, tag, withQuery,
} from "../ui.js";

const STATES = [["failed", "failed"], ["pending", "pending"], ["settled", "decided"], ["", "All"]];
const HEADS = ["Who", "Event", "State", "Attempts", "Asked", "Last error", "What to do"];

export async function draw({ box, query, signal, title }) {
	const { place, attempt } = attempts(signal);
	const doing = (label, name, work) => button(label, { class: "slight", "data-do": name }, () => attempt(work));

	function line(job) {
		async function decide(name) {
			const text = `${job.name} is refused and may ask again.`;
			if (name === "discard" && !(await ask("Discard this request?", text, "Yes, discard it"))) return;
			element.replaceWith(line(await post(`/admin/jobs/${job.id}/${name}`)));
			announce("Done.");
		}
		const acts = job.state === "failed" && [doing("Retry", "retry", () => decide("retry")), " ",
			doing("Discard", "discard", () => decide("discard"))];
		const element = row({ "data-job": job.id }, job.name, eventLink(job.event_id),
			tag(job.state, state(job.outcome ?? job.state)), job.attempt, brief(job.created_at), job.last_error ?? "", acts);
		return element;
	}

	async function retryAll() {
		const { event_id } = narrow.values();
		const which = event_id ? "of this event" : "of all events";
		if (!(await ask("Retry all?", `All failed requests ${which} are tried again.`, "Yes, retry them"))) return;
		const { retried } = await post(withQuery("/admin/jobs/retry", { state: "failed", event_id }));
		announce(`${many(retried, "request")} will be tried again.`);
		await list.load();
	}

	const narrow = filters([field("State", "state", { options: STATES, value: query.get("state") ?? "failed" }),
		field("Event (its id)", "event_id", { value: query.get("event_id") ?? "" })], (entries) => list.load(entries));
	title("Jobs", doing("Retry all that failed here", "retry-all", retryAll));
	const none = ["None.", "A request that cannot be decided, again and again, ends up among the failed. Mend the cause, "
		+ "then retry it here."];
	const list = pager({ path: "/admin/jobs", row: line, signal, caption: "Jobs, newest first", heads: HEADS, none });
	box.append(adminTabs("Jobs"), narrow.element, place, list.element);
	await list.load(narrow.values());
}
