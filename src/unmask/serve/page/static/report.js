// One analysis as people read it: the verdict in words first, then what it rests on.

import { reading as fetchReading } from "./api.js";
import { makeGauge, makeTimeline, makeWords } from "./charts.js";
import { makeChoices } from "./choices.js";
import { announce, complain, el, put } from "./dom.js";
import { makeFaces, makePeople } from "./faces.js";
import { makeStage } from "./stage.js";

/** Return the verdict of a reading: words, number and gauge. */
export function makeVerdict(first, level = "h1") {
  const pill = makeWords("span", { class: "pill" });
  const heading = makeWords(level, { class: "heading", tabindex: -1 });
  const chance = makeWords("strong");
  const interval = makeWords("span", { class: "soft" });
  const meaning = makeWords("p");
  const prior = makeWords("p");
  const gauge = makeGauge();
  const number = el("p", { class: "chance" }, chance.node, interval.node);
  const advice = el("div", {}, first.advice.map((text) => el("p", {}, text)));
  const node = el("section", { class: "card verdict" }, pill.node, heading.node, number, gauge.node, advice, meaning.node, prior.node);

  function paint(reading) {
    node.dataset.tone = reading.tone;
    pill.paint(reading.pill);
    heading.paint(reading.heading);
    chance.paint(reading.chance);
    interval.paint(reading.interval && `probability of fake, 95 % interval ${reading.interval}`);
    meaning.paint(reading.meaning);
    prior.paint(reading.at_prior);
    number.hidden = gauge.node.hidden = !reading.gauge;
    if (reading.gauge) gauge.paint(reading.gauge);
  }
  paint(first);
  return { node, paint, heading: heading.node };
}

/** Return stage, timeline, people and faces of a reading, joined so that one moves the others. */
export function makeEvidence(first) {
  const scored = first.people.filter((person) => person.shots.length);
  let reading = first;
  let track = scored[0]?.track;
  const person = () => reading.people.find((each) => each.track === track);
  const timeline = scored[0]?.chart ? makeTimeline(first.chart_size, longest(first), seek) : null;
  const faces = scored.length ? makeFaces(first, seek) : null;
  const people = makePeople(first, choose);
  const stage = makeStage(first, moved);
  const title = makeWords("h3");

  function moved(time) {
    timeline?.point(time);
    faces?.point(time);
  }

  function seek(time) {
    stage.seek(time);
  }

  function choose(next) {
    track = next;
    stage.choose(track);
    title.paint(`${scored.length > 1 ? `${person().name}: p` : "P"}robability of fake, frame by frame`);
    if (person().chart) timeline?.paint(person());
    faces?.choose(person());
  }

  function paint(next) {
    reading = next;
    people.paint(reading);
    if (!scored.length) return;
    if (person().chart) timeline?.paint(person());
    faces?.paint(person());
  }

  people.paint(first);
  if (scored.length) {
    people.pick(track);
    seek(person().shots[person().most].time);
  }
  const shown = el("section", { class: "card watch", "aria-label": "The file" }, stage.node,
    timeline ? el("div", { class: "over-time" }, title.node, timeline.node,
      el("p", { class: "soft small" }, "Drag, or use the arrow keys, to move through the clip. Shaded: the bands for the file as a whole.")) : null);
  stage.outline();
  return { shown, people: first.people.length ? people.node : null, faces: faces?.node ?? null, paint, seek };
}

const longest = (reading) =>
  Math.max(reading.duration ?? 0, ...reading.people.flatMap((each) => each.shots.map((shot) => shot.time)), 0.01);

/** Call `paint` with the reading at the latest choices; answers that come late are left out. */
export function makeRereading(ids, paint) {
  let running = null;
  return async (choices) => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    try {
      paint(await Promise.all(ids.map((id) => fetchReading(id, choices, signal))));
    } catch (error) {
      if (error.name !== "AbortError") complain(error.message);
    }
  };
}

const own = (reading) => ({ prior: reading.prior, rate: reading.max_false_alarm_rate });

/** Show an analysis that has ended. `tools` are the actions that its header offers. */
export function showReport(place, view, first, tools) {
  const verdict = makeVerdict(first);
  const evidence = first.people.length || first.media ? makeEvidence(first) : null;
  const priors = el("table", { class: "odds" });
  const bands = makeWords("p", { class: "soft small" });
  const reread = makeRereading([view.id], ([next]) => {
    paint(next);
    announce(`${next.heading}. Probability of fake ${next.chance}.`);
  });
  function paint(reading) {
    verdict.paint(reading);
    evidence?.paint(reading);
    bands.paint(reading.bands);
    put(priors, el("tbody", {}, reading.priors.map((line) =>
      el("tr", {}, el("th", { scope: "row" }, `Where ${line.name} is fake`), el("td", {}, line.value)))));
  }
  paint(first);
  const scored = first.verdict !== null;
  put(place, el("article", { class: scored ? "report" : "report plain" },
    el("header", { class: "about" },
      el("p", { class: "name" }, el("span", { class: "soft" }, { image: "Picture", video: "Clip" }[first.kind] ?? "File"), el("strong", {}, first.name)),
      el("div", { class: "tools" }, tools)),
    el("div", { class: "judged" }, verdict.node,
      scored ? makeChoices(own(first), reread) : null,
      evidence?.people),
    el("div", { class: "seen" }, evidence?.shown, evidence?.faces),
    el("div", { class: "below" },
      notes(first),
      scored ? section("What the score means elsewhere", priors, bands.node) : null,
      section("Content credentials", el("p", {}, el("strong", {}, `${first.credentials.heading}. `), first.credentials.text),
        facts(first.credentials.facts), bullets(first.credentials.statements)),
      section("The file", facts(first.facts)),
      section("The detector", facts(first.model)),
      section("What this report cannot say", bullets(first.limits)),
      fullReport(view))));
  return { heading: verdict.heading, seek: evidence?.seek };
}

/** Return the report as it is filed, in a frame of its own that can run nothing. */
function fullReport(view) {
  const place = el("div", {});
  return el("details", { class: "card full", ontoggle: (event) => {
    if (event.target.open && !place.firstChild) {
      place.append(el("iframe", { src: view.links.html, sandbox: "", title: `The full report on ${view.name}` }));
    }
  } }, el("summary", {}, "The full report, as it is filed"), place);
}

function notes(reading) {
  return reading.notes.length ? section("Notes", bullets(reading.notes)) : null;
}

function section(title, ...content) {
  return el("section", { class: "entry" }, el("h2", {}, title), el("div", {}, ...content));
}

function bullets(texts) {
  return texts.length ? el("ul", { class: "bullets" }, texts.map((text) => el("li", {}, text))) : null;
}

/** Return names and values. */
export function facts(lines) {
  return lines.length ? el("dl", { class: "facts" }, lines.flatMap((line) => [
    el("dt", {}, line.name), el("dd", { class: line.mono ? "mono" : null }, line.value)])) : null;
}
