// What somebody can do about an event now, and the words for it.

import { left, roughly, whenThere } from "../ui.js";

// One word for where things stand. `ticket` is the visitor's own active ticket for the event, if there is one.
export function situation(event, ticket, now) {
  const at = (name) => (event[name] ? Date.parse(event[name]) : undefined);
  if (ticket) return "mine";
  if (event.status !== "published") return event.status;
  if (now >= (at("ends_at") ?? at("starts_at"))) return "ended";
  if (now >= at("starts_at")) return "began";
  if (now < at("registration_opens_at")) return "early";
  if (now >= at("registration_closes_at")) return "closed";
  if (event.available_spots > 0) return "open";
  return event.waitlist_enabled ? "waitlist" : "full";
}

// Whether one can ask for a seat.
export const isAskable = (word) => ["open", "waitlist", "full"].includes(word);

// The same for people: what is so, and what to do.
export function explain(word, event, now) {
  switch (word) {
    case "cancelled": return "This event was cancelled. It will not take place.";
    case "draft": return "This is a draft: only its organizer sees it. Publish it under “Organize”.";
    case "ended": return "This event is over.";
    case "began": return "This event has begun, so nobody can register any more.";
    case "closed": return "Registration is closed.";
    case "early": return `Registration opens ${whenThere(event.registration_opens_at, event.time_zone)}, in ${roughly((Date.parse(event.registration_opens_at) - now) / 1000)}. This page notices by itself.`;
    case "waitlist": return "All seats are taken or held. Join the waitlist: a seat that comes free is offered to the first in line, and you can see your place.";
    case "full": return "All seats are taken or held by others. Those who hold one without confirming it may give it back, so asking can still work: the answer tells.";
    default: return `You get an answer in the order of asking. A seat is then held for you for ${roughly(event.hold_seconds)}, so that you can confirm it.`;
  }
}

// What a ticket asks of its owner, in a line.
export function ticketLine(ticket, now) {
  switch (ticket.status) {
    case "reserved": return `${ticket.offered_at ? "A seat is offered to you" : "Your seat is held"}: confirm it within ${left(Math.max(0, Date.parse(ticket.expires_at) - now))}.`;
    case "waitlisted": return ticket.position ? `You are number ${ticket.position} on the waitlist.` : "You are on the waitlist.";
    case "confirmed": return "You have a ticket.";
    case "checked_in": return "You are checked in.";
    case "expired": return "The hold ran out.";
    default: return "Cancelled.";
  }
}
