// Logging in.

import { replace } from "../router.js";
import { isGateway, logIn } from "../session.js";
import { el, field, form } from "../ui.js";

// Where to go afterwards: a place on this page, whatever the address says.
export const nextOf = (query) => (/^\/[a-z0-9/-]*$/i.test(query.get("next") ?? "") ? query.get("next") : "/");

// How one gets to the other form without losing where one was going.
export const beside = (path, query, text) => el("a", { class: "button", href: `#${path}?next=${encodeURIComponent(nextOf(query))}` }, text);

export async function draw({ box, query, title }) {
  title("Log in");
  if (isGateway) return box.append(el("p", {}, "The gateway in front of this service signs people in; there are no passwords here."));
  const fields = [
    // A link may bring them along (a demo prints such links); nothing is sent before somebody presses the button.
    field("E-mail", "email", { type: "email", autocomplete: "username", required: true, value: query.get("email") ?? "" }),
    field("Password", "password", { type: "password", autocomplete: "current-password", required: true, value: query.get("password") ?? "" }),
  ];
  box.append(form("log-in", fields, "Log in", async ({ email, password }) => {
    await logIn(email, password);
    replace(nextOf(query));
  }, beside("/sign-up", query, "New here? Make an account")));
}
