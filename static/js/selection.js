// Selecting agents. What is selected is kept for the tab, so that it outlasts a search, a page and a new
// reading; it holds numbers only. One box selects all agents on the page, another click all that match.

import { announce, byId } from "./dom.js";

const AT_ONCE = 50; // agents that one page works on

const form = () => document.querySelector("form.selection");
const boxes = () => [...form().querySelectorAll("input[name=agent]")];

// The selection of somebody else, who signed out in this tab, is none of this person's.
const place = () => `selected ${document.querySelector("header .menu-who .quiet")?.textContent}`;
const kept = () => new Set(JSON.parse(sessionStorage.getItem(place()) ?? "[]"));

function keep(selected) {
  if (selected.size > 0) sessionStorage.setItem(place(), JSON.stringify([...selected]));
  else sessionStorage.removeItem(place());
}

// show brings boxes, rows and bar into line with what is selected.
function show(selected) {
  if (!form()) return;
  const all = boxes();
  const here = all.filter((box) => box.checked).length;
  for (const box of all) box.closest("tr").toggleAttribute("data-selected", box.checked);
  form().toggleAttribute("data-some", selected.size > 0);
  for (const button of form().querySelectorAll(".selection-bar > .button:not(a)")) button.disabled = selected.size === 0;
  const page = byId("select-all");
  page.checked = here > 0 && here === all.length;
  page.indeterminate = selected.size > 0 && !page.checked;
  const count = byId("selected");
  count.dataset.none ??= count.textContent;
  count.textContent = selected.size > 0 ? count.dataset.count.replace("#", selected.size) : count.dataset.none;
  byId("select-none").hidden = selected.size === 0;
  byId("select-matching").hidden = selected.size === 0 || Number(byId("select-matching").dataset.count) <= all.length;
}

// restore ticks what was selected before in a list that has just come.
function restore() {
  if (!form()) return;
  const selected = kept();
  for (const box of boxes()) {
    if (box.checked) selected.add(box.value);
    box.checked = selected.has(box.value);
  }
  keep(selected);
  show(selected);
}

// change selects boxes, or no longer.
function change(some, checked) {
  const selected = kept();
  for (const box of some) {
    box.checked = checked;
    if (checked) selected.add(box.value);
    else selected.delete(box.value);
  }
  keep(selected);
  show(selected);
}

// Shift selects everything from the box that was clicked last to this one.
let last = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("form.selection input[name=agent]")) return;
  const all = boxes();
  const from = all.indexOf(last);
  const to = all.indexOf(box);
  last = box;
  if (event.shiftKey && from >= 0) change(all.slice(Math.min(from, to), Math.max(from, to) + 1), box.checked);
});

document.addEventListener("change", ({ target }) => {
  if (!target.closest?.("form.selection")) return;
  if (target.id === "select-all") change(boxes(), target.checked);
  else if (target.name === "agent") change([target], target.checked);
});

// matching asks for all that match, on every page: what the export holds, and may be changed.
async function matching(button) {
  button.disabled = true;
  try {
    const answer = await fetch(form().dataset.match);
    if (!answer.ok) throw new Error(answer.statusText);
    const { agents } = await answer.json();
    const selected = kept();
    for (const one of agents) if (one.can_manage) selected.add(`${one.project_id}.${one.agent_id}`);
    keep(selected);
    restore();
    announce(byId("selected").textContent);
  } catch {
    byId("notice").replaceChildren(byId("no-answer").content.cloneNode(true));
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", ({ target }) => {
  if (target.id === "select-matching") matching(target);
  if (target.id !== "select-none") return;
  keep(new Set());
  change(boxes(), false);
  byId("select-all").focus();
});

// What is selected elsewhere is sent along. Of more than one page works on the first go, and the rest
// stays selected for the next time.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.selection")) return;
  const selected = [...kept()];
  const here = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  const going = [...here, ...selected.filter((ref) => !here.has(ref))].slice(0, AT_ONCE);
  for (const box of boxes()) box.disabled = true; // each goes once, by what follows
  for (const ref of going) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "agent", value: ref });
    field.dataset.sent = "";
    event.target.append(field);
  }
  if (selected.length > AT_ONCE) {
    keep(new Set(selected.filter((ref) => !going.includes(ref))));
    for (const box of boxes()) if (going.includes(box.value)) box.checked = false;
  }
  setTimeout(comesBack); // the page may stay: what it leads to may open in another tab
});

// A page that was sent is as it was before.
function comesBack() {
  for (const field of document.querySelectorAll("[data-sent]")) field.remove();
  if (form()) for (const box of boxes()) box.disabled = false;
  restore();
}

document.addEventListener("htmx:after:swap", restore);
window.addEventListener("pageshow", comesBack);
