// Asks before something that cannot be taken back.

import { el } from "../ui.js";

// Resolves to true when the person says yes.
export function ask(title, text, yes, no = "No, go back") {
	return new Promise((resolve) => {
		const dialog = el("dialog", { "aria-labelledby": "ask-title", id: "ask" },
			el("h2", { id: "ask-title" }, title), [text].flat().map((line) => el("p", {}, line)),
			el("form", { method: "dialog", class: "actions" },
				el("button", { value: "no", id: "ask-no" }, no),
					el("button", { value: "yes", class: "primary", id: "ask-yes" }, yes)));
		dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
		// A screen that is left takes its question with it.
		window.addEventListener("hashchange", () => dialog.close("no"), { once: true });
		document.body.append(dialog);
		dialog.showModal();
	});
}
