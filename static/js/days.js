// The list of activity in the reader's days: the presets, the headings, and the zone that the form
// sends along. Without a script all of it is in UTC.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const pad = (number) => String(number).padStart(2, "0");
const dayOf = (date) => [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");

function daysAgo(days) {
  const date = new Date();
  date.setDate(date.getDate() - days);
  return date;
}

function presets(nav) {
  const weekday = new Intl.DateTimeFormat(nav.dataset.lang, { weekday: nav.dataset.lang === "en" ? "long" : "short" });
  for (const link of nav.querySelectorAll("[data-back]")) {
    const back = Number(link.dataset.back);
    const url = new URL(link.href);
    const [from, until] = [dayOf(daysAgo(back)), dayOf(daysAgo(back - Number(link.dataset.days) + 1))];
    url.searchParams.set("from", from);
    url.searchParams.set("until", until);
    url.searchParams.set("tz", zone);
    link.href = url.href;
    if (link.dataset.days === "1" && back > 1) link.textContent = weekday.format(daysAgo(back));
    const here = new URL(location.href).searchParams;
    if (here.get("from") === from && here.get("until") === until) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// group puts a heading before the first entry of each of the reader's days.
function group(body) {
  const heading = body.querySelector(".day-row");
  body.querySelectorAll(".day-row").forEach((row) => row.remove());
  let last = "";
  for (const row of [...body.rows]) {
    const day = dayOf(new Date(row.querySelector("time[data-time]").dateTime));
    if (day === last) continue;
    last = day;
    const begin = heading.cloneNode(true);
    begin.firstElementChild.textContent = day;
    row.before(begin);
  }
}

function localise() {
  document.querySelectorAll(".presets").forEach(presets);
  document.querySelectorAll("[data-zone]").forEach((input) => { input.value = zone; });
  document.querySelectorAll("table.activity tbody").forEach(group);
  for (const note of document.querySelectorAll("[data-zone-note]")) note.textContent = note.textContent.replace(/UTC|\w+\/[\w/+-]+/, zone);
}

localise();
