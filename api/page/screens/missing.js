// An address that leads nowhere.

import { el } from "../ui.js";

export async function draw({ box, title }) {
	title("There is nothing here");
	box.append(el("p", {}, "The address may be wrong, or what was here is gone."),
		el("p", {}, el("a", { href: "#/" }, "To the events")));
}
