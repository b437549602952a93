// What a ticket's owner sees and can do, by state.

import { countDown } from "../clock.js";
import { ask } from "./dialog.js";
import { download } from "./file.js";
import { qr } from "./qr.js";
import { announce, button, el, field, fill, form, left, patch, post, attempts, when } from "../ui.js";

const heading = (text) => el("h2", { id: "state", tabindex: "-1" }, text);

// Seconds before the end at which those who do not see the clock are told.
const WARNINGS = [60, 10];

function clock({ expires_at }, signal) {
  const element = el("p", { class: "big", role: "timer", "aria-live": "off", id: "countdown" });
  const due = new Set(WARNINGS);
  countDown(expires_at, signal, (milliseconds) => {
    element.textContent = left(milliseconds);
    for (const seconds of due) if (milliseconds <= seconds * 1000) { due.delete(seconds); if (milliseconds > (seconds - 5) * 1000) announce(`${seconds} seconds left to confirm.`); }
  });
  return element;
}

function held({ ticket, signal }, act) {
  const offer = Boolean(ticket.offered_at);
  return [heading(offer ? "A seat is offered to you" : "A seat is held for you"), clock(ticket, signal),
    el("p", {}, `Confirm it before ${when(ticket.expires_at)}, or it goes ${offer ? "to the next in line" : "back"}.`),
    el("p", { class: "actions" }, act("Confirm", "confirm", { class: "primary" }), act("More time", "extend"), giveBack(ticket, act))];
}

function giveBack(ticket, act, label = "Give it back") {
  const question = ticket.status === "waitlisted" ? ["Leave the waitlist?", "You lose your place. You can join again at the end of the line."]
    : ["Give the seat back?", "It goes to the next in line at once. You can register again, if there are seats then."];
  return act(label, "cancel", { class: "danger" }, () => ask(question[0], question[1], "Yes, do it"));
}

function waiting({ ticket }, act) {
  return [heading("You are on the waitlist"), el("p", { class: "big" }, "Number ", el("span", { id: "position" }, String(ticket.position ?? "…"))),
    el("p", {}, "A seat that comes free is offered to the first in line whose party fits. This page shows it at once; you may also close it and look again under “My tickets”. An offer has to be confirmed in time."),
    el("p", { class: "actions" }, giveBack(ticket, act, "Leave the waitlist"))];
}

// A code in groups, so that people can read it out.
const grouped = (code) => code.match(/.{1,4}/g).join(" ");

function rename(ticket, show) {
  return el("details", {}, el("summary", {}, "Change the name"), form("rename", [field("Name on the ticket", "name", { value: ticket.name, maxlength: 200, required: true })], "Save the name",
    async (values) => { show(await patch(`/tickets/${ticket.id}`, values)); announce("The name was changed."); }));
}

function confirmed({ ticket, signal, show }, act) {
  const used = ticket.status === "checked_in";
  const picture = el("div", { "aria-busy": "true" });
  if (ticket.code && !used) qr(ticket.id, signal).then((drawn) => fill(picture, drawn), () => { /* The code in letters is there. */ }).finally(() => picture.removeAttribute("aria-busy"));
  return [heading(used ? `Checked in ${when(ticket.checked_in_at)}` : "You have a ticket"), el("p", { id: "holder" }, el("strong", {}, ticket.name)), picture,
    ticket.code && el("p", { class: "mono", id: "code" }, grouped(ticket.code)),
    !used && el("p", { class: "small muted" }, ticket.code ? "Show this at the door. It opens once." : "There is no code here: it is for the ticket's owner, and only where the service has a secret."),
    el("p", { class: "actions" }, button("Calendar file", { id: "calendar" }, () => download(`/tickets/${ticket.id}/calendar`, "event.ics")), !used && giveBack(ticket, act, "Cancel the ticket")),
    !used && rename(ticket, show)];
}

const over = ({ ticket, event }) => [heading(ticket.status === "expired" ? "The hold ran out" : "Cancelled"),
  el("p", {}, ticket.status === "expired" ? "The seat went back. Register again to get in line; there may be seats." : "This ticket is not good any more. You can register again."),
  event && el("p", { class: "actions" }, el("a", { class: "button primary", id: "again", href: `#/events/${event.id}` }, "To the event"))];

const SHOWN = { reserved: held, waitlisted: waiting, confirmed, checked_in: confirmed, cancelled: over, expired: over };

// What is in the card of a ticket. `show` is called with the ticket whenever something was done about it.
export function card(given) {
  const { place, attempt } = attempts(given.signal);
  const act = (label, name, attributes = {}, allow = async () => true) => (given.isMine || name === "cancel") && button(label, { id: name, ...attributes }, async () => {
    if (!(await allow())) return;
    await attempt(async () => {
      given.show(await post(`/tickets/${given.ticket.id}/${name}`, {}, { again: name !== "extend" }));
      if (name === "extend") announce("There is more time.");
    });
  });
  return [SHOWN[given.ticket.status](given, act), place];
}
