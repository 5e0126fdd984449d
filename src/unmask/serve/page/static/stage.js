// The clip or picture itself, with the faces outlined; sampled frames stand in where it is gone.

import { el, put } from "./dom.js";
import { nearest } from "./charts.js";

const LEVEL = 0.75; // of a step between two sampled frames: further away no outline is shown

/** Return the stage of a reading; `moved` is called with the time shown, in seconds. */
export function makeStage(reading, moved) {
  const boxes = el("div", { class: "boxes", "aria-hidden": "true" });
  const frame = el("div", { class: "screen" });
  const caption = el("figcaption", { class: "soft small" });
  const node = el("figure", { class: "stage" }, frame, caption);
  const still = el("img", { alt: `A sampled frame of ${reading.name}` });
  const moving = reading.kind === "video";
  const people = reading.people.filter((person) => person.shots.length);
  let shown = null;
  let chosen = people[0]?.track;
  let now = 0;

  if (reading.width) frame.style.aspectRatio = `${reading.width} / ${reading.height}`;
  if (reading.media && moving) {
    shown = el("video", {
      src: reading.media, controls: true, muted: true, playsinline: true, preload: "auto",
      "aria-label": `The clip ${reading.name}`,
      ontimeupdate: follow, onseeking: follow, onplay: watch, onerror: fall,
    });
    shown.muted = true;
  } else if (reading.media) {
    shown = el("img", { src: reading.media, alt: `The picture ${reading.name}`, onerror: fall });
  }
  put(frame, shown ?? still, boxes);
  if (!shown) fall();

  /** Show sampled frames in place of a file that is gone, or that this browser cannot show. */
  function fall() {
    shown = null;
    put(frame, still, boxes);
    caption.textContent = moving
      ? "The clip is no longer kept, or this browser cannot play it; these are the sampled frames."
      : "The picture is no longer kept, or this browser cannot show it; this is a small copy.";
    outline(now);
  }

  function follow() {
    outline(shown.currentTime);
    moved(shown.currentTime);
  }

  /** While it plays the browser tells the time too rarely for the outlines. */
  function watch() {
    if (!shown || shown.paused || shown.ended) return;
    follow();
    requestAnimationFrame(watch);
  }

  function outline(time) {
    now = time;
    put(boxes, people.map((person) => box(person, time)));
    if (shown) return;
    const person = people.find((each) => each.track === chosen) ?? people[0];
    const shot = person?.shots[nearest(person.shots, time)];
    frame.hidden = !shot?.whole;
    if (shot?.whole && still.getAttribute("src") !== shot.whole) still.src = shot.whole;
  }

  function box(person, time) {
    const { shots } = person;
    const shot = shots[nearest(shots, time)];
    const step = shots.length > 1 ? (shots.at(-1).time - shots[0].time) / (shots.length - 1) : Infinity;
    if (!shot.box || (moving && Math.abs(shot.time - time) > LEVEL * step)) return null;
    const node = el("span", { class: person.track === chosen ? "box chosen" : "box" });
    ["left", "top", "width", "height"].forEach((side, at) => (node.style[side] = `${shot.box[at]}%`));
    if (people.length > 1) node.append(el("span", {}, person.name));
    return node;
  }

  function seek(time) {
    if (shown && moving) {
      shown.pause();
      shown.currentTime = time;
    }
    outline(time);
    moved(time);
  }

  function choose(track) {
    chosen = track;
    outline(now);
  }

  return { node, seek, choose, outline: () => outline(now) };
}
