// Times are UTC in the page, with their zone; here they become the reader's. The title keeps UTC.

import { texts } from "./texts.js";

const pad = (number) => String(number).padStart(2, "0");

// local writes a date as the page does, which needs no other width and no translation.
function local(date) {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

// clock writes a time of today without its day.
function clock(time, text) {
  const [today] = local(new Date()).split(" ");
  time.dataset.local = "text";
  time.title = `${text} (${time.title})`;
  time.textContent = text.startsWith(today) ? text.slice(today.length + 1) : text;
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const text = local(new Date(time.dateTime));
    if ("clock" in time.dataset) {
      clock(time, text);
      continue;
    }
    if ("time" in time.dataset) {
      time.dataset.local = "text";
      [, time.textContent] = text.split(" ");
      continue;
    }
    if ("utc" in time.dataset) {
      time.dataset.local = "title";
      time.title = `${text} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
      continue;
    }
    const isDay = "day" in time.dataset;
    time.dataset.local = isDay || !time.title ? "text" : "title";
    if (isDay) [time.textContent] = text.split(" ");
    if (time.title) {
      time.dataset.at = text; // for paper, on which nothing is "ago"
      time.title = `${text} (${time.title})`;
      continue;
    }
    time.title = time.textContent;
    time.textContent = text;
  }
}

// An age that the page was born with goes on growing while it is looked at.
const TICK = 10 * 1000; // ms
const JUST_NOW = 10; // seconds below which the page says so, and goes on to do
let ages; // made when the first is written, which is long after the page was

// ago is an age as the page writes it, which in Chinese has a space behind the number.
function ago(count, unit) {
  ages ??= new Intl.RelativeTimeFormat(document.documentElement.lang);
  return ages.format(-count, unit).replace(/(\d)(?=\p{Script=Han})/u, "$1 ");
}

function grow() {
  const element = document.querySelector("[data-age]");
  if (!element) return;
  element.dataset.shown ??= performance.now();
  const seconds = Math.round(Number(element.dataset.age) + (performance.now() - Number(element.dataset.shown)) / 1000);
  if (seconds < JUST_NOW) return;
  element.textContent = seconds < 60 ? ago(seconds, "second") : ago(Math.floor(seconds / 60), "minute");
}
setInterval(grow, TICK);

// isYoung is called when the list was found to be as it is now.
export function isYoung() {
  const element = document.querySelector("[data-age]");
  if (!element) return;
  element.dataset.age = "0";
  element.dataset.shown = performance.now();
  element.textContent = texts.now;
}

// The zone is said once: below everything, and so not before what a page loads later is there, unless
// the page says it itself.
function sayZone() {
  const zone = document.getElementById("zone");
  if (!zone || document.querySelector("[data-zone-note]") || document.querySelector("main [hx-trigger=load]") || !document.querySelector("time[data-local]:not([data-utc])")) return;
  zone.textContent = zone.dataset.text.replace("#", Intl.DateTimeFormat().resolvedOptions().timeZone);
  zone.hidden = false;
}

function show() {
  localise(document);
  sayZone();
}

show();
document.addEventListener("htmx:after:swap", show);
