// The dialog that forms open in. htmx puts the form into #dialog-body, this opens the window
// around it, and empties it when it is closed. Everything listens at the document, where it
// outlives an answer that replaces the whole page.
import { byId, focusOn } from "./dom.js";

let opener = null;

const busy = (dialog) => dialog.querySelector(".htmx-request") !== null;

document.addEventListener("htmx:after:swap", (event) => {
  const dialog = byId("dialog");
  const body = byId("dialog-body");
  if (dialog.open || body.childElementCount === 0 || byId("reveal-dialog")) return;
  opener = document.activeElement === document.body ? event.detail.ctx.sourceElement : document.activeElement;
  dialog.showModal();
  focusOn(body.querySelector("[autofocus]"), byId("form-title"));
});

// While a form is under way its dialog stays: its answer has to land somewhere.
function stayWhileBusy(event) {
  const dialog = event.target.closest("#dialog");
  if (dialog && event.target.matches("dialog, .dialog-close") && busy(dialog)) event.preventDefault();
}
document.addEventListener("cancel", stayWhileBusy, true);
document.addEventListener("submit", stayWhileBusy, true);

document.addEventListener("close", (event) => {
  if (event.target.id !== "dialog") return;
  if (!busy(event.target)) byId("dialog-body").replaceChildren();
  giveBack(opener);
  opener = null;
}, true);

// giveBack moves the focus to where it was before the dialog: if that has been replaced meanwhile,
// to what has its id; if it is out of sight in a closed menu, to the menu; else to the content.
function giveBack(element) {
  if (!element) return;
  const places = [element, byId(element.id), element.closest("details")?.querySelector("summary"), byId("main")];
  for (const place of places) {
    place?.focus();
    if (place && document.activeElement === place) return;
  }
}

// "Cancel" leads back to where the form was opened: here that is the page behind the dialog.
document.addEventListener("click", (event) => {
  const dialog = event.target.closest?.("[data-close]")?.closest("dialog");
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!busy(dialog)) dialog.close();
});
