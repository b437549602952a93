// Who is using the page. The access token is in memory alone, the refresh token in a cookie that no script can read.

import { get, post, send, useKeyring } from "./api.js";
import { Problem } from "./problems.js";
import * as storage from "./storage.js";

// Remembers across reloads that there is a login, and whose: not the login itself.
const NOTE = "turnout.login";

// Behind a gateway there is nothing to log in to.
export const isGateway = document.documentElement.dataset.auth === "gateway";

let token = null;
let person = null;

// Whoever is logged in: { email, name?, role }, or null.
export const me = () => person;

const RANKS = ["attendee", "organizer", "admin"];

// Whether whoever is logged in has this role, or one that includes it.
export const mayAs = (role) => person !== null && RANKS.indexOf(person.role) >= RANKS.indexOf(role);

const changed = () => window.dispatchEvent(new Event("session"));

function forget() {
	const was = person;
	[token, person] = [null, null];
	storage.write(NOTE, null);
	if (was) changed();
}

// A refresh token is good once, so only one tab at a time may use it.
const alone = (work) => (navigator.locks ? navigator.locks.request("turnout.refresh", work) : work());

let renewing = null;

// Gets another access token. Returns whether there is one.
function renew() {
	renewing ??= alone(async () => {
		try {
			// An answer that is on its way is not given up when the page closes: the next token is in it.
			token = (await post("/auth/refresh", {}, { keepalive: true, anonymous: true })).access_token;
			return true;
		} catch (problem) {
			if (problem instanceof Problem && problem.status >= 400 && problem.status < 500
				&& problem.status !== 429) forget();
			return false;
		}
	}).finally(() => { renewing = null; });
	return renewing;
}

useKeyring({ token: () => token, renew: () => (isGateway || !storage.read(NOTE) ? false : renew()) });

// Finds out who is here.
async function recognise() {
	if (isGateway) {
		person = await get("/me").catch(() => null);
	} else if (storage.read(NOTE) && (await renew())) {
		person = await get("/me").catch(() => null);
	}
	if (person) storage.write(NOTE, person.email);
	changed();
}

// Over when it is known who is here.
export const ready = recognise();

export async function logIn(email, password) {
	token = (await post("/auth/login", { email, password, cookie: true }, { anonymous: true })).access_token;
	person = await get("/me");
	storage.write(NOTE, person.email);
	changed();
}

export async function signUp(email, name, password) {
	await post("/auth/register", { email, name, password }, { anonymous: true });
	await logIn(email, password);
}

// Ends every login of the account.
export async function logOut() {
	await send("POST", "/auth/logout", { body: {} });
	forget();
}

export async function changePassword(current_password, new_password) {
	token = (await post("/me/password", { current_password, new_password, cookie: true })).access_token;
}

window.addEventListener("online", () => { if (!person) recognise(); });

// Somebody else logged in, or out, in another tab.
window.addEventListener("storage", (event) => {
	if (event.key === NOTE && event.newValue !== (person?.email ?? null)) location.reload();
});
