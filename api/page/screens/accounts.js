// Accounts and what they may do.

import { adminTabs } from "../parts/tabs.js";
import { isGateway } from "../session.js";
import { announce, attempts, brief, el, field, filters, pager, patch, row } from "../ui.js";

const ROLES = [["attendee", "attendee"], ["organizer", "organizer"], ["admin", "administrator"]];
const HEADS = ["Name", "E-mail", "Role", "May log in", "Made"];

export async function draw({ box, signal, title }) {
	title("Accounts");
	const { place, attempt } = attempts(signal);

	function line(account) {
		const { id, name, email } = account;
		async function change(values) {
			const isSaved = await attempt(async () => { account = await patch(`/admin/accounts/${id}`, values); });
			// What was not taken over is put back, so that the page never shows what is not so.
			[role.value, active.checked] = [account.role, account.is_active];
			if (isSaved) announce("Saved.");
		}
		const options = ROLES.map(([value, text]) => el("option", { value, selected: value === account.role }, text));
		const role = el("select", { "aria-label": `Role of ${name}`, "data-role": email, disabled: isGateway,
			onchange: () => change({ role: role.value }) }, options);
		const active = el("input", { type: "checkbox", checked: account.is_active, "aria-label": `${name} may log in`,
			"data-active": email, disabled: isGateway, onchange: () => change({ is_active: active.checked }) });
		return row({ "data-account": id }, name, email, role, active, brief(account.created_at));
	}

	const email = field("E-mail begins with", "email", { autocomplete: "off" });
	const narrow = filters([email], (entries) => list.load(entries));
	const list = pager({ path: "/admin/accounts", row: line, signal, caption: "Accounts, the oldest first", heads: HEADS,
		none: ["No account begins like this."] });
	box.append(adminTabs("Accounts"), narrow.element, place, list.element);
	await list.load({});
}
