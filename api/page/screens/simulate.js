// Begins a rehearsal of a sale.

import { adminTabs } from "../parts/tabs.js";
import { go } from "../router.js";
import { el, empty, field, form, get, post } from "../ui.js";

export async function draw({ box, signal, title }) {
  title("Simulation");
  const { data } = await get("/events?limit=100", { signal });
  box.append(adminTabs("Simulation"), el("p", {}, "So many invented people ask for a seat of a hidden copy of an event, through the real line and the real workers. Nothing of the real event changes."));
  if (!data.length) return box.append(empty("There is no event to rehearse.", el("p", {}, "Publish one first.")));
  box.append(form("simulate", [field("Event", "event", { options: data.map(({ id, name, capacity }) => [id, `${name} (${capacity})`]), value: data[0].id }),
    field("People", "users", { type: "number", min: 1, max: 20000, value: 1000, inputmode: "numeric", hint: "Up to 20,000" })], "Begin", async ({ event, users }) => {
    const { id } = await post(`/admin/events/${event}/simulate?users=${encodeURIComponent(users)}`);
    go(`/admin/simulations/${id}`);
  }));
}
