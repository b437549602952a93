// What the browser remembers for the page. Where nothing can be stored, it lasts as long as the page.

const memory = new Map();

export function read(name) {
	try {
		return localStorage.getItem(name) ?? memory.get(name) ?? null;
	} catch {
		return memory.get(name) ?? null;
	}
}

// Remembers a text; null forgets it.
export function write(name, text) {
	if (text === null) memory.delete(name);
	else memory.set(name, text);
	try {
		if (text === null) localStorage.removeItem(name);
		else localStorage.setItem(name, text);
	} catch {
		// It is in memory.
	}
}
