// Which answers may change the page. Only the portal's own carry X-Request-Id: what a proxy or
// a captive portal says in its place must not be swapped into a page that may hold a secret.
import { announce, byId, focusOn } from "./dom.js";

// noticeFor is where a problem of the request that element sent is told.
function noticeFor(element) {
  if (element?.closest("#stored-form")) return byId("stored-notice");
  if (element?.matches("[data-live], #fleet-look")) return byId("live-notice");
  return (element?.closest("#form") && byId("form-notice")) || byId("notice");
}

function showNoAnswer(element) {
  const notice = noticeFor(element);
  notice.replaceChildren(byId("no-answer").content.cloneNode(true));
  show(notice);
}

// show brings a notice to where the person is: the focus, if they sent a form. What a page asked
// by itself moves nothing.
function show(notice) {
  if (notice.id === "live-notice") return;
  if (notice.id === "notice") notice.scrollIntoView({ block: "nearest" });
  else notice.focus();
}

// A new attempt takes back what was said of the last one, so that the same problem is
// announced again when it comes again.
document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx.sourceElement.matches("[data-live], #fleet-look")) return; // live.js does, once it got through
  const notice = noticeFor(event.detail.ctx.sourceElement);
  if (notice.querySelector(".notice-danger")) notice.replaceChildren();
});

document.addEventListener("htmx:before:response", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (response.headers.has("X-Request-Id")) return;
  event.preventDefault();
  showNoAnswer(sourceElement);
});

document.addEventListener("htmx:error", (event) => {
  showNoAnswer(event.detail.ctx?.sourceElement ?? event.target);
});

// placeOf is the element that an answer was put into, or that took its place.
function placeOf(target) {
  if (typeof target === "string") return document.querySelector(target);
  return target?.isConnected ? target : byId(target?.id);
}

// After an answer the focus goes where the news is: for a refused form to the first field that
// is wrong, else to the notice, else to the heading of what came in the form's place; for a
// whole new page to its content.
document.addEventListener("htmx:after:swap", (event) => {
  const { response, sourceElement, target } = event.detail.ctx;
  if (sourceElement?.id === "fleet-look" && response?.status === 200) return; // nobody asked
  const place = placeOf(target);
  if (place === document.body) byId("main").focus();
  else if (!(response?.status >= 400)) sayNews(place);
  else if (place?.id.endsWith("notice")) show(place);
  else focusOn(document.querySelector('#form [aria-invalid="true"]'), document.querySelector("#form-notice:not(:empty)"), byId("form-title"));
});

// sayNews reads out what changed where the focus is elsewhere, as while typing a search.
function sayNews(place) {
  const news = place?.querySelector("[data-announce]");
  if (news) announce(news.textContent);
}

// A notice that came with the page is in a live region from the start, which no screen reader
// announces: say it once more.
const told = byId("notice")?.textContent.trim();
if (told) setTimeout(() => announce(told), 300);
