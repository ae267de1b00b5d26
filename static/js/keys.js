// Keys of the whole page, and the menus' manners.
import { byId, onKey } from "./dom.js";

// A single character follows the link of the same name, which opens in the dialog. Whoever turned
// these keys off (WCAG 2.1.4) has "off" on the document; a key with Ctrl is no single one.
const links = { "/": "picker-link", "?": "keys-link" };

const isFind = (event) => (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";

// isSingle reports whether a key is one of the page's: not of a field, a dialog, or the browser.
export function isSingle(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return false;
  return !event.target.closest("input:not([type=checkbox]), textarea, select");
}

onKey((event) => {
  const find = isFind(event);
  const link = byId(find ? "picker-link" : links[event.key]);
  if (!link || !(find || isSingle(event))) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  link.click();
});

const openMenus = () => document.querySelectorAll(".menu[open]");

onKey((event) => {
  const [menu] = openMenus();
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
