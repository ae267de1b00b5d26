// The fleet looks by itself whether something changed: every minute, while somebody looks at it, and at
// once when they come back to it later than that. It never takes away what is being used.
import { byId } from "./dom.js";
import { isYoung } from "./times.js";

const EVERY = 60_000; // ms

let looked = performance.now();
let timer = 0;

const place = () => byId("fleet-look");

// inUse says that an answer would come between: somebody reads a menu or a dialog, or types.
const inUse = () => document.querySelector("dialog[open], .menu[open]") !== null || document.activeElement?.matches(".fleet-search :is(input, select)");

function schedule() {
  clearTimeout(timer);
  if (place() && !document.hidden) timer = setTimeout(look, Math.max(EVERY - (performance.now() - looked), 1000));
}

function look() {
  if (!inUse()) {
    looked = performance.now();
    place()?.dispatchEvent(new CustomEvent("look"));
  }
  schedule();
}

document.addEventListener("visibilitychange", schedule);

document.addEventListener("htmx:finally:request", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (sourceElement.id !== "fleet-look") return;
  const status = response?.status ?? 0;
  if (status === 200 || status === 304) {
    byId("live-notice").replaceChildren();
    isYoung();
  }
  // Who has signed out, or may see nothing any more, is not asked for again and again.
  if (status >= 400 && status < 500) sourceElement.remove();
});

// A list that came for another reason is news, too.
document.addEventListener("htmx:after:swap", () => {
  if (!place()) return;
  looked = performance.now();
  schedule();
});

schedule();
