// Builds elements. Text only ever becomes text nodes, so a name can hold any characters.

const SVG = "http://www.w3.org/2000/svg";

// Children may be nested lists; what is null, undefined or false is left out.
const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined
	&& child !== false);

function dress(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
		else element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...nodes(children));
	return element;
}

// An element of the page: el("a", { href: "#/" }, "Home").
export const el = (name, attributes, ...children) => dress(document.createElement(name), attributes, children);

// An element of a picture.
export const svg = (name, attributes, ...children) => dress(document.createElementNS(SVG, name), attributes, children);

// Puts these children in place of those that are there.
export function fill(parent, ...children) {
	parent.replaceChildren(...nodes(children));
	return parent;
}

// Changes a text only when it is another one, so that screen readers do not repeat it.
export function tell(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

// Says something to those who cannot see it change.
export const announce = (text) => tell(document.getElementById("announcer"), text);

// Paragraphs, links and rows of buttons, which every screen has.
export const p = (...children) => el("p", {}, children);
export const small = (...children) => el("p", { class: "small muted" }, children);
export const actions = (...children) => el("p", { class: "actions" }, children);
export const link = (path, text, attributes) => el("a", { href: `#${path}`, ...attributes }, text);
export const linkButton = (id, path, text, kind = "") => link(path, text, { id, class: `button ${kind}` });

// A button that shows that it works, and cannot be pressed meanwhile.
export function button(text, attributes, work) {
	const element = el("button", { type: "button", ...attributes }, text);
	element.addEventListener("click", () => busily(element, () => work(element)));
	return element;
}

// Marks a button, or a form's buttons, as busy while something is under way.
export async function busily(element, work) {
	const buttons = element.matches("form") ? [...element.querySelectorAll("button")] : [element];
	if (buttons.some((one) => one.getAttribute("aria-disabled") === "true")) return;
	// Not `disabled`: that would throw the keyboard's focus away.
	buttons.forEach((one) => { one.setAttribute("aria-disabled", "true"); one.classList.add("busy"); });
	try {
		await work();
	} finally {
		buttons.forEach((one) => { one.removeAttribute("aria-disabled"); one.classList.remove("busy"); });
	}
}
