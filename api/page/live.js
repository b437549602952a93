// Follows things that change at the server, over connections that come and go.

import { send } from "./api.js";
import { sleep } from "./clock.js";
import { Problem, passes } from "./problems.js";
import { showTrouble } from "./shell.js";

const PAUSE_MAX = 15;

// Does something again and again until it returns true or the screen is left. After a failure that passes, people are
// told and it is done again, each time after a longer pause.
export async function keepOn(work, signal) {
	let failures = 0;
	while (!signal.aborted) {
		try {
			if (await work()) return;
			if (failures) showTrouble(null);
			failures = 0;
		} catch (problem) {
			if (signal.aborted) return;
			if (!(problem instanceof Problem) || !passes(problem)) throw problem;
			failures += 1;
			const seconds = Math.max(problem.retryAfter ?? 0, Math.min(PAUSE_MAX, 2 ** (failures - 1)));
			showTrouble(problem, seconds);
			// The time differs from client to client, so that they do not all come back at once.
			await sleep(seconds * (800 + Math.random() * 400), signal);
		}
	}
}

// Follows a resource with an ETag: calls `show` at first and on each change, until it returns true.
export function follow(path, { signal, show, unchanged }) {
	let tag = null;
	return keepOn(async () => {
		const response = await send("GET", path, tag ? { signal, wait: 20, headers: { "if-none-match": tag } }
			: { signal });
		if (response.status === 304) return unchanged?.();
		tag = response.headers.get("etag");
		return show(await response.json());
	}, signal);
}

// Reads something every so many seconds, not while nobody looks.
export function every(seconds, work, signal) {
	return keepOn(async () => {
		if (!document.hidden && (await work())) return true;
		await sleep(seconds * 1000, signal);
		return false;
	}, signal);
}
