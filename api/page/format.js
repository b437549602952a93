// Numbers and times for people: in the visitor's zone, with the event's zone named.

// The page speaks English, in the visitor's kind of it.
const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";

export const count = (number) => new Intl.NumberFormat(LANGUAGE).format(number);

// "1 seat", "2 seats".
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

const moment = (time, options) => new Intl.DateTimeFormat(LANGUAGE, options).format(new Date(time));
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const LONG = { weekday: "short", day: "numeric", month: "long", year: "numeric", ...TIME };

// A day and a time, for the visitor.
export const when = (time) => moment(time, LONG);

// The time alone, with seconds.
export const clockTime = (time) => moment(time, { ...TIME, second: "2-digit" });

// A day and a time in few characters.
export const brief = (time) => moment(time, { day: "numeric", month: "short", ...TIME });

// When an event begins: the visitor's time, and the event's where that is another one.
export function whenThere(time, zone) {
	const here = when(time);
	let there = here;
	try {
		there = moment(time, { ...LONG, timeZone: zone });
	} catch {
		// A zone that this browser does not know.
	}
	return there === here ? `${here} (${zone})` : `${here} your time (${there} in ${zone})`;
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// About how long: "3 minutes".
export function roughly(seconds) {
	const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? UNITS[3];
	return many(Math.round(seconds / length), unit);
}

// Exactly how long is left: "4:59", "2:04:59", "3 days 2 hours".
export function left(milliseconds) {
	const all = Math.ceil(milliseconds / 1000);
	const [days, hours, minutes, seconds] = [Math.floor(all / 86400), Math.floor(all / 3600) % 24,
		Math.floor(all / 60) % 60, all % 60];
	if (days) return `${many(days, "day")} ${many(hours, "hour")}`;
	return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

const words = {
	waitlisted: "on the waitlist", reserved: "held", checked_in: "checked in", settled: "decided",
};

// A state in words.
export const state = (name) => words[name] ?? name;

const two = (number) => String(number).padStart(2, "0");

// What a clock in a zone shows at a time, as a datetime-local input wants it.
export function wallTime(time, zone) {
	const format = new Intl.DateTimeFormat("en-GB",
		{ timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", ...TIME });
	const part = Object.fromEntries(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
	return `${part.year}-${two(part.month)}-${two(part.day)}T${two(part.hour)}:${two(part.minute)}`;
}

// When a clock in a zone shows this.
export function fromWallTime(wall, zone) {
	const wanted = Date.parse(`${wall}:00Z`);
	let time = wanted;
	// The second step counts where the first crossed a change of the clocks.
	for (let step = 0; step < 2; step += 1) time += wanted - Date.parse(`${wallTime(time, zone)}:00Z`);
	return new Date(time).toISOString();
}
