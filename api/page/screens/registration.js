// A registration that waits to be decided: how many are ahead, how long it may take, and then the answer.

import * as kept from "../kept.js";
import { sleep } from "../clock.js";
import { eventLink } from "../parts/names.js";
import { Problem } from "../problems.js";
import { replace } from "../router.js";
import { announce, count, el, fill, keepOn, problemBox, roughly, send, tell } from "../ui.js";

// Seconds that one question waits for the decision. After each the place in line is shown anew.
const WAIT = 2;

// Seconds between looks at what an operator has to look at first.
const FAILED_PAUSE = 10;

const place = (ahead) => (ahead === undefined ? "Your place is being looked up" : ahead === 0 ? "You are next" : `${count(ahead)} ahead of you`);
const estimate = (seconds) => (seconds === undefined ? "How long it takes is unknown: nothing moved lately that it could be told from." : `About ${roughly(Math.max(1, seconds))}, going by how fast the line moves.`);

function waitingRoom(registration) {
  const parts = { place: el("p", { class: "big", id: "ahead" }), bar: el("progress", { id: "progress", "aria-label": "Progress of the line" }), estimate: el("p", { id: "estimate" }) };
  const card = el("section", { class: "card lead", "data-status": "pending" }, el("p", {}, "Your request for ", eventLink(registration.event_id), " is in line. It is decided in the order of asking."),
    parts.place, parts.bar, parts.estimate, el("p", { class: "muted" }, "You may close this page: your request keeps its place, and the answer is under “My tickets”."));
  let quarter = -1;
  return { card, update({ event_id, ahead, estimate_seconds }) {
    const intent = kept.read(event_id);
    const most = Math.max(intent?.ahead ?? 0, ahead ?? 0);
    if (intent && most !== intent.ahead) kept.write(event_id, { ...intent, ahead: most });
    tell(parts.place, place(ahead));
    tell(parts.estimate, estimate(estimate_seconds));
    // Only what has moved counts. Where nothing is known the bar says so.
    if (ahead === undefined || !most) parts.bar.removeAttribute("value");
    else Object.assign(parts.bar, { max: most, value: most - ahead });
    const next = most ? Math.floor(((most - (ahead ?? most)) / most) * 4) : 0;
    if (next !== quarter) announce(`${place(ahead)}. ${estimate(estimate_seconds)}`);
    quarter = next;
  } };
}

function refused({ event_id, refusal }) {
  const mine = refusal.code === "already_registered";
  return [problemBox(new Problem(refusal.code, refusal)), el("p", {}, "This was about ", eventLink(event_id), "."), el("p", { class: "actions" },
    el("a", { class: "button primary", id: "next", href: mine ? "#/tickets" : `#/events/${event_id}` }, mine ? "Show my tickets" : "Back to the event"),
    el("a", { class: "button", href: "#/" }, "Other events"))];
}

const failed = () => el("div", { class: "notice", "data-status": "failed" }, el("p", {}, "Something went wrong while your request was decided. It is not lost: somebody who runs the service will look at it, and then it is decided. You may close this page."));

export async function draw({ box, params, signal, title, show }) {
  const heading = title("In line");
  const body = el("div", {});
  box.append(body);
  let room = null;
  const name = (text) => { tell(heading, text); document.title = `${text} · Turnout`; };

  const look = async (wait) => (await send("GET", `/registrations/${params.id}`, { signal, wait })).json();
  async function step(registration) {
    const { status, event_id, ticket_id } = registration;
    if (status === "pending") {
      if (!room) { name("In line"); room = waitingRoom(registration); fill(body, room.card); show(); }
      room.update(registration);
      return false;
    }
    room = null;
    if (status === "failed") {
      name("Not decided yet");
      fill(body, failed());
      show();
      await sleep(FAILED_PAUSE * 1000, signal);
      return false;
    }
    kept.drop(event_id);
    if (ticket_id) { announce(status === "reserved" ? "A seat is held for you." : "You are on the waitlist."); replace(`/tickets/${ticket_id}`); return true; }
    name("No seat this time");
    fill(body, refused(registration));
    show();
    return true;
  }
  if (await step(await look())) return;
  // Not awaited: the screen is there.
  keepOn(async () => step(await look(WAIT)), signal).catch((problem) => { if (!signal.aborted) fill(body, problemBox(problem)); });
}
