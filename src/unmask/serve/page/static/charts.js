// The gauge of a file and the timeline of a person, drawn at the places that the server gives.

import { el, put, say, svg } from "./dom.js";

/** Return a gauge and what paints it. */
export function makeGauge() {
  const node = el("div", { class: "gauge", role: "img" });
  function paint(gauge) {
    node.setAttribute("aria-label", gauge.label);
    const track = el("div", { class: "track" });
    const over = el("div", { class: "over" });
    for (const band of gauge.bands) {
      if (!band.width) continue;
      track.append(place("span", { class: band.tone }, { left: band.left, width: band.width }));
      if (band.width >= 9) over.append(place("span", { class: "band" }, { left: band.left, width: band.width }, band.name));
    }
    over.append(place("span", { class: "range" }, { left: gauge.low, width: gauge.high - gauge.low }));
    over.append(place("span", { class: "dot" }, { left: gauge.point }));
    for (const [left, label] of gauge.ticks) over.append(place("span", { class: "tick" }, { left }, label));
    put(node, track, over);
  }
  return { node, paint };
}

function place(tag, props, where, text = "") {
  const node = el(tag, props, text);
  for (const [side, per_cent] of Object.entries(where)) node.style[side] = `${per_cent}%`;
  return node;
}

/**
 * Return a timeline that can be scrubbed, by pointer and by arrow keys.
 *
 * `sought` is called with seconds. `paint` draws a person, `point` marks a time.
 */
export function makeTimeline([width, height], duration, sought) {
  const levels = el("div", { class: "y", "aria-hidden": "true" });
  const times = el("div", { class: "x", "aria-hidden": "true" });
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const head = el("span", { class: "head" });
  const face = el("div", {
    class: "plot", role: "slider", tabindex: 0, "aria-label": "Time in the clip",
    "aria-valuemin": 0, "aria-valuemax": duration.toFixed(2), "aria-valuenow": 0,
    onpointerdown: (event) => {
      face.setPointerCapture(event.pointerId);
      drag(event);
    },
    onpointermove: (event) => event.buttons && drag(event),
    onkeydown: step,
  }, plot, head);
  const node = el("div", { class: "timeline" }, levels, face, times);
  let shots = [];
  let now = 0;

  function drag(event) {
    const box = face.getBoundingClientRect();
    sought(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * duration);
  }

  function step(event) {
    const at = nearest(shots, now);
    const next = {
      ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1,
      PageDown: at - 5, PageUp: at + 5, Home: 0, End: shots.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    sought(shots[Math.min(Math.max(next, 0), shots.length - 1)].time);
  }

  function paint(person) {
    const chart = person.chart;
    shots = person.shots;
    put(levels, chart.levels.map(([at, label]) => place("span", {}, { bottom: at }, label)));
    put(times, chart.times.map(([left, label]) => place("span", {}, { left }, label)));
    put(plot, drawing(chart, width, height));
    point(now);
  }

  function point(time) {
    now = time;
    head.style.left = `${(100 * Math.min(time, duration)) / duration}%`;
    const shot = shots[nearest(shots, time)];
    face.setAttribute("aria-valuenow", time.toFixed(2));
    if (shot) face.setAttribute("aria-valuetext", `${shot.clock}: ${shot.chance} probability of fake`);
  }

  return { node, paint, point };
}

function drawing(chart, width, height) {
  const { fake_edge: fake, real_edge: real } = chart;
  const across = (y, name) => svg("path", { class: name, d: `M0 ${y}H${width}` });
  return [
    svg("rect", { class: "paper", width, height }),
    fake === null ? null : svg("rect", { class: "fake-band", width, height: fake }),
    real === null ? null : svg("rect", { class: "real-band", y: real, width, height: height - real }),
    ...chart.levels.map(([at]) => across(height * (1 - at / 100), "grid")),
    fake === null ? null : across(fake, "edge"),
    real === null ? null : across(real, "edge"),
    ...chart.lines.map((line) => svg("path", { class: "line", d: line })),
    ...chart.points.map((point) => svg("path", { class: "point", d: `M${point.x} ${point.y}h0` })),
  ];
}

/** Return the place of the shot that is nearest to a time. */
export function nearest(shots, time) {
  let best = 0;
  shots.forEach((shot, at) => {
    if (Math.abs(shot.time - time) < Math.abs(shots[best].time - time)) best = at;
  });
  return best;
}

/** Return a line in words that is told only when it changes. */
export function makeWords(tag, props = {}) {
  const node = el(tag, props);
  return { node, paint: (text) => (say(node, text), (node.hidden = !text)) };
}
