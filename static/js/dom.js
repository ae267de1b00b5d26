// byId is short for what every module does.
export const byId = (id) => document.getElementById(id);

// announce has a screen reader say text without anything moving on the screen.
export function announce(text) {
  byId("announce").textContent = text;
}

// focusOn moves the focus to the first of the elements that is there.
export function focusOn(...candidates) {
  candidates.find(Boolean)?.focus();
}
