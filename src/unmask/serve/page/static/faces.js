// The people of a file, the sampled frames of one of them, and the heat maps over their faces.

import { nearest } from "./charts.js";
import { el, put, say } from "./dom.js";

/** Return the list of people; `chosen` is called with a track. Nothing to choose: no list. */
export function makePeople(reading, chosen) {
  const entries = reading.people.map((person) => {
    const chance = el("span", { class: "chance-small" });
    const facts = el("span", { class: "soft small" });
    const face = person.shots[person.most]?.face;
    const button = el("button", {
      type: "button", class: "person", "aria-pressed": "false", disabled: !person.shots.length,
      onclick: () => pick(person.track),
    }, face ? el("img", { src: face, alt: "", width: 56, height: 56 }) : el("span", { class: "blank" }),
      el("span", { class: "who" }, el("strong", {}, person.name), facts), chance);
    return { track: person.track, button, chance, facts };
  });
  const node = el("section", { class: "card people" },
    el("h2", {}, reading.people.length === 1 ? "The person found" : `The ${reading.people.length} people found`),
    el("ul", {}, entries.map(({ button }) => el("li", {}, button))));

  function pick(track) {
    for (const entry of entries) entry.button.setAttribute("aria-pressed", String(entry.track === track));
    chosen(track);
  }

  function paint(next) {
    for (const entry of entries) {
      const person = next.people.find(({ track }) => track === entry.track);
      say(entry.chance, person.chance);
      say(entry.facts, person.note || `${person.interval ? `${person.interval}, ` : ""}${person.facts}`);
    }
  }
  return { node, paint, pick };
}

/** Return the faces of one person: three large ones, and every sampled one in a row. */
export function makeFaces(reading, sought) {
  const heat = reading.people.some((person) => person.shots.some((shot) => shot.heat));
  const large = el("div", { class: "tiles" });
  const row = el("ul", { class: "strip", role: "listbox", "aria-label": "Sampled frames", onkeydown: step });
  const toggle = el("button", {
    type: "button", role: "switch", class: "switch", "aria-checked": "false", "aria-describedby": "heat-note",
    onclick: () => {
      const on = toggle.getAttribute("aria-checked") !== "true";
      toggle.setAttribute("aria-checked", String(on));
      node.classList.toggle("hot", on);
    },
  }, "Heat map");
  const key = el("div", { class: "key" }, el("span", { class: "ramp", "aria-hidden": "true" }),
    el("p", { class: "soft small", id: "heat-note" }, reading.heat));
  const node = el("section", { class: "card faces" },
    el("div", { class: "row" }, el("h2", {}, "Faces as the detector saw them"), heat ? toggle : null),
    large, row, heat ? key : null);
  let person = null;
  let options = [];
  let tiles = [];
  let at = 0;

  function choose(next) {
    person = next;
    at = person.most;
    const ends = person.shots.length > 1
      ? [["This frame", () => at], ["Most suspicious", () => person.most], ["Least suspicious", () => person.least]]
      : [["The face that was scored", () => at]];
    tiles = ends.map(([name, which]) => tile(name, which));
    put(large, tiles.map((each) => each.node));
    options = person.shots.map((shot, number) => option(shot, number));
    put(row, person.shots.length > 1 ? options.map((each) => each.node) : []);
    row.hidden = person.shots.length < 2;
    mark(at);
  }

  function tile(name, which) {
    const picture = el("div", { class: "face" });
    const words = el("figcaption", {});
    const figure = el("figure", { class: name === "This frame" ? "tile here" : "tile" },
      el("h3", {}, name), picture, words);
    let shown = null;
    function paint() {
      const shot = person.shots[which()];
      if (shown !== shot.face) put(picture, layers(shot, `${person.name} at ${shot.clock}`));
      shown = shot.face;
      put(words, el("strong", {}, shot.chance),
        el("span", { class: "soft small" }, reading.kind === "video" ? `at ${shot.clock}` : ""),
        el("span", { class: "soft small detail" }, shot.caption));
      figure.classList.toggle("link", name !== "This frame");
    }
    if (name !== "This frame" && person.shots.length > 1) {
      const jump = el("button", { type: "button", class: "quiet small", onclick: () => sought(person.shots[which()].time) }, "Show in the clip");
      figure.append(jump);
    }
    return { node: figure, paint };
  }

  function option(shot, number) {
    const chance = el("span", { class: "chip" });
    const entry = el("li", { role: "option", tabindex: -1, "aria-selected": "false", onclick: () => sought(shot.time) },
      el("div", { class: "face" }, layers(shot, "")), chance, el("span", { class: "soft when" }, shot.clock));
    return { node: entry, paint: () => {
      const { chance: words } = person.shots[number];
      say(chance, words);
      entry.setAttribute("aria-label", `${shot.clock}: ${words}`);
    } };
  }

  function step(event) {
    const next = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: options.length - 1 }[event.key];
    if (next === undefined || !options[next]) return;
    event.preventDefault();
    sought(person.shots[next].time);
    options[next].node.focus();
  }

  function mark(number) {
    at = number;
    options.forEach(({ node: entry }, each) => {
      entry.setAttribute("aria-selected", String(each === at));
      entry.tabIndex = each === at ? 0 : -1;
    });
    const entry = options[at]?.node;
    if (entry) row.scrollTo({ left: entry.offsetLeft - (row.clientWidth - entry.clientWidth) / 2 });
    tiles.forEach((each) => each.paint());
  }

  /** Show the frame that is nearest to a time. */
  function point(time) {
    if (!person?.shots.length) return;
    const next = nearest(person.shots, time);
    if (next !== at) mark(next);
  }

  /** Take over the words of another reading of the same person. */
  function paint(next) {
    person = next;
    options.forEach((each) => each.paint());
    tiles.forEach((each) => each.paint());
  }
  return { node, choose, paint, point };
}

function layers(shot, alt) {
  if (!shot.face) return [el("span", { class: "blank" })];
  const plain = el("img", { src: shot.face, alt, loading: "lazy", width: 160, height: 160 });
  return shot.heat ? [plain, el("img", { class: "heat", src: shot.heat, alt: "", loading: "lazy", width: 160, height: 160 })] : [plain];
}
