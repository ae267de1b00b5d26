// The versions of the agents come after the list, and each goes into its row.
import { byId } from "./dom.js";

document.addEventListener("htmx:after:swap", () => {
  for (const version of document.querySelectorAll("#versions > [data-cell]")) byId(version.dataset.cell)?.replaceChildren(version);
});
