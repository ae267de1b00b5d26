// The palette: the focus stays in its field, the arrows walk through the list that htmx fills, Enter goes
// where the marked line leads.
import { byId, onKey } from "./dom.js";

const options = () => [...byId("picker-list").querySelectorAll("a[role=option]")];

function mark(option) {
  const input = byId("picker-input");
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (!option) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

const marked = () => options().find((option) => option.ariaSelected === "true");

function move(step) {
  const all = options();
  if (all.length === 0) return;
  const at = all.indexOf(marked());
  const next = at < 0 && step < 0 ? all.length - 1 : at + step;
  mark(all[(next + all.length) % all.length]);
}

onKey((event) => {
  if (event.target.id !== "picker-input") return;
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Enter") marked()?.click();
  else return;
  event.preventDefault();
});

// The first line is marked, so that typing and Enter is enough.
document.addEventListener("htmx:after:swap", () => {
  if (byId("picker-list") && !marked()) mark(options()[0]);
});
