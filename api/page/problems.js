// Problems as sentences: what happened, and what to do next.

// Where the service's own sentence is not made for visitors, or does not say what to do.
const NEXT = {
	offline: "The service cannot be reached. Check the connection; nothing is lost.",
	unauthenticated: "Log in to go on.",
	invalid_token: "You were logged out. Log in to go on.",
	forbidden: "Your account may not do this. Ask an administrator if it should.",
	not_found: "There is nothing here, or nothing that you may see. The address may be wrong.",
	registration_not_open: "Registration has not opened yet. Come back when it does.",
	registration_closed: "Registration is closed. Ask the organizer if you think it should not be.",
	already_registered: "You have a ticket for this event already. It is among your tickets.",
	not_enough_seats: "Some seats are free, but fewer than you asked for. Ask for fewer, or come back later.",
	sold_out: "Every seat is taken. Somebody may still cancel, so it can be worth looking again later.",
	discarded: "Your registration could not be decided and was given up. You can simply register again.",
	ticket_cancelled: "This ticket was cancelled. Register again if you changed your mind.",
	ticket_waitlisted: "This ticket waits for a seat. Nothing to do: it is offered to you when it is your turn.",
	rate_limited: "That were many requests in a short time.",
	internal_error: "Something is wrong here, not with what you did. Try again later.",
	busy: "Very much is going on just now.",
	not_ready: "The service is starting, or its database does not answer. Try again in a moment.",
};

const MAY_RETURN = "Every seat is taken or held, but not all are confirmed. Seats may come back within minutes: try "
	+ "again soon.";

// What went wrong with a request.
export class Problem extends Error {
	constructor(code, members = {}) {
		super(members.detail ?? code);
		Object.assign(this, { errors: [], ...members, code });
	}

	// For people: why, and what to do next.
	get sentence() {
		const { code, held, retryAfter, request_id } = this;
		if (code === "invalid_request") return "Some entries are missing or wrong.";
		if (code === "capacity_below_held") return `${held} seats are held or taken: keep at least ${held}.`;
		const next = code === "sold_out" && this.may_return ? MAY_RETURN : NEXT[code];
		const wait = retryAfter ? ` Try again in ${retryAfter} s.` : "";
		const mention = code === "internal_error" && request_id ? ` Mention ${request_id} when you report it.` : "";
		return (next ?? this.detail ?? "Something went wrong. Try again later.") + wait + mention;
	}
}

const PASSING = ["offline", "busy", "not_ready", "rate_limited", "request_timeout"];

// Whether asking again is worth it without anybody doing anything.
export const passes = ({ code }) => PASSING.includes(code);
