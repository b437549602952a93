// Accounts and what they may do.

import { patch } from "../api.js";
import { announce, el } from "../dom.js";
import { brief } from "../format.js";
import { field } from "../parts/form.js";
import { empty, problemPlace } from "../parts/notice.js";
import { pager, row, table } from "../parts/pager.js";
import { adminTabs } from "../parts/tabs.js";
import { isGateway } from "../session.js";

export async function draw({ box, signal, title }) {
  title("Accounts");
  const { place, show } = problemPlace();
  function line(account) {
    // What was not taken over is put back, so that the page never shows what is not so.
    const change = (values) => async () => {
      show(null);
      try { account = await patch(`/admin/accounts/${account.id}`, values()); announce("Saved."); } catch (problem) { show(problem); }
      role.value = account.role;
      active.checked = account.is_active;
    };
    const role = el("select", { "aria-label": `Role of ${account.name}`, "data-role": account.email, disabled: isGateway, onchange: (event) => change(() => ({ role: event.target.value }))() },
      [["attendee", "attendee"], ["organizer", "organizer"], ["admin", "administrator"]].map(([value, text]) => el("option", { value, selected: value === account.role }, text)));
    const active = el("input", { type: "checkbox", checked: account.is_active, "aria-label": `${account.name} may log in`, "data-active": account.email, disabled: isGateway, onchange: (event) => change(() => ({ is_active: event.target.checked }))() });
    return row({ "data-account": account.id }, account.name, account.email, role, active, brief(account.created_at));
  }
  const filters = el("form", { class: "form", id: "filter", onsubmit: (submit) => submit.preventDefault() }, field("E-mail begins with", "email", { autocomplete: "off" }));
  const list = pager({ path: "/admin/accounts", row: line, signal, frame: (body) => table("Accounts, the oldest first", ["Name", "E-mail", "Role", "May log in", "Made"], body), none: () => empty("No account begins like this.") });
  filters.addEventListener("input", () => list.load(Object.fromEntries(new FormData(filters))));
  box.append(adminTabs("Accounts"), filters, place, list.element);
  await list.load({});
}
