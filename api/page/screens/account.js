// The visitor's account: who they are, their password, and the way out.

import { go } from "../router.js";
import { changePassword, isGateway, logOut, me } from "../session.js";
import { button, el, field, form, attempts, state } from "../ui.js";

const ROLES = { attendee: "attendee", organizer: "organizer", admin: "administrator" };

export async function draw({ box, title }) {
  const { email, name, role } = me();
  title("Your account");
  const { place, attempt } = attempts();
  box.append(el("dl", {}, name && [el("dt", {}, "Name"), el("dd", {}, name)], el("dt", {}, "E-mail"), el("dd", { id: "email" }, email), el("dt", {}, "Role"), el("dd", { id: "role" }, ROLES[role] ?? state(role))));
  if (isGateway) return box.append(el("p", { class: "muted" }, "The gateway in front of this service says who you are. Log out there."));
  const out = button("Log out", { id: "log-out" }, () => attempt(async () => {
    await logOut();
    go("/");
  }));
  const done = el("p", { role: "status", class: "small" });
  box.append(place, el("p", { class: "actions" }, out, el("span", { class: "small muted" }, "Ends your logins on all devices.")),
    el("details", {}, el("summary", {}, "Change the password"), form("password", [
      field("E-mail", "username", { type: "email", autocomplete: "username", value: email, readonly: true }),
      field("Current password", "current_password", { type: "password", autocomplete: "current-password" }),
      field("New password", "new_password", { type: "password", autocomplete: "new-password", hint: "At least 8 characters. Your other logins end." }),
    ], "Change the password", async ({ current_password, new_password }, element) => {
      done.textContent = "";
      await changePassword(current_password, new_password);
      element.reset();
      done.textContent = "The password was changed. Your other logins have ended.";
    }), done));
}
