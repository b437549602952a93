// An address that leads nowhere.

import { link, p } from "../ui.js";

export async function draw({ box, title }) {
	title("There is nothing here");
	box.append(p("The address may be wrong, or what was here is gone."), p(link("/", "To the events")));
}
