// What a ticket's owner sees and can do, by state.

import { countDown } from "../clock.js";
import {
	actions, announce, attempts, button, el, field, fill, form, left, linkButton, p, patch, post, small, when,
} from "../ui.js";
import { ask } from "./dialog.js";
import { download } from "./file.js";
import { qr } from "./qr.js";

const heading = (text) => el("h2", { id: "state", tabindex: "-1" }, text);

// Seconds before the end at which those who do not see the clock are told.
const WARNINGS = [60, 10];

function clock({ expires_at }, signal) {
	const element = el("p", { class: "big", role: "timer", "aria-live": "off", id: "countdown" });
	countDown(expires_at, signal, (milliseconds) => {
		element.textContent = left(milliseconds);
		const seconds = Math.ceil(milliseconds / 1000);
		if (WARNINGS.includes(seconds)) announce(`${seconds} seconds left to confirm.`);
	});
	return element;
}

function giveBack({ status }, act, label = "Give it back") {
	const [title, text] = status === "waitlisted"
		? ["Leave the waitlist?", "You lose your place. You can join again at the end of the line."]
		: ["Give the seat back?", "It goes to the next in line at once. You can register again, if there are seats then."];
	return act(label, "cancel", { class: "danger" }, () => ask(title, text, "Yes, do it"));
}

function held({ ticket, signal }, act) {
	const isOffer = Boolean(ticket.offered_at);
	const otherwise = isOffer ? "goes to the next in line" : "goes back";
	return [heading(isOffer ? "A seat is offered to you" : "A seat is held for you"), clock(ticket, signal),
		p(`Confirm it before ${when(ticket.expires_at)}, or it ${otherwise}.`),
		actions(act("Confirm", "confirm", { class: "primary" }), act("More time", "extend"), giveBack(ticket, act))];
}

const waiting = ({ ticket }, act) => [heading("You are on the waitlist"),
	el("p", { class: "big" }, "Number ", el("span", { id: "position" }, String(ticket.position ?? "…"))),
	p("A seat that comes free is offered to the first in line whose party fits. This page shows it at once; you may ",
		"also close it and look again under “My tickets”. An offer has to be confirmed in time."),
	actions(giveBack(ticket, act, "Leave the waitlist"))];

// A code in groups, so that people can read it out.
const grouped = (code) => code.match(/.{1,4}/g).join(" ");

function pictureOf(ticket, signal) {
	const place = el("div", { "aria-busy": "true" });
	// Where there is no picture the code in letters is there.
	qr(ticket.id, signal).then((drawn) => fill(place, drawn), () => {}).finally(() => place.removeAttribute("aria-busy"));
	return place;
}

function rename(ticket, show) {
	const name = field("Name on the ticket", "name", { value: ticket.name, maxlength: 200 });
	const work = async (values) => {
		show(await patch(`/tickets/${ticket.id}`, values));
		announce("The name was changed.");
	};
	return el("details", {}, el("summary", {}, "Change the name"), form("rename", [name], "Save the name", work));
}

function confirmed({ ticket, signal, show }, act) {
	const { id, code, name } = ticket;
	const isUsed = ticket.status === "checked_in";
	const calendar = button("Calendar file", { id: "calendar" }, () => download(`/tickets/${id}/calendar`, "event.ics"));
	return [heading(isUsed ? `Checked in ${when(ticket.checked_in_at)}` : "You have a ticket"),
		el("p", { id: "holder" }, el("strong", {}, name)), code && !isUsed && pictureOf(ticket, signal),
		code && el("p", { class: "mono", id: "code" }, grouped(code)),
		!isUsed && small(code ? "Show this at the door. It opens once." : "Its owner sees the code for the door here."),
		actions(calendar, !isUsed && giveBack(ticket, act, "Cancel the ticket")), !isUsed && rename(ticket, show)];
}

const OVER = {
	expired: ["The hold ran out", "The seat went back. Register again to get in line; there may be seats."],
	cancelled: ["Cancelled", "This ticket is not good any more. You can register again."],
};

function over({ ticket, event }) {
	const [title, text] = OVER[ticket.status];
	const again = event && linkButton("again", `/events/${event.id}`, "To the event", "primary");
	return [heading(title), p(text), actions(again)];
}

const SHOWN = { reserved: held, waitlisted: waiting, confirmed, checked_in: confirmed, cancelled: over, expired: over };

// What is in the card of a ticket. `show` is called with the ticket whenever something was done about it.
export function card(given) {
	const { place, attempt } = attempts(given.signal);
	async function work(name) {
		given.show(await post(`/tickets/${given.ticket.id}/${name}`, {}, { again: name !== "extend" }));
		if (name === "extend") announce("There is more time.");
	}
	// The organizer of the event may cancel, and nothing else.
	const act = (label, name, attributes, allow = () => true) => (given.isMine || name === "cancel")
		&& button(label, { id: name, ...attributes }, async () => (await allow()) && attempt(() => work(name)));
	return [SHOWN[given.ticket.status](given, act), place];
}
