// The door: scan or type a code, see a big yes or no.

import { newKey } from "../kept.js";
import { canScan, scan } from "../parts/camera.js";
import { countsOf } from "../parts/counts.js";
import { eventTabs } from "../parts/tabs.js";
import { Problem } from "../problems.js";
import { button, clockTime, count, el, every, field, fill, form, get, many, post, problemBox } from "../ui.js";

const LAST = 10;

// Seconds between looks at how many are in.
const LOOK = 10;

function noOf(problem) {
  if (problem.code === "already_checked_in") return ["Used already", `Let in at ${clockTime(problem.checked_in_at)} by ${problem.checked_in_by}.`];
  if (problem.code === "not_found") return ["No", "This is no ticket for an event of yours."];
  if (problem.code === "offline") return ["Not known", "No connection. Scan it again: the ticket opens once, whatever happened."];
  return ["No", problem.sentence];
}

export async function draw({ box, params, signal, title }) {
  const event = await get(`/events/${params.id}`, { signal });
  title(`Check-in for ${event.name}`);
  const verdict = el("div", { class: "verdict", id: "verdict", role: "status", "aria-live": "assertive" }, el("p", { class: "muted" }, "Scan a code, or type it."));
  const inside = el("p", { id: "inside", class: "big" }, "…");
  const list = el("ol", { id: "last", reversed: true });
  const scans = [];

  const recount = async () => {
    const counts = await countsOf(event.id, signal);
    inside.textContent = counts ? `${count(counts.checked_in)} of ${count(counts.checked_in + counts.confirmed)} in` : "";
  };
  const answer = (kind, big, small, ...more) => {
    verdict.className = `verdict ${kind}`;
    fill(verdict, el("p", { class: "big" }, big), el("p", {}, small), more);
    scans.unshift([kind, big, small, clockTime(Date.now())]);
    scans.length = Math.min(scans.length, LAST);
    fill(list, scans.map(([kind, big, small, at]) => el("li", { class: "small", "data-scan": kind }, `${at} ${kind === "yes" ? "✓" : "✗"} ${big}: ${small}`)));
  };

  function takeBack(ticket) {
    const back = form("undo", [field("Why is it taken back?", "reason", { maxlength: 500 })], "Take it back", async ({ reason }) => {
      await post(`/check-ins/${ticket}/undo`, { reason });
      fill(verdict, el("p", {}, "It was taken back: the ticket opens the door again."));
      verdict.className = "verdict";
      recount().catch(() => {});
    });
    return el("details", {}, el("summary", {}, "That was a mistake"), back);
  }

  async function check(code) {
    fill(verdict, el("p", {}, "One moment…"));
    try {
      const one = await post("/check-ins", { code, nonce: newKey() }, { signal, again: true });
      const people = one.party_size === 1 ? "One person" : many(one.party_size, "person", "people");
      if (one.event_id === event.id) answer("yes", one.name, `${people}. Come in!`, takeBack(one.ticket_id));
      else answer("no", "Another event", `${one.name} has a ticket for another event of yours. It is used up now; take that back.`, takeBack(one.ticket_id));
      navigator.vibrate?.(60);
      recount().catch(() => {});
    } catch (problem) {
      if (signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      answer("no", ...noOf(problem));
      navigator.vibrate?.([60, 60, 60]);
    }
  }

  const typed = form("check-in", [field("Code", "code", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 100, hint: "Spaces and capitals do not matter." })], "Check in", async ({ code }, element) => {
    if (!code.trim()) return;
    await check(code);
    element.reset();
    element.querySelector("input").focus();
  });
  const camera = el("div", {});
  const start = canScan && button("Use the camera", { id: "camera" }, async () => {
    const video = el("video", { playsinline: true, muted: true, "aria-label": "What the camera sees" });
    fill(camera, video);
    scan(video, signal, check).catch(() => { if (!signal.aborted) fill(camera, problemBox(new Problem("camera", { detail: "The camera cannot be used. Allow it in the browser, or type the code." })), start); });
  });
  fill(camera, start || el("p", { class: "small muted" }, "This browser cannot read codes with the camera. Type them, or use a scanner that types."));
  box.append(eventTabs(event.id, "Check-in"), el("div", { class: "two" }, el("div", {}, verdict, typed, camera), el("div", {}, inside, el("h2", {}, "Last scans"), list)));
  every(LOOK, recount, signal).catch(() => {});
}
