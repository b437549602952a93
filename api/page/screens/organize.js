// The organizer's events.

import { seatCounts } from "../parts/counts.js";
import { el, link, linkButton, p, pager, tag, when } from "../ui.js";

const card = (event) => el("li", { class: "card", "data-event": event.id },
	el("h2", {}, link(`/organize/${event.id}`, event.name)), p(tag(event.status), " ", when(event.starts_at)),
	seatCounts(event.counts));

export async function draw({ box, signal, title }) {
	title("Your events", linkButton("new-event", "/organize/new", "New event", "primary"));
	const none = ["You have no events yet.", "Make one: it stays a draft that only you see until you publish it."];
	const list = pager({ path: "/me/events", row: card, signal, id: "own-events", none });
	box.append(list.element);
	await list.load();
}
