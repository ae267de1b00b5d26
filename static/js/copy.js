// Copying, with an answer that is seen and heard, and a way out where the browser refuses.
import { byId } from "./dom.js";
import { texts } from "./texts.js";

const SHOWN = 4000; // ms that the answer stays

// copyText reports whether text is in the clipboard. A browser may refuse, and has no
// clipboard to offer outside a secure context.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// selectAll marks what element holds, ready for Ctrl+C.
export function selectAll(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  element.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = byId(button.dataset.copy);
  const copied = await copyText(source.textContent);
  if (!copied) selectAll(source);
  const status = button.nextElementSibling;
  status.textContent = copied ? texts.copied : texts.press;
  setTimeout(() => { status.textContent = ""; }, SHOWN);
});
