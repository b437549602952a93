// Problems as sentences: what happened, and what to do next.

const NEXT = {
  offline: "The service cannot be reached. Check the connection; nothing is lost.",
  unauthenticated: "Log in to go on.",
  invalid_token: "You were logged out. Log in to go on.",
  token_revoked: "You were logged out. Log in to go on.",
  wrong_credentials: "The e-mail or the password is wrong. Check both and try again.",
  wrong_password: "The current password is another one. Try again.",
  forbidden: "Your account may not do this. Ask an administrator if it should.",
  not_found: "There is nothing here, or nothing that you may see. The address may be wrong.",
  request_timeout: "That took too long. Try again.",
  registration_not_open: "Registration has not opened yet. Come back when it does.",
  registration_closed: "Registration is closed. Ask the organizer if you think it should not be.",
  event_cancelled: "The event was cancelled. It will not take place.",
  event_began: "The event has begun, so this can no longer be done.",
  event_ended: "The event is over, so this can no longer be done.",
  already_registered: "You have a ticket for this event already. It is among your tickets.",
  not_enough_seats: "Some seats are free, but fewer than you asked for. Ask for fewer, or come back later.",
  sold_out: "Every seat is taken. Somebody may still cancel, so it can be worth looking again later.",
  discarded: "Your registration could not be decided and was given up. You can simply register again.",
  ticket_cancelled: "This ticket was cancelled. Register again if you changed your mind.",
  ticket_expired: "The hold ran out and the seats went back. Register again to get in line.",
  hold_expired: "The hold ran out before it was confirmed, and the seats went back. Register again to get in line.",
  ticket_waitlisted: "This ticket waits for a seat. Nothing to do: it is offered to you when it is your turn.",
  ticket_not_confirmed: "This ticket is not confirmed. Its owner has to confirm it first.",
  ticket_confirmed: "The ticket is confirmed already. Nothing to do.",
  extended_too_often: "The hold was extended as often as it can be. Confirm it before it runs out.",
  people_waiting: "Others wait for seats, so the hold cannot be extended. Confirm it before it runs out.",
  not_checked_in: "This ticket was not used at the door, so there is nothing to take back.",
  email_taken: "There is an account with this e-mail. Log in, or choose another e-mail.",
  last_admin: "This is the last active administrator. Make somebody else an administrator first.",
  job_not_failed: "It is no longer failed: somebody was quicker, or it was decided. Look again.",
  too_many_simulations: "Two simulations are running. Try again when one is over.",
  precondition_failed: "Somebody else changed the event meanwhile. Look at it again, then decide anew.",
  rate_limited: "That were many requests in a short time.",
  too_many_attempts: "Too many logins failed lately, so the next one has to wait.",
  internal_error: "Something is wrong here, not with what you did. Try again later.",
  busy: "Very much is going on just now.",
  no_worker: "No worker is running, so nothing would be decided. Start one first.",
  not_configured: "Tickets have no codes here yet. Whoever runs the service has to set a secret.",
  not_ready: "The service is starting, or its database does not answer. Try again in a moment.",
};

// What went wrong with a request.
export class Problem extends Error {
  constructor(code, members = {}) {
    super(members.detail ?? code);
    Object.assign(this, { errors: [], ...members, code });
  }

  // For people: why, and what to do next.
  get sentence() {
    if (this.code === "invalid_request") return "Some entries are missing or wrong.";
    if (this.code === "sold_out" && this.may_return) return "Every seat is taken or held, but not all are confirmed. Seats may come back within minutes: try again soon.";
    if (this.code === "capacity_below_held") return `${this.held} seats are held or taken, so there cannot be fewer. Keep at least ${this.held}.`;
    const next = NEXT[this.code] ?? this.detail ?? "Something went wrong. Try again later.";
    const wait = this.retryAfter ? ` Try again in ${this.retryAfter} s.` : "";
    const mention = this.code === "internal_error" && this.request_id ? ` Mention ${this.request_id} when you report it.` : "";
    return next + wait + mention;
  }
}

// Whether asking again is worth it without anybody doing anything.
export const passes = (problem) => ["offline", "busy", "not_ready", "rate_limited", "request_timeout", "internal_error"].includes(problem.code);
