// Making an account. Everybody begins as an attendee.

import { replace } from "../router.js";
import { isGateway, signUp } from "../session.js";
import { field, form, p } from "../ui.js";
import { nextOf, other } from "./login.js";

export async function draw({ box, query, title }) {
  title("Make an account");
  if (isGateway) return box.append(p("The gateway in front of this service knows people; there is nothing to make here."));
  const fields = [field("Your name", "name", { autocomplete: "name", required: true, maxlength: 200 }),
    field("E-mail", "email", { type: "email", autocomplete: "username", required: true,
      hint: "Your tickets belong to it. No mail is sent." }),
    field("Password", "password", { type: "password", autocomplete: "new-password", required: true,
      hint: "At least 8 characters. A few words are good." })];
  box.append(form("sign-up", fields, "Make the account", async ({ email, name, password }) => {
    await signUp(email, name, password);
    replace(nextOf(query));
  }, other("/log-in", query, "I have one")));
}
