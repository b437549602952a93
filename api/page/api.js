// Asks the service. Every screen goes through here: it sends the access token, gets another one when it is no longer
// good, waits when it is told to, and turns refusals into problems.

import { learn, sleep } from "./clock.js";
import { Problem } from "./problems.js";

// How often a request that was put off is sent again before somebody is told.
const TRIES = 4;

// Set by the session: where tokens come from.
let keyring = { token: () => null, renew: async () => false };
export const useKeyring = (ring) => { keyring = ring; };

async function once(method, path, { body, headers = {}, wait, signal, keepalive, anonymous }) {
	const all = { ...headers };
	if (body !== undefined) all["content-type"] = "application/json";
	if (wait) all.prefer = `wait=${wait}`;
	const token = anonymous ? null : keyring.token();
	if (token) all.authorization = `Bearer ${token}`;
	const sentAt = Date.now();
	let response;
	try {
		response = await fetch(path, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body),
			signal, keepalive });
	} catch (error) {
		if (signal?.aborted) throw error;
		throw new Problem("offline");
	}
	// What waited at the server says little about the clock.
	learn(response.headers.get("date"), wait ? -Infinity : sentAt, Date.now());
	if (response.ok || response.status === 304) return response;
	const members = await response.json().catch(() => ({}));
	const retryAfter = Number(response.headers.get("retry-after")) || undefined;
	throw new Problem(members.code ?? "internal_error", { ...members, status: response.status, retryAfter });
}

// What was put off was not done. `busy` may come after the act, so only what can be asked twice is sent again.
function isPutOff(problem, method, again) {
	if (problem.code === "rate_limited") return problem.retryAfter <= 10;
	return problem.code === "busy" && (method === "GET" || again);
}

// Sends a request and returns the response. Options: body, headers, wait (seconds), signal, again (asking twice is the
// same as asking once).
export async function send(method, path, options = {}) {
	let renewed = false;
	for (let tries = 1; ; tries += 1) {
		try {
			return await once(method, path, options);
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			if (["invalid_token", "unauthenticated"].includes(problem.code) && !renewed && !options.anonymous) {
				renewed = true;
				if (await keyring.renew()) continue;
			}
			if (tries >= TRIES || !isPutOff(problem, method, options.again)) throw problem;
			await sleep((problem.retryAfter ?? 1) * 1000, options.signal);
		}
	}
}

async function json(method, path, options) {
	const response = await send(method, path, options);
	return response.status === 204 ? null : response.json();
}

export const get = (path, options) => json("GET", path, options);
export const post = (path, body, options) => json("POST", path, { ...options, body: body ?? {} });
export const patch = (path, body, options) => json("PATCH", path, { ...options, body });

// The pages of a list, so many at most.
export async function* pages(path, most, signal) {
	let cursor;
	for (let n = 0; n < most; n += 1) {
		const page = await get(withQuery(path, { limit: 100, cursor }), { signal });
		yield page;
		cursor = page.next_cursor;
		if (!cursor) return;
	}
}

// A path with its query; what is empty is left out.
export function withQuery(path, query) {
	const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
	return entries.length ? `${path}?${new URLSearchParams(entries)}` : path;
}
