// What a mark of a picture stands for is written below it while a pointer or the focus is on it.
function tell({ target }) {
  const figure = target.closest?.("figure");
  const mark = target.closest?.(".mark");
  if (figure) figure.querySelector(".reading").textContent = mark?.dataset.value ?? "";
}

document.addEventListener("pointerover", tell);
document.addEventListener("focusin", tell);
