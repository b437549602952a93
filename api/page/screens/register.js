// Sends a registration that was written down, with its key, until there is an answer.

import * as kept from "../kept.js";
import { replace } from "../router.js";
import { el, keepOn, problemBox, send } from "../ui.js";

export async function draw({ box, params, signal, title, show }) {
  const event = params.id;
  const intent = kept.read(event);
  if (!intent) return replace(`/events/${event}`);
  if (intent.id) return replace(`/registrations/${intent.id}`);
  title("Asking for a seat");
  const told = el("p", { role: "status", id: "sending" }, "Sending your request. If the connection breaks, it is sent again and counts once.");
  box.append(el("progress", { "aria-label": "Sending" }), told);
  show();
  try {
    await keepOn(async () => {
      const options = { body: intent.body, headers: { "idempotency-key": intent.key }, signal, again: true };
      const { id } = await (await send("POST", `/events/${event}/register`, options)).json();
      kept.write(event, { ...intent, id });
      replace(`/registrations/${id}`);
      return true;
    }, signal);
  } catch (problem) {
    if (signal.aborted) return;
    // A refusal at this point is not stored, so the key is free; after anything else the same one has to be used.
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 401) kept.drop(event);
    box.replaceChildren(box.firstChild, problemBox(problem), el("p", { class: "actions" }, el("a", { class: "button", id: "back", href: `#/events/${event}` }, "Back to the event")));
  }
}
