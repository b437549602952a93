// The visitor's account: who they are, their password, and the way out.

import { button, el } from "../dom.js";
import { state } from "../format.js";
import { field, form } from "../parts/form.js";
import { problemPlace } from "../parts/notice.js";
import { go } from "../router.js";
import { changePassword, isGateway, logOut, me } from "../session.js";

const ROLES = { attendee: "attendee", organizer: "organizer", admin: "administrator" };

export async function draw({ box, title }) {
  const { email, name, role } = me();
  title("Your account");
  const { place, show } = problemPlace();
  box.append(el("dl", {}, name && [el("dt", {}, "Name"), el("dd", {}, name)], el("dt", {}, "E-mail"), el("dd", { id: "email" }, email), el("dt", {}, "Role"), el("dd", { id: "role" }, ROLES[role] ?? state(role))));
  if (isGateway) return box.append(el("p", { class: "muted" }, "The gateway in front of this service says who you are. Log out there."));
  const out = button("Log out", { id: "log-out" }, async () => {
    try {
      await logOut();
      go("/");
    } catch (problem) {
      show(problem);
    }
  });
  const done = el("p", { role: "status", class: "small" });
  box.append(place, el("p", { class: "actions" }, out, el("span", { class: "small muted" }, "Ends your logins on all devices.")),
    el("details", {}, el("summary", {}, "Change the password"), form("password", [
      field("Current password", "current_password", { type: "password", autocomplete: "current-password" }),
      field("New password", "new_password", { type: "password", autocomplete: "new-password", hint: "At least 8 characters. Your other logins end." }),
    ], "Change the password", async ({ current_password, new_password }, element) => {
      done.textContent = "";
      await changePassword(current_password, new_password);
      element.reset();
      done.textContent = "The password was changed. Your other logins have ended.";
    }), done));
}
