// The door: scan or type a code, see a big yes or no.

import { newKey } from "../kept.js";
import { canScan, scan } from "../parts/camera.js";
import { countsOf } from "../parts/counts.js";
import { eventTabs } from "../parts/tabs.js";
import { Problem } from "../problems.js";
import {
	button, clockTime, count, el, every, field, fill, form, get, many, p, post, problemBox, small,
} from "../ui.js";

const LAST = 10;

// Seconds between looks.
const LOOK = 10;

const NO_CAMERA = { detail: "The camera cannot be used. Allow it in the browser, or type the code." };

function noOf(problem) {
	switch (problem.code) {
		case "already_checked_in":
			return ["Used already", `Let in at ${clockTime(problem.checked_in_at)} by ${problem.checked_in_by}.`];
		case "not_found": return ["No", "This is no ticket for an event of yours."];
		case "offline": return ["Not known", "No connection. Scan it again: a ticket opens once, whatever happened."];
		default: return ["No", problem.sentence];
	}
}

// The answer to the last scan, and a list of those before.
function board() {
	const verdict = el("div", { class: "verdict", id: "verdict", role: "status", "aria-live": "assertive" },
		p("Scan a code, or type it."));
	const list = el("ol", { id: "last", reversed: true });
	const scans = [];
	const item = ([kind, title, text, at]) =>
		el("li", { "data-scan": kind }, `${at} ${kind === "yes" ? "✓" : "✗"} ${title}: ${text}`);
	function say(kind, title, text, ...more) {
		verdict.className = `verdict ${kind}`;
		fill(verdict, el("p", { class: "big" }, title), p(text), more);
		scans.unshift([kind, title, text, clockTime(Date.now())]);
		fill(list, scans.slice(0, LAST).map(item));
	}
	return { verdict, list, say };
}

export async function draw({ box, params: { id }, signal, title }) {
	const event = await get(`/events/${id}`, { signal });
	title(`Check-in for ${event.name}`);
	const { verdict, list, say } = board();
	const inside = el("p", { id: "inside", class: "big" }, "…");

	async function recount() {
		const { checked_in = 0, confirmed = 0 } = (await countsOf(id, signal)) ?? {};
		inside.textContent = `${count(checked_in)} of ${count(checked_in + confirmed)} in`;
	}

	function takeBack(ticket) {
		const why = field("Why is it taken back?", "reason", { maxlength: 500 });
		const undo = form("undo", [why], "Take it back", async (body) => {
			await post(`/check-ins/${ticket}/undo`, body);
			verdict.className = "verdict";
			fill(verdict, p("It was taken back: the ticket opens the door again."));
			await recount();
		});
		return el("details", {}, el("summary", {}, "That was a mistake"), undo);
	}

	async function check(code) {
		fill(verdict, p("One moment…"));
		try {
			const one = await post("/check-ins", { code, nonce: newKey() }, { signal, again: true });
			const answer = one.event_id === id
				? ["yes", one.name, `${many(one.party_size, "person", "people")}. Come in!`]
				: ["no", "Another event", `${one.name} has a ticket for another event of yours. Take this back.`];
			say(...answer, takeBack(one.ticket_id));
			recount().catch(() => {});
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			say("no", ...noOf(problem));
		}
		navigator.vibrate?.(verdict.classList.contains("yes") ? 60 : [60, 60, 60]);
	}

	const code = field("Code", "code", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
		maxlength: 100, hint: "Spaces and capitals do not matter." });
	const typed = form("check-in", [code], "Check in", async (entries, element) => {
		if (entries.code) await check(entries.code);
		element.reset();
		element.querySelector("input").focus();
	});

	const camera = el("div", {});
	const start = button("Use the camera", { id: "camera" }, () => {
		const video = el("video", { playsinline: true, muted: true, "aria-label": "What the camera sees" });
		fill(camera, video);
		const failed = () => signal.aborted || fill(camera, problemBox(new Problem("camera", NO_CAMERA)), start);
		scan(video, signal, check).catch(failed);
	});
	fill(camera, canScan ? start : small("This browser cannot read codes with the camera: type them."));
	const history = el("div", {}, inside, el("h2", {}, "Last scans"), list);
	box.append(eventTabs(id, "Check-in"), el("div", { class: "two" }, el("div", {}, verdict, typed, camera), history));
	every(LOOK, recount, signal).catch(() => {});
}
