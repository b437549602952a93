// Registrations under way. They are written down before they are sent, so that after a reload, or a lost connection, the
// same key leads to the same registration and never to a second seat.

import { me } from "./session.js";

const name = (event) => `turnout.registration.${me()?.email ?? ""}.${event}`;

// Where nothing can be stored, they last as long as the page.
const memory = new Map();

export function read(event) {
  try {
    return JSON.parse(localStorage.getItem(name(event))) ?? memory.get(name(event)) ?? null;
  } catch {
    return memory.get(name(event)) ?? null;
  }
}

// Writes down { key, body, id?, ahead? }.
export function write(event, intent) {
  memory.set(name(event), intent);
  try {
    localStorage.setItem(name(event), JSON.stringify(intent));
  } catch {
    // It is in memory.
  }
  return intent;
}

export function drop(event) {
  memory.delete(name(event));
  try {
    localStorage.removeItem(name(event));
  } catch {
    // There is nothing to remove.
  }
}

// A key that nobody else has. (randomUUID is not there on plain http, except on this machine.)
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)
  .padStart(2, "0")).join("");
