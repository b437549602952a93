// Begins a rehearsal of a sale.

import { adminTabs } from "../parts/tabs.js";
import { go } from "../router.js";
import { empty, field, form, get, number, p, post } from "../ui.js";

export async function draw({ box, signal, title }) {
	title("Simulation");
	const { data } = await get("/events?limit=100", { signal });
	box.append(adminTabs("Simulation"), p("So many invented people ask for a seat of a hidden copy of an event, through ",
		"the real line and the real workers. Nothing of the real event changes."));
	if (!data.length) return box.append(empty("There is no event to rehearse.", "Publish one first."));
	const events = data.map(({ id, name, capacity }) => [id, `${name} (${capacity})`]);
	const fields = [field("Event", "event", { options: events, value: data[0].id }),
		number("People", "users", { max: 20000, value: 1000, hint: "Up to 20,000" })];
	box.append(form("simulate", fields, "Begin", async ({ event, users }) => {
		const { id } = await post(`/admin/events/${event}/simulate?users=${encodeURIComponent(users)}`);
		go(`/admin/simulations/${id}`);
	}));
}
