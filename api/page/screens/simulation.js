// A rehearsal as a picture: people arrive, seats fill, the line grows; at the end, whether the promises held.

import { eventOf } from "../parts/names.js";
import { adminTabs } from "../parts/tabs.js";
import { announce, count, el, fill, get, keepOn, many, problemBox, svg } from "../ui.js";

// So many dots stand for all.
const DOTS = 400;
const ACROSS = 40;

// How many are where. While it runs only the decisions are known; everybody asks for one seat of an empty hall, so those
// decided first have the seats.
function tally({ users, accepted = 0, decided = 0, report }, event) {
  if (report) return { seat: report.reserved, line: report.waitlisted, no: report.refused + report.failed + report.turned_away, asked: report.pending, of: users };
  const seat = Math.min(decided, event?.capacity ?? decided);
  const rest = decided - seat;
  return { seat, line: event?.waitlist_enabled ? rest : 0, no: event?.waitlist_enabled ? 0 : rest, asked: accepted - decided, of: users };
}

function paint(dots, { seat, line, no, asked, of }) {
  const ends = [["seat", seat], ["line", line], ["no", no], ["asked", asked]];
  let [end, n] = [0, 0];
  for (const [kind, number] of ends) {
    end += number;
    // Whoever is there shows, be it one among thousands.
    for (const until = Math.min(dots.length, Math.max(Math.round((end / of) * dots.length), number ? n + 1 : n)); n < until; n += 1) dots[n].setAttribute("class", kind);
  }
  for (; n < dots.length; n += 1) dots[n].removeAttribute("class");
}

const words = { never_oversold: "Never more seats than there are" };
const sentence = (name) => { const text = words[name] ?? name.replaceAll("_", " "); return text[0].toUpperCase() + text.slice(1); };

function findings({ report, users }) {
  const facts = [["Took", `${count(report.duration_ms)} ms`], ["Decided", report.settled_per_second && `${count(report.settled_per_second)} a second`], ["Half waited at most", report.p50_ms !== undefined && `${count(report.p50_ms)} ms`], ["99 of 100 waited at most", report.p99_ms !== undefined && `${count(report.p99_ms)} ms`], ["Free seats left", count(report.final_available)]];
  return el("section", { class: "card", id: "report", "data-held": String(report.promises_held) }, el("h2", {}, report.promises_held ? `All promises held for ${many(users, "person", "people")}` : "A promise was broken"),
    el("ul", {}, report.checks.map(({ promise, held }) => el("li", {}, el("span", { class: `tag held-${held}` }, held ? "held" : "broken"), " ", sentence(promise)))),
    el("dl", {}, facts.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

export async function draw({ box, params, signal, title }) {
  const path = `/admin/simulations/${params.id}`;
  const read = (wait) => get(path, { signal, wait });
  const first = await read();
  const event = await eventOf(first.event_id).catch(() => null);
  title(`${many(first.users, "person", "people")} want ${event ? many(event.capacity, "seat") : "seats"}`);
  const dots = Array.from({ length: Math.min(DOTS, first.users) }, (_, n) => svg("circle", { cx: (n % ACROSS) * 10 + 5, cy: Math.floor(n / ACROSS) * 10 + 5, r: 3.5 }));
  const picture = svg("svg", { class: "crowd", viewBox: `0 0 ${ACROSS * 10} ${Math.ceil(dots.length / ACROSS) * 10}`, "aria-hidden": "true" }, dots);
  const [told, result] = [el("ul", { class: "legend", id: "tally" }), el("div", { role: "status" })];
  function show(simulation) {
    const sums = tally(simulation, event);
    paint(dots, sums);
    fill(told, el("li", { class: "taken" }, `${count(sums.seat)} got a seat`), sums.line > 0 && el("li", { class: "held" }, `${count(sums.line)} on the waitlist`), el("li", { class: "l2" }, `${count(sums.no)} refused`), el("li", {}, `${count(sums.asked)} in line`));
    if (simulation.status === "running") return false;
    fill(result, simulation.report ? findings(simulation) : el("p", { class: "notice" }, "The process that ran it is gone, so there is no report. Begin another one."));
    announce("The simulation is over.");
    return true;
  }
  box.append(adminTabs("Simulation"), el("p", { class: "small muted" }, `Each dot stands for ${first.users > DOTS ? `about ${Math.round(first.users / DOTS)} people` : "one person"}. ${event?.name ?? ""}`), picture, told, result, el("p", {}, el("a", { href: "#/admin/simulations" }, "Another one")));
  if (show(first)) return;
  keepOn(async () => show(await read(1)), signal).catch((problem) => { if (!signal.aborted) fill(result, problemBox(problem)); });
}
