// A page that the browser brings back as it was, as on Back, shows nothing to somebody who has signed
// out meanwhile, or in as somebody else: the cookie with the session's mark tells, at once and without
// asking anybody.
const { mark, markCookie } = document.documentElement.dataset;

const isCurrent = () => document.cookie.split("; ").includes(`${markCookie}=${mark}`);

addEventListener("pageshow", (event) => {
  if (!event.persisted || !mark || isCurrent()) return;
  document.body.replaceChildren();
  location.reload();
});
