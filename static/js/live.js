// A page that waits for something looks again by itself: every quarter of a minute, less often
// while it finds the same, at once when the person comes back, and not while they are away or a
// dialog is open. What it finds takes the place of what it had, and never of anything else.
import { byId } from "./dom.js";

const SOON = 15_000; // ms until it looks again after something new
const LATE = 120_000; // ms at most
const SLOWER = 1.5;

let wait = SOON;
let timer = 0;

const place = () => document.querySelector("[data-live]");

function schedule() {
  clearTimeout(timer);
  if (place() && !document.hidden) timer = setTimeout(look, wait);
}

function look() {
  if (document.querySelector("dialog[open]")) schedule();
  else place()?.dispatchEvent(new CustomEvent("refresh"));
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden || !place()) return;
  wait = SOON;
  look();
});

document.addEventListener("htmx:finally:request", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (!sourceElement.matches("[data-live]")) return;
  const status = response?.status ?? 0;
  if (status === 200 || status === 304) byId("live-notice").replaceChildren();
  // Without a right to look, or anything to look at, there is no point in going on.
  if (status >= 400 && status < 500) sourceElement.removeAttribute("data-live");
  wait = Math.min(wait * SLOWER, LATE);
  schedule();
});

// Only something that is announced is news: minutes go by in any case.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.sourceElement.id !== "rotation") return;
  if (byId("rotation").querySelector("[data-announce]")) wait = SOON;
  schedule();
});

schedule();
