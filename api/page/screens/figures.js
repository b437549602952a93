// What happened to an event: over time, and how many got how far.

import { chart } from "../parts/chart.js";
import { bar } from "../parts/seats.js";
import { eventTabs } from "../parts/tabs.js";
import { brief, count, el, field, fill, get, attempts, roughly, withQuery } from "../ui.js";

// The seats over time are put together from the tickets, if there are not more pages of them.
const PAGES_MAX = 10;
const REASONS = { event_cancelled: "cancelled event", already_registered: "had a ticket", not_enough_seats: "party too large", sold_out: "sold out", discarded: "given up" };

async function tickets(id, signal) {
  const all = [];
  let cursor;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await get(withQuery(`/events/${id}/attendees`, { limit: 100, cursor }), { signal });
    all.push(...page.data);
    cursor = page.next_cursor;
    if (!cursor) return all;
  }
  return null;
}

// Seats of confirmed tickets after each change.
function seatsOverTime(all) {
  const changes = all.flatMap(({ confirmed_at, cancelled_at, party_size }) => (confirmed_at ? [[Date.parse(confirmed_at), party_size], ...(cancelled_at ? [[Date.parse(cancelled_at), -party_size]] : [])] : []));
  let seats = 0;
  return changes.sort(([a], [b]) => a - b).map(([at, change]) => { seats += change; return { at, values: [seats] }; });
}

function funnel({ outcomes }, all) {
  const refused = outcomes.refused.reduce((sum, { count }) => sum + count, 0);
  const asked = outcomes.reserved + outcomes.waitlisted + outcomes.pending + outcomes.failed + refused;
  const having = (name) => all?.filter((ticket) => ticket[name]).length;
  const why = outcomes.refused.map(({ code, count: times }) => `${count(times)} ${REASONS[code] ?? code}`).join(", ");
  const steps = [["Asked", asked], ["Got a seat at once", outcomes.reserved], ["Went to the waitlist", outcomes.waitlisted], ["Confirmed", having("confirmed_at")], ["Came", having("checked_in_at")], [`Refused${why && ` (${why})`}`, refused], ["In line", outcomes.pending], ["Failed", outcomes.failed]];
  return el("figure", { id: "funnel" }, el("figcaption", {}, el("h3", {}, "How far people got")), el("dl", {}, steps.filter(([name, number], n) => number !== undefined && (n < 5 || number)).map(([name, number]) =>
    [el("dt", {}, name), el("dd", {}, count(number), bar([{ part: number, of: asked || 1, kind: "taken" }]))])));
}

export async function draw({ box, params, signal, title }) {
  const event = await get(`/events/${params.id}`, { signal });
  title(`Figures of ${event.name}`);
  const { place, attempt } = attempts(signal);
  const body = el("div", {});
  const interval = field("Each point stands for", "interval", { options: [["", "what fits"], ["minute", "a minute"], ["hour", "an hour"], ["day", "a day"]], value: "" });
  const load = () => attempt(async () => {
      const [analytics, all] = await Promise.all([get(withQuery(`/events/${event.id}/analytics`, { interval: interval.querySelector("select").value }), { signal }), tickets(event.id, signal)]);
      const points = analytics.points.map(({ at, registrations, confirmations, expiries }) => ({ at: Date.parse(at), values: [registrations, confirmations, expiries] }));
      const facts = [analytics.confirmation_ratio !== undefined && `${Math.round(analytics.confirmation_ratio * 100)} % of the tickets that had seats are confirmed.`,
        analytics.sold_out_after_seconds !== undefined && `Sold out after ${roughly(analytics.sold_out_after_seconds)}.`, analytics.has_earlier && "Earlier points are left out; a longer interval shows more."];
      fill(body, el("p", {}, facts.filter(Boolean).join(" ")), chart({ title: `What happened, by the ${analytics.interval}`, names: ["Registrations", "Confirmations", "Expiries"], points, label: brief }),
        all ? chart({ title: "Confirmed seats over time", names: ["Confirmed seats"], points: seatsOverTime(all), label: brief, steps: true }) : el("p", { class: "muted" }, "There are too many tickets to draw the seats over time here; the CSV has them all."), funnel(analytics, all));
  });
  interval.addEventListener("change", load);
  box.append(eventTabs(event.id, "Figures"), el("div", { class: "form" }, interval), place, body);
  await load();
}
