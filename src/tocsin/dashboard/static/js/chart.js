// The latency chart: percentiles as lines or mean phases stacked, downtimes shaded. Draws with uPlot (vendored).

import { milliseconds } from "./times.js";

const PHASES = [["transfer", "Transfer"], ["ttfb", "First byte"], ["tls", "TLS"], ["connect", "Connect"], ["dns", "Name"]];
const POINTS = [48, 240];
const DAY = 86400;
const FEW = 6;
const CHECKS_A_POINT = 6; // so that a percentile means something


const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const fade = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");

const axisTime = (splits, range) => splits.map((seconds) => {
  const at = new Date(seconds * 1000);
  return range > 2 * DAY
    ? at.toLocaleDateString(undefined, { month: "short", day: "numeric" })
    : at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
});

// Puts a null between two points that lie further apart than a missing bucket, so that gaps stay gaps.
const spread = (points, bucket) => {
  const all = [];
  for (const point of points) {
    const at = Date.parse(point.at) / 1000 + bucket / 2;
    const before = all.at(-1);
    if (before && at - before.at > bucket * 2.5) all.push({ at: before.at + bucket });
    all.push({ ...point, at });
  }
  return all;
};

// A line needs two points, and a few close together are hardly one: those are drawn as dots.
const dots = (points, fill, otherwise) => (points.filter((one) => one.p50_ms != null).length <= FEW ? { show: true, size: 7, fill } : otherwise);

const percentiles = (points) => ({
  data: [points.map((one) => one.at), points.map((one) => one.p50_ms ?? null), points.map((one) => one.p95_ms ?? null)],
  series: [
    { label: "Median", stroke: colour("accent"), width: 1.75, fill: fade(colour("accent"), 0.08), points: dots(points, colour("accent"), { size: 4 }) },
    { label: "95th percentile", stroke: colour("ttfb"), width: 1.25, points: dots(points, colour("ttfb"), { size: 4 }) },
  ],
});

// Stacked: each series is drawn up to the sum of its own phase and those below it, the tallest first.
const phases = (points) => {
  const shown = PHASES.map(([name]) => points.map((one) => one[`${name}_ms`] ?? null));
  const sums = points.map(() => 0);
  const stacked = shown.toReversed().map((values) => values.map((value, index) => (points[index].p50_ms == null ? null : (sums[index] += value ?? 0)))).toReversed();
  return {
    data: [points.map((one) => one.at), ...stacked],
    series: PHASES.map(([name, label], position) => ({
      label, stroke: colour(name), fill: colour(name), width: 1, points: dots(points, colour(name), { show: false }),
      value: (_plot, _value, _series, index) => (index === null ? "–" : milliseconds(shown[position][index])),
    })),
  };
};

const shade = (downtimes) => (plot) => {
  const { ctx, bbox } = plot;
  const [low, high] = [plot.scales.x.min, plot.scales.x.max];
  ctx.save();
  for (const [start, end] of downtimes) {
    if (end < low || start > high) continue;
    const left = plot.valToPos(Math.max(start, low), "x", true);
    const right = Math.max(left + 2, plot.valToPos(Math.min(end, high), "x", true));
    ctx.fillStyle = fade(colour("down-fill"), 0.2);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.fillStyle = colour("down-fill");
    ctx.fillRect(left, bbox.top, right - left, 3);
  }
  ctx.restore();
};

const readJson = async (address) => {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
};

export const drawChart = (box, id, interval) => {
  const chosen = { view: "percentiles", hours: "24" };
  let plot = null;
  let found = null;

  const message = (text) => {
    plot?.destroy();
    plot = null;
    const note = document.createElement("p");
    note.className = "message";
    note.textContent = text;
    box.replaceChildren(note);
  };

  const draw = () => {
    if (!found) return;
    const { from, to, bucket, downtimes } = found;
    const points = spread(found.points, bucket);
    if (!points.some((one) => one.p50_ms != null) && !downtimes.length) return message("No checks in this time.");
    const { data, series } = (chosen.view === "phases" ? phases : percentiles)(points);
    const quiet = { stroke: colour("quiet"), font: "12px system-ui, sans-serif", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
    const value = (_plot, number) => milliseconds(number);
    const options = {
      width: box.clientWidth, height: box.clientHeight - 30,
      scales: { x: { min: from, max: to }, y: { range: (_plot, _low, high) => [0, Math.max(10, (high ?? 0) * 1.12)] } },
      padding: [12, 10, 0, 4],
      cursor: { y: false, drag: { x: true, y: false } },
      series: [{ value: (_plot, seconds) => (seconds === null ? "–" : new Date(seconds * 1000).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false })), label: "At" },
        ...series.map((one) => ({ value, ...one }))],
      axes: [{ ...quiet, values: (_plot, splits) => axisTime(splits, to - from), space: 70, size: 34, ...(to - from > 2 * DAY ? { incrs: [1, 2, 5, 10].map((days) => days * DAY) } : {}) }, { ...quiet, size: 62, values: (_plot, splits) => splits.map((one) => (one ? milliseconds(one) : "0")) }],
      hooks: { drawClear: [shade(downtimes)] },
    };
    plot?.destroy();
    box.replaceChildren();
    plot = new uPlot(options, data, box);
    box.dataset.drawn = `${chosen.view} ${chosen.hours}`;
  };

  const update = async () => {
    const to = Math.floor(Date.now() / 1000) * 1000;
    const from = to - Number(chosen.hours) * 3600000;
    const points = Math.round(Math.min(POINTS[1], Math.max(POINTS[0], (to - from) / 1000 / (interval * CHECKS_A_POINT))));
    const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), points });
    try {
      const asked = chosen.hours;
      const [series, windows] = await Promise.all([
        readJson(`/api/websites/${id}/series?${query}`), readJson(`/api/websites/${id}/downtimes?page_size=200`),
      ]);
      if (asked !== chosen.hours) return;
      found = {
        from: from / 1000, to: to / 1000, bucket: series.bucket_seconds, points: series.points,
        downtimes: windows.items.map((one) => [Date.parse(one.started_at) / 1000, (one.ended_at ? Date.parse(one.ended_at) : to) / 1000]),
      };
      draw();
    } catch {
      message("The figures could not be read. They will be asked for again with the next check.");
    }
  };

  let width = box.clientWidth;
  new ResizeObserver(() => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    plot?.setSize({ width, height: box.clientHeight - 30 });
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  update();

  return {
    update,
    choose: (name, value) => {
      chosen[name] = value;
      if (name === "hours") update(); else draw();
    },
  };
};
