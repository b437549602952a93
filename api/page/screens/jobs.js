// Registrations as the workers see them; those that failed can be retried or discarded.

import { ask } from "../parts/dialog.js";
import { eventLink } from "../parts/names.js";
import { adminTabs } from "../parts/tabs.js";
import { announce, brief, button, el, empty, field, filters, many, pager, post, attempts, row, state, table, withQuery } from "../ui.js";

export async function draw({ box, query, signal, title }) {
  const { place, attempt } = attempts(signal);
  const act = (label, id, attributes, work) => button(label, { class: "slight", ...attributes, "data-do": id }, () => attempt(work));
  const decide = (job, name) => async () => {
    if (name === "discard" && !(await ask("Discard this request?", `${job.name} is refused and may ask again.`, "Yes, discard it"))) return;
    line(await post(`/admin/jobs/${job.id}/${name}`), document.querySelector(`[data-job="${job.id}"]`));
    announce("Done.");
  };
  function line(job, old) {
    const fresh = row({ "data-job": job.id }, job.name, eventLink(job.event_id), el("span", { class: `tag ${job.state}` }, state(job.outcome ?? job.state)), job.attempt, brief(job.created_at), job.last_error ?? "",
      job.state === "failed" && [act("Retry", "retry", {}, decide(job, "retry")), " ", act("Discard", "discard", { class: "slight danger" }, decide(job, "discard"))]);
    old?.replaceWith(fresh);
    return fresh;
  }
  const narrow = filters([field("State", "state", { options: [["failed", "failed"], ["pending", "pending"], ["settled", "decided"], ["", "All"]], value: query.get("state") ?? "failed" }),
    field("Event (its id)", "event_id", { value: query.get("event_id") ?? "" })], (chosen) => list.load(chosen));
  title("Jobs", act("Retry all that failed here", "retry-all", {}, async () => {
    const { event_id } = narrow.values();
    if (!(await ask("Retry all?", event_id ? "All failed requests for this event are tried again." : "All failed requests, of all events, are tried again.", "Yes, retry them"))) return;
    const { retried } = await post(withQuery("/admin/jobs/retry", { state: "failed", event_id }));
    announce(`${many(retried, "request")} will be tried again.`);
    list.load();
  }));
  const list = pager({ path: "/admin/jobs", row: (job) => line(job), signal, frame: (body) => table("Jobs, newest first", ["Who", "Event", "State", "Attempts", "Asked", "Last error", "What to do"], body),
    none: () => empty("None.", el("p", {}, "A request that cannot be decided, again and again, ends up among the failed. Mend the cause, then retry it here.")) });
  box.append(adminTabs("Jobs"), narrow.element, place, list.element);
  await list.load(narrow.values());
}
