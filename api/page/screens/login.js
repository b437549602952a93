// Logging in, and making an account. Everybody begins as an attendee.

import { replace } from "../router.js";
import { isGateway, logIn, signUp } from "../session.js";
import { field, form, linkButton, p } from "../ui.js";

const fieldsOf = (isNew, query) => {
	const given = (name) => ({ required: true, value: query.get(name) ?? "" });
	const secret = isNew ? { autocomplete: "new-password", hint: "At least 8 characters. A few words are good." }
		: { autocomplete: "current-password" };
	return [isNew && field("Your name", "name", { autocomplete: "name", required: true, maxlength: 200 }),
		// A link may bring them along (a demo prints such links); nothing is sent before somebody presses the button.
		field("E-mail", "email", { type: "email", autocomplete: "username", ...given("email"),
			hint: isNew && "Your tickets belong to it. No mail is sent." }),
		field("Password", "password", { type: "password", ...secret, ...given("password") })];
};

export async function draw({ box, path, query, title }) {
	const isNew = path === "/sign-up";
	title(isNew ? "Make an account" : "Log in");
	if (isGateway) return box.append(p("The gateway in front of this service signs people in: there are no passwords."));
	// A place on this page, whatever the address says.
	const next = /^\/[a-z0-9/-]*$/i.exec(query.get("next"))?.[0] ?? "/";
	const [other, label] = isNew ? ["/log-in", "I have one"] : ["/sign-up", "New here? Make an account"];
	const work = async ({ email, name, password }) => {
		await (isNew ? signUp(email, name, password) : logIn(email, password));
		replace(next);
	};
	box.append(form(isNew ? "sign-up" : "log-in", fieldsOf(isNew, query), isNew ? "Make the account" : "Log in", work,
		linkButton("other", `${other}?next=${encodeURIComponent(next)}`, label)));
}
