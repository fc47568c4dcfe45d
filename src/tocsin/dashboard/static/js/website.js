// One website, live: its checks fetch the page's parts anew, the chart follows more slowly.

import { drawChart } from "./chart.js";
import { atMostEvery, listen, refresh } from "./live.js";
import { localise } from "./times.js";

const { website, interval } = document.getElementById("website").dataset;
const id = Number(website);
const chart = drawChart(document.getElementById("chart"), id, Number(interval));
const fetchAnew = atMostEvery(1000, () => refresh(["headline", "pings", "uptime", "downtimes", "checks"], localise));
const drawAnew = atMostEvery(30000, chart.update);

for (const group of document.querySelectorAll("[data-switch]")) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const one of group.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    chart.choose(group.dataset.switch, button.value);
  });
}

listen({
  open: fetchAnew, // whatever happened between the page and its stream
  check: () => { fetchAnew(); drawAnew(); },
  transition: () => { fetchAnew(); chart.update(); },
  website: fetchAnew,
  lost: fetchAnew,
}, `?website_id=${id}`);

document.getElementById("checked")?.focus({ preventScroll: false });
