// Times in the viewer's zone, with UTC on hover. The server wrote UTC, so a page without scripts is right too.

const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const moment = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
const second = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

export const ago = (seconds) => {
  for (const [size, unit] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return "now";
};

export const span = (seconds) => {
  const left = Math.max(0, Math.round(seconds));
  for (const [index, [size, unit]] of units.entries()) {
    if (left < size) continue;
    const next = units[index + 1];
    const rest = next ? Math.floor((left % size) / next[0]) : 0;
    return `${Math.floor(left / size)} ${unit}` + (rest ? ` ${rest} ${next[1]}` : "");
  }
  return "0 s";
};

export const milliseconds = (value) => {
  if (value === null || value === undefined) return "–";
  if (value < 9.95) return `${value.toFixed(1)} ms`;
  return value < 999.5 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
};

export const lasting = (seconds) => span(seconds < 60 ? seconds : Math.floor(seconds / 60) * 60);

const forms = { moment, second, day };

const write = (element, now) => {
  const at = new Date(element.dateTime);
  const seconds = (now - at) / 1000;
  const form = element.dataset.as;
  const text = form === "ago" ? ago(seconds) : form === "for" ? lasting(seconds) : forms[form].format(at);
  if (element.textContent !== text) element.textContent = text;
};

export const localise = (root = document) => {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-as]")) write(element, now);
  for (const title of root.querySelectorAll("title[data-hour]")) {
    const start = new Date(title.dataset.hour);
    const end = new Date(start.getTime() + 3600000);
    title.textContent = `${clock.format(start)}–${clock.format(end)}: ${title.dataset.text}`;
  }
};

export const keepTicking = () => {
  localise();
  setInterval(() => {
    const now = Date.now();
    for (const element of document.querySelectorAll('time[data-as="ago"], time[data-as="for"]')) write(element, now);
  }, 5000);
};
