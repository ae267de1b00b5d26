// A page that the browser brings back as it was, as on Back, shows nothing to somebody who has signed
// out meanwhile, or in as somebody else: the cookie with the session's mark tells, at once and without
// asking anybody. Nor does it ask the server for anything on behalf of a session that is over.
const { mark, markCookie } = document.documentElement.dataset;

const isCurrent = () => !mark || document.cookie.split("; ").includes(`${markCookie}=${mark}`);

function check(event) {
  if (isCurrent()) return;
  event.stopImmediatePropagation();
  document.documentElement.hidden = true;
  location.reload();
}

addEventListener("pageshow", (event) => { if (event.persisted) check(event); }, true);
document.addEventListener("visibilitychange", (event) => { if (!document.hidden) check(event); }, true);
