// Keys of the whole page, and the menu's manners.
import { byId, onKey } from "./dom.js";

// A single character follows the link of the same name, which opens in the dialog. Whoever turned
// these keys off (WCAG 2.1.4) has "off" on the document.
const links = { "/": "picker-link", "?": "keys-link" };

onKey((event) => {
  const link = byId(links[event.key]);
  if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  link.click();
});

const openMenu = () => document.querySelector(".menu[open]");

onKey((event) => {
  const menu = openMenu();
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  const menu = openMenu();
  if (menu && !menu.contains(event.target)) menu.open = false;
});
