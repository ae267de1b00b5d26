// Paper takes all rows that match, not the page that is on screen. Whoever prints the fleet, by the menu or
// by the browser's own key, gets them first.
import { onKey } from "./dom.js";

const link = () => document.querySelector("#fleet-tools [data-print]");

const hasPages = () => document.querySelector("#fleet .pager") !== null;

async function print() {
  link().closest("details").open = false;
  if (hasPages()) await htmx.ajax("GET", link().href, { target: "#fleet", swap: "outerMorph" });
  window.print();
}

onKey((event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "p" || !link() || !hasPages()) return;
  event.preventDefault();
  print();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-print]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  print();
});
