// The list stays true while it is looked at: checks move their row, changes of status fetch the page's parts anew.

import { atMostEvery, listen, refresh } from "./live.js";
import { ago, localise, milliseconds } from "./times.js";

const fetchAnew = atMostEvery(2000, () => refresh(["vantage", "summary", "trouble", "list"], localise));

const showCheck = (check) => {
  const row = document.querySelector(`tr[data-website="${check.website_id}"]`);
  if (!row) return;
  if (row.dataset.standing !== "paused" && row.dataset.standing !== String(check.status).toLowerCase()) fetchAnew();
  row.querySelector(".response").textContent = milliseconds(check.response_time_ms);
  const time = document.createElement("time");
  time.dateTime = check.checked_at;
  time.dataset.as = "ago";
  time.title = `${check.checked_at.slice(0, 19).replace("T", " ")} UTC`;
  time.textContent = ago((Date.now() - new Date(check.checked_at)) / 1000);
  row.querySelector(".last").replaceChildren(time);
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
};

listen({
  open: fetchAnew, // whatever happened between the page and its stream
  check: showCheck,
  transition: fetchAnew,
  vantage: fetchAnew,
  website: fetchAnew,
  lost: fetchAnew,
});
setInterval(() => { if (!document.hidden) fetchAnew(); }, 300000);
