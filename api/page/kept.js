// Registrations under way. They are written down before they are sent, so that after a reload, or a lost connection,
// the same key leads to the same registration and never to a second seat.

import { me } from "./session.js";
import * as storage from "./storage.js";

const name = (event) => `turnout.registration.${me()?.email ?? ""}.${event}`;

export const read = (event) => JSON.parse(storage.read(name(event)));

// Writes down { key, body, id?, ahead? }.
export const write = (event, intent) => storage.write(name(event), JSON.stringify(intent));

export const drop = (event) => storage.write(name(event), null);

const hex = (byte) => byte.toString(16).padStart(2, "0");

// A key that nobody else has. (randomUUID is not there on plain http, except on this machine.)
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(hex).join("");
