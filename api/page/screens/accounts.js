// Accounts and what they may do.

import { adminTabs } from "../parts/tabs.js";
import { isGateway } from "../session.js";
import { announce, brief, el, empty, field, filters, pager, patch, attempts, row, table } from "../ui.js";

export async function draw({ box, signal, title }) {
  title("Accounts");
  const { place, attempt } = attempts(signal);
  function line(account) {
    // What was not taken over is put back, so that the page never shows what is not so.
    const change = (values) => async () => {
      const isSaved = await attempt(async () => { account = await patch(`/admin/accounts/${account.id}`, values()); });
      if (isSaved) announce("Saved.");
      role.value = account.role;
      active.checked = account.is_active;
    };
    const role = el("select", { "aria-label": `Role of ${account.name}`, "data-role": account.email, disabled: isGateway, onchange: (event) => change(() => ({ role: event.target.value }))() },
      [["attendee", "attendee"], ["organizer", "organizer"], ["admin", "administrator"]].map(([value, text]) => el("option", { value, selected: value === account.role }, text)));
    const active = el("input", { type: "checkbox", checked: account.is_active, "aria-label": `${account.name} may log in`, "data-active": account.email, disabled: isGateway, onchange: (event) => change(() => ({ is_active: event.target.checked }))() });
    return row({ "data-account": account.id }, account.name, account.email, role, active, brief(account.created_at));
  }
  const narrow = filters([field("E-mail begins with", "email", { autocomplete: "off" })], (query) => list.load(query));
  const list = pager({ path: "/admin/accounts", row: line, signal, frame: (body) => table("Accounts, the oldest first", ["Name", "E-mail", "Role", "May log in", "Made"], body), none: () => empty("No account begins like this.") });
  box.append(adminTabs("Accounts"), narrow.element, place, list.element);
  await list.load({});
}
