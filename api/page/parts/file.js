// Files that only their owner may have: fetched with the token, then handed over.

import { el, send } from "../ui.js";

export async function download(path, name, headers) {
	const blob = await (await send("GET", path, { headers })).blob();
	const address = URL.createObjectURL(blob);
	const anchor = el("a", { href: address, download: name });
	document.body.append(anchor);
	anchor.click();
	anchor.remove();
	// The browser has to begin to read it first.
	setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
