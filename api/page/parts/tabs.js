// Menus inside a part of the page.

import { el, link } from "../ui.js";

function tabs(label, items, current) {
	const item = ([path, text]) =>
		el("li", {}, link(path, text, { "data-tab": text, "aria-current": text === current ? "page" : null }));
	return el("nav", { class: "tabs", "aria-label": label }, el("ul", {}, items.map(item)));
}

const OF_EVENT = [["", "Overview"], ["/attendees", "Attendees"], ["/waitlist", "Waitlist"], ["/figures", "Figures"],
	["/door", "Check-in"], ["/edit", "Edit"]];
const OF_ADMIN = [["/admin", "Queue"], ["/admin/jobs", "Jobs"], ["/admin/simulations", "Simulation"],
	["/admin/accounts", "Accounts"], ["/admin/audit", "Audit"]];

export const eventTabs = (id, current) =>
	tabs("This event", OF_EVENT.map(([path, text]) => [`/organize/${id}${path}`, text]), current);

export const adminTabs = (current) => tabs("Engine room", OF_ADMIN, current);
