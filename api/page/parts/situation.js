// What somebody can do about an event now, and the words for it.

import { count, left, roughly, whenThere } from "../ui.js";

// One word for where things stand for somebody without a ticket.
export function situation(event, now) {
	const at = (name) => (event[name] ? Date.parse(event[name]) : undefined);
	if (event.status !== "published") return event.status;
	if (now >= (at("ends_at") ?? at("starts_at"))) return "ended";
	if (now >= at("starts_at")) return "began";
	if (now < at("registration_opens_at")) return "early";
	if (now >= at("registration_closes_at")) return "closed";
	if (event.available_spots > 0) return "open";
	return event.waitlist_enabled ? "waitlist" : "full";
}

const opens = ({ registration_opens_at: at, time_zone }, now) =>
	`Registration opens ${whenThere(at, time_zone)}, in ${roughly((Date.parse(at) - now) / 1000)}.`;

// The service counts to 1,000.
const crowd = (waiting) => (waiting ? `, ${count(waiting)}${waiting < 1000 ? "" : " or more"} waiting` : "");

// By situation: a heading, what is so and what to do, and what the button says where one can ask for a seat.
const WORDS = {
	open: (event) => ["Get a seat", `You get an answer in the order of asking. A seat is then held for you for ${
		roughly(event.hold_seconds)}, so that you can confirm it.`, "Register"],
	waitlist: ({ waiting }) => ["Fully booked", `All seats are taken or held. Join the waitlist${crowd(waiting)
	}: a seat that comes free is offered to the first in line, and you can see your place.`, "Join the waitlist"],
	full: () => ["Fully booked", "All seats are taken or held by others. Those who hold one without confirming it may "
		+ "give it back, so asking can still work: the answer tells.", "Ask for a seat anyway"],
	early: (event, now) => ["Not open yet", `${opens(event, now)} This page notices by itself.`],
	closed: () => ["Closed", "Registration is closed."],
	began: () => ["Under way", "This event has begun, so nobody can register any more."],
	ended: () => ["Over", "This event is over."],
	cancelled: () => ["Cancelled", "This event was cancelled. It will not take place."],
	draft: () => ["Draft", "Only its organizer sees this. Publish it under “Organize”."],
};

export const explain = (word, event, now) => WORDS[word](event, now);

// What a ticket asks of its owner, in a line.
export function ticketLine({ status, offered_at, expires_at, position }, now) {
	const time = () => left(Math.max(0, Date.parse(expires_at) - now));
	switch (status) {
		case "reserved": return offered_at ? `Your offer ends in ${time()}: confirm it.`
			: `Your seat is held: confirm it within ${time()}.`;
		case "waitlisted": return position ? `You are number ${position} on the waitlist.` : "You are on the waitlist.";
		case "confirmed": return "You have a ticket.";
		case "checked_in": return "You are checked in.";
		case "expired": return "The hold ran out.";
		default: return "Cancelled.";
	}
}
