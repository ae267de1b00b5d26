// Walking through the fleet with the keys that lists have elsewhere: j and k go from agent to agent, Enter
// opens the one that has the focus, x selects it.
import { onKey } from "./dom.js";
import { isSingle } from "./keys.js";

const links = () => [...document.querySelectorAll("table.fleet tbody .row-link")];

const rowAt = () => document.activeElement.closest("table.fleet tbody tr");

function walk(step) {
  const all = links();
  const row = rowAt();
  const at = all.findIndex((link) => link.closest("tr") === row);
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const keys = { j: () => walk(1), k: () => walk(-1), x: () => rowAt()?.querySelector("input[name=agent]")?.click() };

onKey((event) => {
  if (!keys[event.key] || event.shiftKey || !isSingle(event) || links().length === 0) return;
  event.preventDefault();
  keys[event.key]();
});
