// Two analyses side by side, at one prior and one budget.

import { reading as fetchReading } from "./api.js";
import { makeChoices } from "./choices.js";
import { announce, el, put } from "./dom.js";
import { makeEvidence, makeRereading, makeVerdict } from "./report.js";

/** Show two analyses that have ended. */
export async function showComparison(place, ids, back) {
  const first = await Promise.all(ids.map((id) => fetchReading(id)));
  const sides = first.map((reading) => ({
    verdict: makeVerdict(reading, "h2"),
    evidence: reading.people.length || reading.media ? makeEvidence(reading) : null,
  }));
  const reread = makeRereading(ids, (next) => {
    next.forEach((reading, at) => {
      sides[at].verdict.paint(reading);
      sides[at].evidence?.paint(reading);
    });
    announce(next.map((reading) => `${reading.name}: ${reading.heading}`).join(". "));
  });
  const scored = first.find((reading) => reading.verdict !== null);
  const heading = el("h1", { class: "heading", tabindex: -1 }, "Two files compared");
  const choices = scored
    ? makeChoices({ prior: scored.prior, rate: scored.max_false_alarm_rate }, reread) : null;
  put(place, el("article", { class: "comparison" },
    el("header", { class: "about" }, heading, el("div", { class: "tools" }, back)),
    choices,
    el("div", { class: "sides" }, first.map((reading, at) =>
      el("section", { class: "side", "aria-label": reading.name },
        el("p", { class: "name" }, el("strong", {}, reading.name)),
        sides[at].verdict.node, sides[at].evidence?.shown, sides[at].evidence?.people, sides[at].evidence?.faces))),
    differences(first)));
  return { heading };
}

/** Return the facts of both files, those that differ marked. */
function differences(readings) {
  const names = [...new Set(readings.flatMap((reading) => reading.facts.map((line) => line.name)))];
  const value = (reading, name) => reading.facts.find((line) => line.name === name)?.value ?? "–";
  return el("section", { class: "card" }, el("h2", {}, "The files"),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Facts of both files" },
      el("table", { class: "both" },
        el("thead", {}, el("tr", {}, el("td", {}), readings.map((reading) => el("th", { scope: "col" }, reading.name)))),
        el("tbody", {}, names.map((name) => {
          const [one, other] = readings.map((reading) => value(reading, name));
          return el("tr", { class: one === other ? "same" : "differs" },
            el("th", { scope: "row" }, name, one === other ? null : el("span", { class: "unseen" }, " (differs)")),
            el("td", {}, one), el("td", {}, other));
        })))));
}
