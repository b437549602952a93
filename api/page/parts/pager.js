// Lists that come page by page, and tables.

import { get, withQuery } from "../api.js";
import { announce, button, el, fill } from "../dom.js";
import { many } from "../format.js";
import { attempts } from "./notice.js";

// A list with a button for more. `row` makes an element of an item, `frame` wraps what rows go into, `none` is shown when
// there are no items. `load(query)` begins anew.
export function pager({ path, row, frame, none, signal, limit = 50, body = "tbody" }) {
  const { place, attempt } = attempts(signal);
  const [list, whole, more] = [el(body, {}), el("div", {}), el("div", {})];
  let [turn, shown, query] = [0, 0, {}];

  async function page(cursor) {
    const mine = turn;
    const { data, next_cursor } = await get(withQuery(path, { ...query, limit, cursor }), { signal });
    if (mine !== turn) return;
    if (!cursor) {
      list.replaceChildren();
      shown = 0;
    }
    list.append(...data.map(row));
    shown += data.length;
    fill(whole, shown || next_cursor ? frame(list) : none());
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

// What lists of cards are framed with.
export const cards = (id) => (list) => {
  Object.assign(list, { id, className: "cards" });
  return list;
};

// A table with a caption and column heads. It can be scrolled with the keyboard where it is too wide.
export function table(caption, heads, body) {
  const head = el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text))));
  const inner = el("table", {}, el("caption", { class: "unseen" }, caption), head, body);
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, inner);
}

// A row of a table; its first cell names it.
export const row = (attributes, first, ...cells) =>
  el("tr", attributes, el("th", { scope: "row" }, first), cells.map((cell) => el("td", {}, cell)));
