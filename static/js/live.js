// A page that waits for something looks again by itself, less often while it finds the same, at once
// when the person comes back, and not while they are away or a dialog is open. What it finds takes
// the place of what it had, and never of anything else. A page that knows when something is due looks
// right then, wherever the person is.
import { byId } from "./dom.js";

// ms until it looks again after something new, and at most; "soon" is for what takes a moment.
const PACE = { "": { first: 15_000, last: 120_000 }, soon: { first: 5_000, last: 20_000 } };
const SLOWER = 1.5;
const AFTER = 1_500; // ms after the moment that something is due, for two clocks that differ

let wait = 0;
let timer = 0;
let due = 0;
let dueAt = 0; // by performance.now()
let told = ""; // what dueAt is made of

const place = () => document.querySelector("[data-live]");
const pace = () => PACE[place().dataset.live] ?? PACE[""];

function schedule() {
  clearTimeout(timer);
  clearTimeout(due);
  if (!place()) return;
  wait ||= pace().first;
  if (!document.hidden) timer = setTimeout(look, wait);
  const left = place().querySelector("[data-in]")?.dataset.in;
  if (left !== undefined && left !== told) {
    told = left;
    dueAt = performance.now() + Number(left);
  }
  if (told !== "" && dueAt > performance.now()) due = setTimeout(look, dueAt - performance.now() + AFTER);
}

function look() {
  if (document.querySelector("dialog[open]")) schedule();
  else place()?.dispatchEvent(new CustomEvent("refresh"));
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden || !place()) return;
  wait = pace().first;
  look();
});

document.addEventListener("htmx:finally:request", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (!sourceElement.matches("[data-live]")) return;
  const status = response?.status ?? 0;
  if (status === 200 || status === 304) byId("live-notice").replaceChildren();
  // Without a right to look, or anything to look at, there is no point in going on.
  if (status >= 400 && status < 500) sourceElement.removeAttribute("data-live");
  if (place()) wait = Math.min(wait * SLOWER, pace().last);
  schedule();
});

// Only something that is announced is news: minutes go by in any case.
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.detail.ctx.sourceElement.hasAttribute("hx-ptag")) return;
  if (place()?.querySelector("[data-announce]")) wait = pace().first;
  schedule();
});

schedule();
