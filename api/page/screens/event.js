// One event: what it is, how many seats are free, and what one can do about it now.

import { get, send } from "../api.js";
import { now } from "../clock.js";
import { announce, el, fill } from "../dom.js";
import * as kept from "../kept.js";
import { every } from "../live.js";
import { facts } from "../parts/facts.js";
import { field, form } from "../parts/form.js";
import { seats } from "../parts/seats.js";
import { explain, isAskable, situation, ticketLine } from "../parts/situation.js";
import { go } from "../router.js";
import { isGateway, mayAs, me, ready } from "../session.js";
import { showTrouble } from "../shell.js";

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

export async function draw({ box, params, signal, title }) {
  await ready;
  const [response, ticket] = await Promise.all([send("GET", `/events/${params.id}`, { signal }), ownTicket(params.id, signal)]);
  let [event, tag] = [await response.json(), response.headers.get("etag")];
  title(event.name, mayAs("admin") && el("a", { class: "button slight", href: `#/organize/${event.id}` }, "Manage"));
  const panel = el("section", { class: "card lead", "aria-labelledby": "call" });
  const bar = el("div", { id: "seats" });
  let word = null;

  function redraw() {
    fill(bar, seats(event));
    const next = situation(event, ticket, now());
    // An entry that somebody is typing is not thrown away for nothing.
    if (next !== word) {
      fill(panel, call(event, ticket));
      panel.dataset.situation = next;
      if (word) announce(panel.querySelector("h2").textContent);
    }
    word = next;
  }

  box.append(el("div", { class: "two" }, el("div", {}, facts(event), event.description && el("p", { class: "pre" }, event.description)), el("div", {}, bar, panel)));
  redraw();
  every(LOOK, async () => {
    const fresh = await send("GET", `/events/${params.id}`, { signal, headers: { "if-none-match": tag } });
    if (fresh.status === 200) [event, tag] = [await fresh.json(), fresh.headers.get("etag")];
    redraw();
  }, signal, showTrouble).catch(() => { /* It stays as it was last seen. */ });
}
