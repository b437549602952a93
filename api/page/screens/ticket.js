// A ticket through its life: hold or offer, waitlist, confirmed, used, over. Follows every change, whoever makes it.

import { facts } from "../parts/facts.js";
import { eventOf } from "../parts/names.js";
import { card } from "../parts/ticketcard.js";
import { me } from "../session.js";
import { announce, el, fill, follow, get, problemBox, send } from "../ui.js";

export async function draw({ box, params, signal, title }) {
  const path = `/tickets/${params.id}`;
  const first = await send("GET", path, { signal });
  let ticket = await first.json();
  const event = await eventOf(ticket.event_id).catch(() => null);
  title(event?.name ?? "Ticket");
  const panel = el("section", { class: "card lead", "aria-labelledby": "state" });
  let screen = new AbortController();
  signal.addEventListener("abort", () => screen.abort(), { once: true });

  function show(next) {
    // The same again would throw away what somebody is typing; a new place in line is not worth that either.
    const key = ({ position, ...rest }) => JSON.stringify(rest);
    if (panel.hasChildNodes() && key(next) === key(ticket)) {
      const place = panel.querySelector("#position");
      if (place && next.position) place.textContent = next.position;
      return;
    }
    const had = panel.contains(document.activeElement);
    const changed = panel.hasChildNodes() && next.status !== ticket.status;
    ticket = next;
    screen.abort();
    screen = new AbortController();
    fill(panel, card({ ticket, event, isMine: ticket.email === me()?.email, signal: screen.signal, show }));
    panel.dataset.status = ticket.status;
    const heading = panel.querySelector("h2");
    if (changed) announce(heading.textContent);
    if (had) heading.focus();
  }

  const whose = [["Name", ticket.name], ["E-mail", ticket.email], ["Seats", String(ticket.party_size)]];
  const about = el("div", {}, event && facts(event, ...whose.slice(1)), event && el("p", {}, el("a", { href: `#/events/${event.id}` }, "About the event")));
  box.append(el("div", { class: "two" }, panel, about));
  show(ticket);
  const reread = async () => { if (ticket.status === "waitlisted") show(await get(path, { signal })); };
  // What is over cannot change any more.
  const isOver = () => ["cancelled", "expired"].includes(ticket.status);
  follow(path, { signal, unchanged: reread, show: (next) => { show(next); return isOver(); } })
    .catch((problem) => { if (!signal.aborted) box.append(problemBox(problem)); });
}
