// What was analysed, and what is being analysed: the list beside the report.

import { ended, follow, list, show } from "./api.js";
import { ago, announce, complain, el, put } from "./dom.js";

const MINUTE = 60_000; // milliseconds; the times in the list grow older
const AT_ONCE = 3; // streams: a browser allows few connections to one server

/** Return the list; `changed` is called with each analysis that is new or has moved on. */
export function makeHistory(changed) {
  const views = new Map();
  const following = new Map();
  const place = document.getElementById("history");
  const more = document.getElementById("more");
  const entries = new Map();
  let next = null;
  let selected = [];
  setInterval(() => entries.forEach((entry, id) => entry.paint(views.get(id))), MINUTE / 2);
  more.addEventListener("click", () => load(next).catch((error) => complain(error.message)));

  async function load(before) {
    const page = await list(before);
    next = page.next;
    for (const view of page.items) keep(view);
    paint();
  }

  /** Take in an analysis as the server tells it. */
  function keep(view) {
    const old = views.get(view.id);
    views.set(view.id, view);
    entries.get(view.id)?.paint(view);
    if (old && old.state !== view.state && ended(view)) announce(`${view.name}: ${told(view)}`);
    if (!old || JSON.stringify(old) !== JSON.stringify(view)) changed(view);
    watch();
  }

  function add(view) {
    keep(view);
    paint();
    entries.forEach((entry, id) => entry.paint(views.get(id)));
  }

  function forget(id) {
    views.delete(id);
    following.get(id)?.();
    following.delete(id);
    entries.get(id)?.node.remove();
    entries.delete(id);
    document.getElementById("empty").hidden = views.size > 0;
    watch();
  }

  /** Follow the oldest analyses that have not ended; they are the next in turn. */
  function watch() {
    for (const [id, stop] of following) {
      if (!views.has(id) || ended(views.get(id))) {
        stop();
        following.delete(id);
      }
    }
    const waiting = [...views.values()].filter((view) => !ended(view) && !following.has(view.id));
    waiting.sort((a, b) => a.created.localeCompare(b.created));
    for (const view of waiting.slice(0, Math.max(0, AT_ONCE - following.size))) {
      following.set(view.id, follow(view.id, keep, () => forget(view.id)));
    }
  }

  function paint() {
    const order = [...views.values()].sort((a, b) => b.created.localeCompare(a.created));
    const nodes = order.map((view) => {
      if (!entries.has(view.id)) entries.set(view.id, makeEntry(view));
      return entries.get(view.id).node;
    });
    // A list that is as it should be is left alone: it may hold the focus.
    if (nodes.some((node, at) => node !== place.children[at])) put(place, nodes);
    more.hidden = next === null;
    document.getElementById("empty").hidden = views.size > 0;
    mark();
  }

  function select(ids) {
    selected = ids;
    mark();
  }

  function mark() {
    for (const [id, { link }] of entries) {
      if (selected.includes(id)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** Return an analysis, from the server if it is not listed yet. */
  async function find(id) {
    if (!views.has(id)) add(await show(id));
    return views.get(id);
  }

  return { load, add, forget, find, select, all: () => [...views.values()] };
}

/** Return the state of an analysis in a word or two. */
export function told(view) {
  if (view.state === "queued") return "waiting";
  if (view.state === "running") return `analysing, ${Math.round(100 * view.progress)} %`;
  if (view.state !== "done") return view.state;
  return { fake: "fake", real: "no sign found", uncertain: "uncertain" }[view.verdict] ?? "no verdict";
}

function makeEntry(first) {
  const picture = el("span", { class: "thumb" });
  const state = el("span", { class: "pill" });
  const when = el("span", { class: "soft small" });
  const bar = el("progress", { max: 1, "aria-label": `Progress of ${first.name}` });
  const link = el("a", { href: `#/${first.id}` }, picture,
    el("span", { class: "what" }, el("span", { class: "file" }, first.name), el("span", { class: "state" }, state, when), bar));
  const node = el("li", {}, link);
  function paint(view) {
    node.dataset.tone = view.state === "done" ? (view.verdict ?? "none") : view.state;
    state.textContent = told(view);
    when.textContent = ago(view.created);
    bar.hidden = ended(view);
    if (view.state === "running") bar.value = view.progress;
    if (view.verdict && !picture.firstChild) {
      const lead = el("img", { src: `/v1/analyses/${view.id}/pictures/lead.jpg`, alt: "", loading: "lazy" });
      lead.addEventListener("error", () => lead.remove());
      picture.append(lead);
    }
  }
  paint(first);
  return { node, link, paint };
}
