// Which screen an address leads to. Addresses are fragments (#/events/…), so the server knows only the one document.

import { el, fill } from "./dom.js";
import { problemBox } from "./parts/notice.js";
import { isGateway, mayAs, me, ready } from "./session.js";

// A pattern, the file of its screen, and who may see it.
const ROUTES = [
  ["/", "events"],
  ["/events/:id", "event"],
  ["/events/:id/register", "register", "attendee"],
  ["/registrations/:id", "registration", "attendee"],
  ["/tickets", "tickets", "attendee"],
  ["/tickets/:id", "ticket", "attendee"],
  ["/log-in", "login"],
  ["/sign-up", "signup"],
  ["/account", "account", "attendee"],
  ["/organize", "organize", "organizer"],
  ["/organize/new", "edit", "organizer"],
  ["/organize/:id", "manage", "organizer"],
  ["/organize/:id/edit", "edit", "organizer"],
  ["/organize/:id/attendees", "attendees", "organizer"],
  ["/organize/:id/waitlist", "waitlist", "organizer"],
  ["/organize/:id/figures", "figures", "organizer"],
  ["/organize/:id/door", "door", "organizer"],
  ["/admin", "engine", "admin"],
  ["/admin/jobs", "jobs", "admin"],
  ["/admin/simulations", "simulate", "admin"],
  ["/admin/simulations/:id", "simulation", "admin"],
  ["/admin/audit", "audit", "admin"],
  ["/admin/accounts", "accounts", "admin"],
];

const main = document.getElementById("main");

function match(path) {
  const parts = path.split("/");
  for (const [pattern, screen, role] of ROUTES) {
    const wanted = pattern.split("/");
    const fits = wanted.length === parts.length && wanted.every((part, n) => (part.startsWith(":") ? parts[n] !== ""
      : part === parts[n]));
    // Fixed words stand before names in the table, so the first that fits is meant.
    if (fits) return { screen, role, params: Object.fromEntries(wanted.flatMap((part, n) => (part.startsWith(":")
      ? [[part.slice(1), encodeURIComponent(decode(parts[n]))]] : []))) };
  }
  return { screen: "missing", params: {} };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function go(path) {
  if (location.hash === `#${path}`) render();
  else location.hash = path;
}

// The same, leaving no trace: going back leads past it.
export const replace = (path) => location.replace(`#${path}`);

let current = new AbortController();
let isFirst = true;

// What a screen gets: where to draw, what the address says, and a signal that it was left.
function viewOf(box, params, query, signal) {
  const title = (text, ...beside) => {
    const heading = el("h1", { tabindex: "-1" }, text);
    document.title = `${text} · Turnout`;
    box.prepend(el("div", { class: "title" }, heading, beside));
    if (!isFirst) heading.focus({ preventScroll: true });
    isFirst = false;
    return heading;
  };
  return { box, params, query, signal, title };
}

export async function render() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const [path, search] = location.hash.slice(1).split("?");
  const { screen, role, params } = match(path || "/");
  const box = el("div", { "data-screen": screen });
  const view = viewOf(box, params, new URLSearchParams(search), signal);
  // What takes longer than a moment says so.
  const sign = setTimeout(() => { fill(main, el("p", { class: "muted", role: "status" }, "Loading…")); }, 100);
  const show = () => { clearTimeout(sign); if (!signal.aborted
    && box.parentNode !== main) { fill(main, box); window.scrollTo(0,
    0); box.querySelector("h1")?.focus({ preventScroll: true }); } };
  try {
    if (role) await ready;
    if (signal.aborted) return;
    if (role && !mayAs(role)) return refuse(view, role, path, show);
    const { draw } = await import(`./screens/${screen}.js`);
    if (signal.aborted) return;
    view.show = show;
    await draw(view);
    show();
  } catch (problem) {
    if (signal.aborted) return;
    if (role && !me() && !isGateway) return refuse(view, role, path, show);
    if (!box.querySelector("h1")) view.title("That did not work");
    box.append(problemBox(problem), el("p", {}, el("button", { type: "button", id: "again", onclick: render },
      "Try again")));
    show();
  }
}

function refuse(view, role, path, show) {
  if (!me() && !isGateway) return replace(`/log-in?next=${encodeURIComponent(path)}`);
  view.title(me() ? "Not for your account" : "Nobody is signed in");
  const who = role === "attendee" ? "people who are signed in" : role === "organizer" ? "organizers" : "administrators";
  const why = me()
    ? `This is for ${who}, and you are ${me().role === "organizer" ? "an organizer" : "an attendee"}. An administrator can change that.`
    : "The gateway in front of this service signs people in, and it has not said who you are. Sign in there, then come back.";
  view.box.append(el("p", {}, why), el("p", {}, el("a", { href: "#/" }, "To the events")));
  show();
}

export function start() {
  window.addEventListener("hashchange", render);
  return render();
}
