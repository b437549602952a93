// The code of a ticket as a picture, drawn anew from the outline in the file: nothing else of the file gets in.

import { send, svg } from "../ui.js";

export async function qr(ticket, signal) {
	const text = await (await send("GET", `/tickets/${ticket}/qr`, { signal })).text();
	const file = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
	const viewBox = file.getAttribute("viewBox");
	const outline = file.querySelector("path")?.getAttribute("d");
	return svg("svg", { viewBox, class: "qr", role: "img",
		"aria-label": "The code of this ticket, for scanning at the door" },
		svg("rect", { width: "100%", height: "100%", fill: "#fff" }),
		svg("path", { d: outline, fill: "#000", "shape-rendering": "crispEdges" }));
}
