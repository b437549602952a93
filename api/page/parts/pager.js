// Lists that come page by page.

import { get, withQuery } from "../api.js";
import { announce, button, el, fill } from "../dom.js";
import { many } from "../format.js";
import { attempts } from "./notice.js";

// A list with a button for more. `row` makes an element of an item, `frame` wraps the body that rows go into, `none` is
// shown when there are no items. `load(query)` begins anew.
export function pager({ path, row, frame, none, signal, limit = 50, body = "tbody" }) {
  const { place, attempt } = attempts(signal);
  const list = el(body, {});
  const whole = el("div", {});
  const more = el("div", {});
  const state = { query: {}, shown: 0 };
  let turn = 0;

  async function page(cursor) {
    const mine = turn;
    const { data, next_cursor } = await get(withQuery(path, { ...state.query, limit, cursor }), { signal });
    if (mine !== turn) return;
    if (!cursor) {
      list.replaceChildren();
      state.shown = 0;
    }
    list.append(...data.map(row));
    state.shown += data.length;
    fill(whole, state.shown || next_cursor ? frame(list) : none());
    const next = () => attempt(() => page(next_cursor));
    fill(more, next_cursor && button("Show more", { "data-more": true }, next));
    announce(`${many(state.shown, "entry", "entries")} shown`);
  }

  function load(query = state.query) {
    turn += 1;
    state.query = query;
    return attempt(page);
  }

  return { element: el("div", {}, place, whole, more), load };
}

// A table with a caption and column heads.
export const table = (caption, heads, body) => el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
  el("table", {}, el("caption", { class: "unseen" }, caption), el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), body));

// A row of a table; its first cell names it.
export const row = (attributes, first, ...cells) => el("tr", attributes, el("th", { scope: "row" }, first), cells.map((cell) => el("td", {}, cell)));
