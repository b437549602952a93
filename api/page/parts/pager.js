// Lists that come page by page, and tables.

import { get, withQuery } from "../api.js";
import { announce, button, el, fill } from "../dom.js";
import { many } from "../format.js";
import { attempts, empty } from "./notice.js";

const LIMIT = 50;

// A list with a button for more. `row` makes an element of an item, a row of a table with these `heads` or else a card;
// `none` says what an empty list says. `load(query)` begins anew.
export function pager({ path, row, id, caption, heads, none, signal }) {
	const { place, attempt } = attempts(signal);
	const list = heads ? el("tbody", { id }) : el("ul", { id, class: "cards" });
	const [framed, whole, more] = [heads ? table(caption, heads, list) : list, el("div", {}), el("div", {})];
	let [turn, shown, query] = [0, 0, {}];

	async function page(cursor) {
		const mine = turn;
		const { data, next_cursor } = await get(withQuery(path, { ...query, limit: LIMIT, cursor }), { signal });
		if (mine !== turn) return;
		if (!cursor) {
			list.replaceChildren();
			shown = 0;
		}
		list.append(...data.map(row));
		shown += data.length;
		fill(whole, shown || next_cursor ? framed : empty(...none));
		const next = () => attempt(() => page(next_cursor));
		fill(more, next_cursor && button("Show more", { "data-more": true }, next));
		announce(`${many(shown, "entry", "entries")} shown`);
	}

	function load(entries = query) {
		turn += 1;
		query = entries;
		return attempt(() => page());
	}

	return { element: el("div", {}, place, whole, more), load };
}

// A table with a caption and column heads. It can be scrolled with the keyboard where it is too wide.
export function table(caption, heads, body) {
	const head = el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text))));
	const inner = el("table", {}, el("caption", { class: "unseen" }, caption), head, body);
	return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, inner);
}

// A row of a table; its first cell names it.
export const row = (attributes, first, ...cells) =>
	el("tr", attributes, el("th", { scope: "row" }, first), cells.map((cell) => el("td", {}, cell)));
