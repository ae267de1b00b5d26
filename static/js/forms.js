// What is wrong with a field is said beside it, in the page's language, instead of in the
// browser's bubble: when the form is sent, and while typing once the typing pauses.
import { texts } from "./texts.js";

const PAUSE = 600; // ms without a key before a field is judged
const WAIT = 1500; // ms before a form under way says that it waits

const checked = "input[data-missing], input[data-invalid]";
const timers = new WeakMap();

function problemOf(input) {
  const { exactly, invalid = "", missing = "" } = input.dataset;
  if (input.value === "") return input.required ? missing : "";
  if (exactly !== undefined && input.value !== exactly) return invalid;
  return input.validity.patternMismatch ? invalid : "";
}

function say(input, problem) {
  const place = document.getElementById(`${input.id}-error`);
  if (place.textContent !== problem) place.textContent = problem;
  if (problem) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

document.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.matches?.(checked)) return;
  clearTimeout(timers.get(input));
  const problem = problemOf(input);
  input.setCustomValidity(input.dataset.exactly === undefined ? "" : problem);
  // A mistake that is gone is taken back at once; a new one waits until the typing pauses,
  // and a field that was only emptied is not blamed yet.
  if (!problem) say(input, "");
  else if (input.value !== "") timers.set(input, setTimeout(() => say(input, problem), PAUSE));
});

document.addEventListener("invalid", (event) => {
  const input = event.target;
  const problem = input.matches(checked) && problemOf(input);
  if (!problem) return;
  event.preventDefault();
  say(input, problem);
  input.form.querySelector(":invalid").focus();
}, true);

// A form that takes long says so.
document.addEventListener("htmx:before:request", (event) => {
  const form = event.detail.ctx.sourceElement;
  const place = form.querySelector?.("[data-waiting]");
  if (place) timers.set(form, setTimeout(() => { place.textContent = texts.waiting; }, WAIT));
});

document.addEventListener("htmx:finally:request", (event) => {
  const form = event.detail.ctx.sourceElement;
  clearTimeout(timers.get(form));
  const place = form.querySelector?.("[data-waiting]");
  if (place) place.textContent = "";
});

// A search for nothing has the address of the whole list.
document.addEventListener("htmx:config:request", (event) => {
  const { method, body } = event.detail.ctx.request;
  if (method !== "GET") return;
  for (const [name, value] of [...body]) if (value === "") body.delete(name);
});
