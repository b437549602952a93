// Logging in.

import { replace } from "../router.js";
import { isGateway, logIn } from "../session.js";
import { field, form, linkButton, p } from "../ui.js";

// Where to go afterwards: a place on this page, whatever the address says.
export const nextOf = (query) => (/^\/[a-z0-9/-]*$/i.test(query.get("next") ?? "") ? query.get("next") : "/");

// How one gets to the other form without losing where one was going.
export const other = (path, query, text) => linkButton("other", `${path}?next=${encodeURIComponent(nextOf(query))}`, text);

export async function draw({ box, query, title }) {
  title("Log in");
  if (isGateway) return box.append(p("The gateway in front of this service signs people in; there are no passwords here."));
  // A link may bring them along (a demo prints such links); nothing is sent before somebody presses the button.
  const given = (name) => ({ required: true, value: query.get(name) ?? "" });
  const fields = [field("E-mail", "email", { type: "email", autocomplete: "username", ...given("email") }),
    field("Password", "password", { type: "password", autocomplete: "current-password", ...given("password") })];
  box.append(form("log-in", fields, "Log in", async ({ email, password }) => {
    await logIn(email, password);
    replace(nextOf(query));
  }, other("/sign-up", query, "New here? Make an account")));
}
