// The clock of a rotation: a bar that moves, the minutes in the tab's title, and a notification for
// those who ask for one. The page itself looks when the time has come (live.js).
import { announce, byId } from "./dom.js";

const TICK = 1_000; // ms
const MINUTE = 60_000;

const plainTitle = document.title;
let isAsked = false; // for a notification, on this page
let dueAt = 0; // by performance.now(), which no clock's change moves
let shown = null; // the bar that dueAt is of

const rotation = () => byId("rotation");

function tell(text) {
  const title = text ? `${text} · ${plainTitle}` : plainTitle;
  if (document.title !== title) document.title = title;
}

// read takes over what the server says of the time that is left.
function read(bar) {
  const said = `${bar.dataset.in} ${bar.max}`;
  if (shown === said) return;
  shown = said;
  dueAt = performance.now() + Number(bar.dataset.in);
}

function tick() {
  const place = rotation();
  if (!place) return;
  const bar = byId("clock");
  if (!bar) {
    shown = null;
    tell(place.dataset.ready);
    return;
  }
  read(bar);
  const left = Math.max(dueAt - performance.now(), 0);
  bar.value = bar.max - left / 1000;
  tell(place.dataset.minutes.replace("{{.Minutes}}", Math.ceil(left / MINUTE)));
}

function notify() {
  const { ready } = rotation().dataset;
  if (!ready || !isAsked || !document.hidden) return;
  isAsked = false;
  try {
    new Notification(byId("rotation-title").textContent, { body: plainTitle, tag: location.pathname });
  } catch {
    // a browser that shows none from pages, as on a phone: the title says it too
  }
}

// offer shows the button that asks for a notification, where there are any.
function offer() {
  const place = byId("notify")?.closest(".notify");
  if (!place) return;
  place.hidden = !("Notification" in window);
  if (isAsked) confirm();
}

function confirm() {
  byId("notify").hidden = true;
  byId("notify-status").textContent = byId("notify").dataset.on;
}

document.addEventListener("click", async (event) => {
  if (event.target.id !== "notify") return;
  isAsked = (await Notification.requestPermission()) === "granted";
  if (isAsked) confirm();
  else byId("notify-status").textContent = byId("notify-status").dataset.refused;
  announce(byId("notify-status").textContent);
});

document.addEventListener("htmx:after:swap", () => {
  if (!rotation()) return;
  tick();
  offer();
  notify();
});

tick();
offer();
if (rotation()) setInterval(tick, TICK);
