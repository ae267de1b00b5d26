// One box selects all agents on the page, and shows whether all, some or none are selected. Form and
// rows say so too, for their styles.

import { byId } from "./dom.js";

const boxes = (form) => [...form.querySelectorAll("input[name=agent]")];

function sum(form) {
  const selected = boxes(form).filter((box) => box.checked).length;
  for (const box of boxes(form)) box.closest("tr").toggleAttribute("data-selected", box.checked);
  form.toggleAttribute("data-some", selected > 0);
  const all = byId("select-all");
  all.checked = selected > 0 && selected === boxes(form).length;
  all.indeterminate = selected > 0 && !all.checked;
}

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("form.selection");
  if (!form) return;
  if (target.id === "select-all") boxes(form).forEach((box) => { box.checked = target.checked; });
  sum(form);
});

// A list that was read again keeps what was selected in it, and a page that one comes back to may.
const sumAll = () => document.querySelectorAll("form.selection").forEach(sum);
document.addEventListener("htmx:after:swap", sumAll);
window.addEventListener("pageshow", sumAll);
