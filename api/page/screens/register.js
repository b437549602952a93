// Sends a registration that was written down, with its key, until there is an answer.

import * as kept from "../kept.js";
import { replace } from "../router.js";
import { actions, el, fill, keepOn, linkButton, problemBox, send } from "../ui.js";

export async function draw({ box, params: { id: event }, signal, title, show }) {
	const intent = kept.read(event);
	if (!intent) return replace(`/events/${event}`);
	if (intent.id) return replace(`/registrations/${intent.id}`);
	title("Asking for a seat");
	const body = el("div", {}, el("progress", { "aria-label": "Sending" }), el("p", { role: "status", id: "sending" },
		"Sending your request. If the connection breaks, it is sent again and counts once."));
	box.append(body);
	show();
	const options = { body: intent.body, headers: { "idempotency-key": intent.key }, signal, again: true };
	try {
		await keepOn(async () => {
			const { id } = await (await send("POST", `/events/${event}/register`, options)).json();
			kept.write(event, { ...intent, id });
			replace(`/registrations/${id}`);
			return true;
		}, signal);
	} catch (problem) {
		if (signal.aborted) return;
		// A refusal at this point is not stored, so the key is free; after anything else the same one has to be used.
		if (problem.status >= 400 && problem.status < 500 && problem.status !== 401) kept.drop(event);
		fill(body, problemBox(problem), actions(linkButton("back", `/events/${event}`, "Back to the event")));
	}
}
