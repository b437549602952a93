// What is around every screen: the menu, the way past it, and a word when the connection is gone.

import { el, fill } from "./dom.js";
import { isGateway, mayAs, me } from "./session.js";

const nav = document.getElementById("nav");
const trouble = document.getElementById("trouble");

function links() {
	const all = [["/", "Events", true], ["/tickets", "My tickets", mayAs("attendee")],
		["/organize", "Organize", mayAs("organizer")], ["/admin", "Engine room", mayAs("admin")]];
	if (me()) all.push(["/account", me().name ?? me().email, true]);
	else if (!isGateway) all.push(["/log-in", "Log in", true]);
	return all.filter(([, , shown]) => shown);
}

function drawMenu() {
	const here = location.hash.slice(1).split("?")[0] || "/";
	const isHere = (path) => (path === "/" ? here === "/" || here.startsWith("/events") : here === path
		|| here.startsWith(`${path}/`));
	fill(nav, el("ul", {}, links().map(([path, text]) =>
		el("li", {}, el("a", { href: `#${path}`, "data-nav": path, "aria-current": isHere(path) ? "page" : null },
			text)))));
}

// Says in a line above the screen what is wrong with the connection; null takes it away.
export function showTrouble(problem, seconds) {
	trouble.hidden = !problem;
	const what = problem?.code === "offline" ? "No connection." : "The service is busy.";
	trouble.textContent = problem ? `${what} Trying again in ${Math.round(seconds)} s. Nothing is lost.` : "";
}

export function start() {
	window.addEventListener("hashchange", () => { showTrouble(null); drawMenu(); });
	window.addEventListener("session", drawMenu);
	window.addEventListener("offline",
		() => { trouble.hidden = false; trouble.textContent = "No connection. It goes on as soon as there is one."; });
	window.addEventListener("online", () => showTrouble(null));
	document.getElementById("skip").addEventListener("click",
		() => (document.querySelector("main h1") ?? document.getElementById("main")).focus());
	drawMenu();
}
