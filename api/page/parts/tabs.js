// Menus inside a part of the page.

import { el } from "../ui.js";

const tabs = (label, items, current) => el("nav", { class: "tabs", "aria-label": label }, el("ul", {}, items.map(([path, text]) =>
  el("li", {}, el("a", { href: `#${path}`, "data-tab": text, "aria-current": text === current ? "page" : null }, text)))));

export const eventTabs = (id, current) => tabs("This event", [["", "Overview"], ["/attendees", "Attendees"], ["/waitlist", "Waitlist"], ["/figures", "Figures"], ["/door", "Check-in"], ["/edit", "Edit"]]
  .map(([path, text]) => [`/organize/${id}${path}`, text]), current);

export const adminTabs = (current) => tabs("Engine room", [["/admin", "Queue"], ["/admin/jobs", "Jobs"], ["/admin/simulations", "Simulation"], ["/admin/accounts", "Accounts"], ["/admin/audit", "Audit"]], current);
