// A page that the browser brings back as it was, as on Back, shows nothing to somebody who has signed
// out meanwhile, or in as somebody else: the cookie with the session's mark tells, at once and without
// asking anybody. Nor does such a page ask the server for anything. That goes for one that the browser
// makes anew from what it has stored, too: not every browser wipes that when it is told to. One that was
// never left stays as it is: it may hold a token that nobody has stored yet.
const { mark, markCookie } = document.documentElement.dataset;

const [way] = performance.getEntriesByType("navigation");

let wasLeft = way?.type === "back_forward";

const isOver = () => Boolean(mark) && !document.cookie.split("; ").includes(`${markCookie}=${mark}`);

function check(event) {
  if (!wasLeft || document.hidden) return;
  wasLeft = isOver();
  if (!wasLeft) return;
  event.stopImmediatePropagation();
  hide();
}

function hide() {
  document.documentElement.hidden = true;
  location.reload();
}

if (wasLeft && isOver()) hide();
addEventListener("pagehide", () => {
  wasLeft = true;
  // What was typed and is a secret is not kept with the page.
  for (const field of document.querySelectorAll("[name=client_key]")) field.value = "";
});
addEventListener("pageshow", check, true);
document.addEventListener("visibilitychange", check, true);
document.addEventListener("htmx:before:request", (event) => {
  if (wasLeft && isOver()) event.preventDefault();
}, true);
