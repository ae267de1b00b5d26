// byId is short for what every module does.
export const byId = (id) => document.getElementById(id);

// onKey calls handle for every key pressed on the page, except for those that an input method takes:
// Enter that ends a composition chooses a word and means nothing else. Safari sends it when the
// composition is over already, with the key code of a key that was taken.
export function onKey(handle) {
  document.addEventListener("keydown", (event) => {
    if (!event.isComposing && event.keyCode !== 229) handle(event);
  });
}

// announce has a screen reader say text without anything moving on the screen.
export function announce(text) {
  byId("announce").textContent = text;
}

// focusOn moves the focus to the first of the elements that is there.
export function focusOn(...candidates) {
  candidates.find(Boolean)?.focus();
}
