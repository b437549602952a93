// The visitor's account: who they are, their password, and the way out.

import { list } from "../parts/facts.js";
import { go } from "../router.js";
import { changePassword, isGateway, logOut, me } from "../session.js";
import { actions, attempts, button, el, field, form, p, small } from "../ui.js";

const ROLES = { attendee: "attendee", organizer: "organizer", admin: "administrator" };

function passwordForm(email) {
	const done = el("p", { role: "status" });
	const password = (label, name, autocomplete, hint) => field(label, name, { type: "password", autocomplete, hint });
	// The e-mail is for password managers.
	const fields = [field("E-mail", "username", { autocomplete: "username", value: email, readonly: true }),
		password("Current password", "current_password", "current-password"),
		password("New password", "new_password", "new-password", "At least 8 characters. Your other logins end.")];
	const work = async ({ current_password, new_password }, element) => {
		done.textContent = "";
		await changePassword(current_password, new_password);
		element.reset();
		done.textContent = "The password was changed. Your other logins have ended.";
	};
	return el("details", {}, el("summary", {}, "Change the password"), form("password", fields, "Change it", work), done);
}

export async function draw({ box, title }) {
	const { email, name, role } = me();
	title("Your account");
	box.append(list(["Name", name], ["E-mail", email], ["Role", ROLES[role]]));
	if (isGateway) return box.append(p("The gateway in front of this service says who you are. Log out there."));
	const { place, attempt } = attempts();
	const out = button("Log out", { id: "log-out" }, () => attempt(async () => {
		await logOut();
		go("/");
	}));
	box.append(place, actions(out), small("This ends your logins on all devices."), passwordForm(email));
}
