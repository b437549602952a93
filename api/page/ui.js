// What screens are made of, in one place.

export { get, pages, patch, post, send, withQuery } from "./api.js";
export { actions, announce, button, el, fill, link, linkButton, p, small, svg, tell } from "./dom.js";
export {
	brief, clockTime, count, fromWallTime, left, many, roughly, state, wallTime, when, whenThere,
} from "./format.js";
export { every, follow, keepOn } from "./live.js";
export { field, filters, form, number } from "./parts/form.js";
export { attempts, empty, problemBox, tag } from "./parts/notice.js";
export { pager, row, table } from "./parts/pager.js";
