// What time it is at the server. Holds end by its clock, not by the visitor's.

// The difference lies between these bounds; every answer narrows them, because Date is given in whole seconds.
let least = -Infinity;
let most = Infinity;

// Learns from an answer that was asked for and came at these times.
export function learn(date, sentAt, receivedAt) {
	const served = Date.parse(date);
	if (Number.isNaN(served)) return;
	least = Math.max(least, served - receivedAt);
	most = Math.min(most, served + 1000 - sentAt);
	if (least > most) [least, most] = [served - receivedAt, served + 1000 - sentAt];
}

// Now, at the server, in milliseconds.
export const now = () => Date.now() + (Number.isFinite(least) && Number.isFinite(most) ? (least + most) / 2 : 0);

// Waits so many milliseconds, unless the screen is left.
export function sleep(milliseconds, signal) {
	return new Promise((resolve, reject) => {
		if (signal?.aborted) return reject(signal.reason);
		const leave = () => { clearTimeout(timer); reject(signal.reason); };
		const timer = setTimeout(() => { signal?.removeEventListener("abort", leave); resolve(); }, milliseconds);
		signal?.addEventListener("abort", leave, { once: true });
	});
}

// Calls with the milliseconds that are left, each second until none is, or until the screen is left.
export function countDown(until, signal, show) {
	let timer;
	signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
	const tick = () => {
		const left = Date.parse(until) - now();
		show(Math.max(0, left));
		// Just after the second turns, so that none is skipped.
		if (left > 0 && !signal.aborted) timer = setTimeout(tick, (left % 1000) + 5);
	};
	tick();
}
