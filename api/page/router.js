// Which screen an address leads to. Addresses are fragments (#/events/…), so the server knows only the one document.

import { button, el, fill, link, p } from "./dom.js";
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
	["/sign-up", "login"],
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
	for (const [pattern, screen, role] of ROUTES) {
		const found = path.match(`^${pattern.replace(":id", "([\\w-]+)")}$`);
		// Fixed words stand before ids in the table, so the first that fits is meant.
		if (found) return { screen, role, params: { id: found[1] } };
	}
	return { screen: "missing", params: {} };
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
function viewOf(box, path, params, query, signal) {
	const title = (text, ...beside) => {
		const heading = el("h1", { tabindex: "-1" }, text);
		document.title = `${text} · Turnout`;
		box.prepend(el("div", { class: "title" }, heading, beside));
		return heading;
	};
	return { box, path, params, query, signal, title };
}

export async function render() {
	current.abort();
	current = new AbortController();
	const { signal } = current;
	const [path, search] = location.hash.slice(1).split("?");
	const { screen, role, params } = match(path || "/");
	const box = el("div", { "data-screen": screen });
	const view = viewOf(box, path, params, new URLSearchParams(search), signal);
	// What takes longer than a moment says so.
	const sign = setTimeout(() => fill(main, el("p", { role: "status" }, "Loading…")), 100);
	const show = () => {
		clearTimeout(sign);
		if (signal.aborted || box.parentNode === main) return;
		fill(main, box);
		window.scrollTo(0, 0);
		// Whoever comes to the page begins at its beginning; whoever moves on within it, at the new heading.
		if (!isFirst) box.querySelector("h1")?.focus({ preventScroll: true });
		isFirst = false;
	};
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
		box.append(problemBox(problem), button("Try again", { id: "again" }, render));
		show();
	}
}

const WHO = { attendee: "people who are signed in", organizer: "organizers", admin: "administrators" };

// Somebody may not see a screen: says why, or leads to where that changes.
function refuse(view, role, path, show) {
	if (!me() && !isGateway) return replace(`/log-in?next=${encodeURIComponent(path)}`);
	view.title(me() ? "Not for your account" : "Nobody is signed in");
	const why = me() ? `This is for ${WHO[role]}. An administrator can make you one of them.`
		: "The gateway in front of this service signs people in, and has not said who you are. Sign in there first.";
	view.box.append(p(why), p(link("/", "To the events")));
	show();
}

export function start() {
	window.addEventListener("hashchange", render);
	return render();
}
