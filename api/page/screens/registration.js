// A registration that waits to be decided: how many are ahead, how long it may take, and then the answer.

import { sleep } from "../clock.js";
import * as kept from "../kept.js";
import { eventLink } from "../parts/names.js";
import { Problem } from "../problems.js";
import { replace } from "../router.js";
import {
	actions, announce, count, el, fill, get, keepOn, linkButton, p, problemBox, roughly, small, tell,
} from "../ui.js";

// Seconds that one question waits for the decision. After each the place in line is shown anew.
const WAIT = 2;

// Seconds between looks at what an operator has to look at first.
const FAILED_PAUSE = 10;

function place(ahead) {
	if (ahead === undefined) return "Your place is being looked up";
	return ahead === 0 ? "You are next" : `${count(ahead)} ahead of you`;
}

const estimate = (seconds) => (seconds === undefined
	? "How long it takes is unknown: nothing moved lately that it could be told from."
	: `About ${roughly(Math.max(1, seconds))}, going by how fast the line moves.`);

// The most that were ahead, also before a reload.
function mostOf({ event_id, ahead = 0 }) {
	const intent = kept.read(event_id);
	const most = Math.max(intent?.ahead ?? 0, ahead);
	if (intent && most !== intent.ahead) kept.write(event_id, { ...intent, ahead: most });
	return most;
}

function waitingRoom(registration) {
	const [where, time] = [el("p", { class: "big", id: "ahead" }), el("p", { id: "estimate" })];
	const bar = el("progress", { id: "progress", "aria-label": "Progress of the line" });
	const card = el("section", { class: "card lead", "data-status": "pending" },
		p("Your request for ", eventLink(registration.event_id), " is in line. It is decided in the order of asking."),
		where, bar, time,
		small("You may close this page: your request keeps its place, and the answer is under “My tickets”."));
	let told = -1;

	function update(registration) {
		const { ahead, estimate_seconds } = registration;
		const most = mostOf(registration);
		tell(where, place(ahead));
		tell(time, estimate(estimate_seconds));
		// Only what has moved counts. Where nothing is known the bar says so.
		if (ahead === undefined || !most) bar.removeAttribute("value");
		else Object.assign(bar, { max: most, value: most - ahead });
		// Those who listen hear of each quarter, not of each step.
		const quarter = most ? Math.floor(((most - (ahead ?? most)) / most) * 4) : 0;
		if (quarter !== told) announce(`${place(ahead)}. ${estimate(estimate_seconds)}`);
		told = quarter;
	}
	return { card, update };
}

function refused({ event_id, refusal }) {
	const [path, text] = refusal.code === "already_registered" ? ["/tickets", "Show my tickets"]
		: [`/events/${event_id}`, "Back to the event"];
	return [problemBox(new Problem(refusal.code, refusal)), p("This was about ", eventLink(event_id), "."),
		actions(linkButton("next", path, text, "primary"), linkButton("others", "/", "Other events"))];
}

const failed = () => el("div", { class: "notice", "data-status": "failed" },
	p("Something went wrong while your request was decided. It is not lost: somebody who runs the service will look at ",
		"it, and then it is decided. You may close this page."));

export async function draw({ box, params, signal, title, show }) {
	const heading = title("In line");
	const body = el("div", {});
	box.append(body);
	let room = null;

	function put(name, ...children) {
		tell(heading, name);
		document.title = `${name} · Turnout`;
		fill(body, children);
		show();
	}

	async function step(registration) {
		const { status, event_id, ticket_id } = registration;
		if (status === "pending") {
			if (!room) put("In line", (room = waitingRoom(registration)).card);
			room.update(registration);
			return false;
		}
		room = null;
		if (status === "failed") {
			put("Not decided yet", failed());
			await sleep(FAILED_PAUSE * 1000, signal);
			return false;
		}
		kept.drop(event_id);
		if (ticket_id) {
			announce(status === "reserved" ? "A seat is held for you." : "You are on the waitlist.");
			replace(`/tickets/${ticket_id}`);
		} else {
			put("No seat this time", refused(registration));
		}
		return true;
	}

	const look = async (wait) => step(await get(`/registrations/${params.id}`, { signal, wait }));
	if (await look()) return;
	// Not awaited: the screen is there.
	keepOn(() => look(WAIT), signal).catch((problem) => signal.aborted || fill(body, problemBox(problem)));
}
