// One event: what it is, how many seats are free, and what one can do about it now.

import { countDown, now } from "../clock.js";
import * as kept from "../kept.js";
import { facts } from "../parts/facts.js";
import { seats } from "../parts/seats.js";
import { explain, isAskable, situation, ticketLine } from "../parts/situation.js";
import { go } from "../router.js";
import { isGateway, mayAs, me, ready } from "../session.js";
import { announce, el, every, field, fill, form, get, send, tell } from "../ui.js";

const ACTIVE = ["waitlisted", "reserved", "confirmed", "checked_in"];
const LABELS = { open: "Register", waitlist: "Join the waitlist", full: "Ask for a seat anyway" };

// How often the seats are looked at, in seconds.
const LOOK = 4;

async function ownTicket(event, signal) {
  if (!me()) return null;
  const { data } = await get("/tickets?limit=100", { signal });
  return data.find((ticket) => ticket.event_id === event && ACTIVE.includes(ticket.status)) ?? null;
}

function ask(event, word) {
  if (!me()) {
    return isGateway ? el("p", { class: "notice" }, "The gateway in front of this service signs people in. Sign in there to register.")
      : el("p", { class: "actions" }, el("a", { class: "button primary", id: "register", href: `#/log-in?next=${encodeURIComponent(`/events/${event.id}`)}` }, `Log in to ${word === "waitlist" ? "join the waitlist" : "register"}`));
  }
  const fields = [field("Name on the ticket", "name", { value: me().name ?? "", maxlength: 200, autocomplete: "name" })];
  if (event.max_party_size > 1) fields.push(field("Seats", "party_size", { type: "number", min: 1, max: event.max_party_size, value: 1, inputmode: "numeric", hint: `Up to ${event.max_party_size} on one ticket` }));
  return form("register-form", fields, LABELS[word], async ({ name, party_size }) => {
    const body = { ...(name.trim() && { name }), ...(party_size && { party_size: Number(party_size) }) };
    kept.write(event.id, { key: kept.newKey(), body });
    go(`/events/${event.id}/register`);
  });
}

function call(event, ticket) {
  const word = situation(event, ticket, now());
  const intent = me() && kept.read(event.id);
  const heading = (text) => el("h2", { id: "call" }, text);
  if (ticket) return [heading(ticketLine(ticket, now())), el("p", { class: "actions" }, el("a", { class: "button primary", id: "to-ticket", href: `#/tickets/${ticket.id}` }, ticket.status === "reserved" ? "Confirm or give back" : "Show my ticket"))];
  if (intent) return [heading("You have asked for a seat"), el("p", {}, "Your request keeps its place in line."), el("p", { class: "actions" }, el("a", { class: "button primary", id: "continue", href: `#/events/${event.id}/register` }, "See how far it is"))];
  const titles = { open: "Get a seat", waitlist: "Fully booked", full: "Fully booked", early: "Not open yet", closed: "Closed", cancelled: "Cancelled", draft: "Draft", began: "Under way", ended: "Over" };
  return [heading(titles[word]), el("p", {}, explain(word, event, now())), isAskable(word) && ask(event, word)];
}

// A registration that was decided meanwhile is no longer under way.
async function forget(event, signal) {
  const intent = me() && kept.read(event);
  if (!intent?.id) return;
  const found = await get(`/registrations/${intent.id}`, { signal }).catch(({ code }) => ({ status: code === "not_found" ? "gone" : "pending" }));
  if (!["pending", "failed"].includes(found.status)) kept.drop(event);
}

export async function draw({ box, params, signal, title }) {
  await ready;
  const { id } = params;
  const [response, mine] = await Promise.all([send("GET", `/events/${id}`, { signal }), ownTicket(id, signal), forget(id, signal)]);
  let [event, tag, ticket] = [await response.json(), response.headers.get("etag"), mine];
  title(event.name, mayAs("admin") && el("a", { class: "button slight", href: `#/organize/${id}` }, "Manage"));
  const panel = el("section", { class: "card lead", "aria-labelledby": "call" });
  const bar = el("div", { id: "seats" });
  let word = null;

  function redraw() {
    fill(bar, seats(event));
    const next = ticket?.status ?? situation(event, ticket, now());
    const line = () => ticket && tell(panel.querySelector("h2"), ticketLine(ticket, now()));
    // The focus, and an entry that somebody is typing, are not thrown away for nothing.
    if (next === word) return line();
    fill(panel, call(event, ticket));
    panel.dataset.situation = next;
    if (word) announce(panel.querySelector("h2").textContent);
    if (next === "reserved") countDown(ticket.expires_at, signal, line);
    word = next;
  }

  async function look() {
    const fresh = await send("GET", `/events/${id}`, { signal, headers: { "if-none-match": tag } });
    if (fresh.status === 200) [event, tag] = [await fresh.json(), fresh.headers.get("etag")];
    if (ticket?.status === "reserved" || ticket?.status === "waitlisted") ticket = await get(`/tickets/${ticket.id}`, { signal });
    if (!ACTIVE.includes(ticket?.status)) ticket = null;
    redraw();
  }

  box.append(el("div", { class: "two" }, el("div", {}, facts(event), event.description && el("p", { class: "pre" }, event.description)), el("div", {}, bar, panel)));
  redraw();
  // When it cannot be read any more it stays as it was last seen.
  every(LOOK, look, signal).catch(() => {});
}
