// One event of the organizer: its seats live, publishing, cancelling, and more or fewer seats.

import { countsOf, seatCounts } from "../parts/counts.js";
import { ask } from "../parts/dialog.js";
import { facts } from "../parts/facts.js";
import { seats } from "../parts/seats.js";
import { eventTabs } from "../parts/tabs.js";
import { announce, button, el, every, field, fill, form, many, patch, post, attempts, send, state } from "../ui.js";

// Seconds between looks at the counts.
const LOOK = 4;

function capacityForm(event, tag, done) {
  return form("capacity-form", [field("Seats", "capacity", { type: "number", min: 1, value: event.capacity, inputmode: "numeric" })], "See what that does", async ({ capacity }) => {
    const [path, body, options] = [`/events/${event.id}`, { capacity: Number(capacity) || capacity }, { headers: { "if-match": tag() } }];
    const { effect } = await patch(`${path}?dry_run=true`, body, options);
    const offers = effect?.offers ? `${many(effect.offers, "offer")} will go out to people on the waitlist.` : "No offers will go out.";
    if (await ask(`From ${event.capacity} to ${many(Number(capacity), "seat")}?`, offers, "Yes, change it")) done(await patch(path, body, options), "The number of seats was changed.");
  });
}

async function cancel(event, done) {
  const { effect } = await post(`/events/${event.id}/cancel?dry_run=true`);
  const lines = [`${many(effect?.tickets_cancelled ?? 0, "ticket")} will be cancelled and ${many(effect?.registrations_refused ?? 0, "request")} in line refused.`, "This cannot be taken back."];
  if (await ask("Cancel the event?", lines, "Yes, cancel the event")) done(await post(`/events/${event.id}/cancel`), "The event was cancelled.");
}

export async function draw({ box, params, signal, title }) {
  const read = async () => {
    const response = await send("GET", `/events/${params.id}`, { signal });
    return [await response.json(), response.headers.get("etag"), await countsOf(params.id, signal)];
  };
  let [event, tag, counts] = await read();
  const status = el("span", {});
  title(event.name, status);
  const { place, attempt } = attempts(signal);
  const [numbers, actions, capacity, about] = ["section", "p", "section", "div"].map((name) => el(name, {}));
  numbers.className = capacity.className = "card";
  actions.className = "actions";

  const done = async (_, text) => { announce(text); [event, tag, counts] = await read(); redraw(); };

  function redrawNumbers() {
    fill(numbers, el("h2", {}, "Seats now"), counts ? seatCounts(counts) : seats(event));
  }
  function redraw() {
    redrawNumbers();
    fill(status, el("span", { class: `tag ${event.status}`, id: "status" }, state(event.status)));
    const isOver = event.status === "cancelled";
    fill(actions, event.status === "draft" && button("Publish", { class: "primary", id: "publish" }, () => attempt(async () => done(await post(`/events/${event.id}/publish`), "The event is published."))),
      event.status === "published" && el("a", { class: "button", href: `#/events/${event.id}` }, "As others see it"),
      !isOver && button("Cancel the event", { class: "danger", id: "cancel-event" }, () => attempt(() => cancel(event, done))));
    capacity.hidden = isOver;
    fill(capacity, el("h2", {}, "More or fewer seats"), capacityForm(event, () => tag, done));
    fill(about, facts(event), event.description && el("p", { class: "pre" }, event.description));
  }
  box.append(eventTabs(event.id, "Overview"), place, el("div", { class: "two" }, el("div", {}, numbers, about, actions), capacity));
  redraw();
  every(LOOK, async () => {
    counts = await countsOf(params.id, signal);
    redrawNumbers();
  }, signal).catch(() => { /* It stays as it was last seen. */ });
}
