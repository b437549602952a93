// The engine room: what waits to be decided, how fast that goes, and who works on it, live.

import { now } from "../clock.js";
import { chart } from "../parts/chart.js";
import { adminTabs } from "../parts/tabs.js";
import { clockTime, count, el, empty, every, fill, get, roughly, row, table } from "../ui.js";

// Seconds between looks, and how many of them the charts show: five minutes.
const LOOK = 2;
const LOOKS_MAX = 150;

const rate = (number) => (number === undefined ? "unknown" : `${count(Math.round(number))} a second`);
const figure = (name, value, text, more) => el("div", { class: "card", "data-figure": name }, el("p", { class: "small muted" }, text), el("p", { class: "big" }, value), more && el("p", { class: "small" }, more));

const figures = (queue) => el("div", { class: "figures" },
  figure("depth", count(queue.depth), "Waiting to be decided"),
  figure("oldest", queue.oldest_claimable_age_seconds === undefined ? "–" : `${queue.oldest_claimable_age_seconds.toFixed(1)} s`, "The oldest has waited for"),
  figure("rate", queue.drained_per_second === undefined ? "–" : rate(queue.drained_per_second), "Leaving the queue"),
  figure("workers", count(queue.workers_seen), "Workers seen", queue.workers_seen === 0 && "Nothing is decided until one is started."),
  figure("failed", count(queue.failed), "Failed", queue.failed > 0 && el("a", { href: "#/admin/jobs" }, "Look at them")));

const events = (queue) => (queue.events.length ? table("Events with requests in line", ["Event", "Waiting", "Leaving", "Done in about"], el("tbody", {}, queue.events.map((one) =>
  row({ "data-event": one.event_id }, one.name, count(one.depth), rate(one.drained_per_second), one.estimate_seconds === undefined ? "unknown" : roughly(Math.max(1, one.estimate_seconds))))))
  : empty("Nothing waits.", el("p", {}, "Requests show here while they are in line. A simulation makes some.")));

export async function draw({ box, signal, title }) {
  title("Engine room");
  const body = el("div", {});
  const pictures = el("div", {});
  const points = [];
  let opened = false;
  box.append(adminTabs("Queue"), body, pictures);
  const look = async () => {
    const queue = await get("/admin/queue", { signal });
    points.push({ at: now(), values: [queue.depth], rate: queue.drained_per_second });
    if (points.length > LOOKS_MAX) points.shift();
    fill(body, figures(queue), events(queue));
    // Somebody who reads the numbers below a chart is not disturbed.
    opened = Boolean(pictures.querySelector("details[open]"));
    if (!opened) fill(pictures, chart({ title: "Waiting", names: ["Requests in line"], points, label: clockTime }), chart({ title: "Leaving, a second", names: ["Requests a second"], points: points.map(({ at, rate }) => ({ at, values: [rate] })), label: clockTime }));
  };
  await look();
  every(LOOK, look, signal).catch((problem) => { if (!signal.aborted) fill(body, el("p", { role: "alert" }, problem.sentence)); });
}
