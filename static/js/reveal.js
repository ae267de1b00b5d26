// A new token on the screen. Its value is in the page once, in #secret; from here on it is in
// a variable of this module and in the page only while it is shown. It goes with the page:
// leaving wipes it, since a browser may bring the page back from its cache.
import { copyText, selectAll } from "./copy.js";
import { byId, onKey } from "./dom.js";
import { texts } from "./texts.js";

const HIDE_AFTER = 2 * 60 * 1000; // ms that an uncovered value stays uncovered

let value = ""; // of the token that is being revealed
let timer = 0;

const status = (text) => { byId("secret-status").textContent = text; };

function hide() {
  clearTimeout(timer);
  byId("secret").textContent = "";
  label("show");
}

function uncover() {
  clearTimeout(timer);
  byId("secret").textContent = value;
  label("hide");
  timer = setTimeout(hide, HIDE_AFTER);
}

function label(text) {
  const button = byId("secret-show");
  button.textContent = button.dataset[text];
}

function toggle() {
  if (byId("secret").textContent === "") uncover();
  else hide();
}

async function copy() {
  if (await copyText(value)) {
    status(texts.copied);
    return;
  }
  uncover();
  selectAll(byId("secret"));
  status(texts.press);
}

const warn = (event) => event.preventDefault();

// done is called when the server knows that the token is stored: leaving needs no warning.
function done() {
  removeEventListener("beforeunload", warn);
}

// wipe takes the value out of the page and out of memory.
function wipe(root) {
  done();
  clearTimeout(timer);
  value = "";
  byId("secret").textContent = "";
  if (root.localName === "dialog") {
    root.remove();
    return;
  }
  root.querySelector("[data-present]").remove();
  root.querySelector("[data-gone]").hidden = false;
}

function start(root) {
  const output = byId("secret");
  const show = byId("secret-show");
  value = output.textContent;
  output.dataset.mask = "•".repeat(value.length);
  show.dataset.show = show.textContent;
  hide();
  show.addEventListener("click", toggle);
  byId("secret-copy").addEventListener("click", copy);
  // The sample among the components is made up: nothing is lost with it.
  if (root.dataset.reveal !== "sample") addEventListener("beforeunload", warn);
  addEventListener("pagehide", () => wipe(root), { once: true });
}

// insist keeps the dialog open. closedby="none" does where it is known; elsewhere, and on the
// repeated Esc that may skip the cancel event, these do.
function insist(dialog) {
  const remind = () => {
    status(texts.storeFirst);
    byId("stored").focus();
  };
  onKey((event) => {
    if (event.key !== "Escape" || !dialog.open) return;
    event.preventDefault();
    remind();
  });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => {
    if (dialog.isConnected) dialog.showModal();
  });
}

document.addEventListener("htmx:after:swap", (event) => {
  const dialog = byId("reveal-dialog");
  if (!dialog || dialog.open) return;
  event.detail.ctx.text = ""; // the answer held the value
  start(dialog);
  byId("dialog").close();
  insist(dialog);
  dialog.showModal();
  byId("reveal-title").focus();
});

document.addEventListener("htmx:before:response", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (sourceElement.id === "stored-form" && response.headers.has("HX-Redirect")) done();
});

// A page of its own, for a form that was sent before the script was there.
const page = document.querySelector("main [data-reveal]");
if (page) start(page);
