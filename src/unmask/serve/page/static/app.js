// The screen: what is shown, by the address after the #, and what people drop on it.

import { ended, make, reading, remove } from "./api.js";
import { showComparison } from "./compare.js";
import { announce, complain, el, put } from "./dom.js";
import { makeHistory, told } from "./history.js";
import { showReport } from "./report.js";
import { makeUploads } from "./uploads.js";

const place = document.getElementById("view");
const chooser = document.getElementById("files");
const history = makeHistory(changed);
const uploads = makeUploads((view, first) => {
  history.add(view);
  if (first) location.hash = `#/${view.id}`;
});
let shown = { ids: [], state: "" };

/** Show what the address says: nothing, one analysis, or two. */
async function route(focus) {
  const ids = location.hash.replace(/^#\//, "").split("+").filter((id) => /^[0-9a-f]{32}$/.test(id));
  document.body.dataset.view = ids.length ? "report" : "home";
  history.select(ids);
  shown = { ids, state: "" };
  try {
    if (!ids.length) showHome();
    else if (ids.length === 1) await showOne(ids[0], focus);
    else focusOn((await showComparison(place, ids.slice(0, 2), goBack())).heading, focus);
  } catch (error) {
    if (shown.ids === ids) showFailure(error.message);
  }
}

async function showOne(id, focus) {
  const { ids } = shown;
  const view = await history.find(id);
  if (shown.ids !== ids) return;
  history.select(ids);
  shown.state = view.state;
  document.title = `${view.name} – unmask`;
  if (view.state !== "done") return showState(view);
  const first = await reading(id);
  if (shown.ids !== ids) return;
  focusOn(showReport(place, view, first, tools(view)).heading, focus);
}

function showHome() {
  document.title = "unmask";
  put(place, document.getElementById("home").content.cloneNode(true));
  place.querySelector("[data-choose]").addEventListener("click", () => chooser.click());
}

/** Show an analysis that has no report: it has not ended, or was cancelled, or failed. */
function showState(view) {
  const open = !ended(view);
  const bar = el("progress", { max: 1, "aria-label": "Progress" });
  if (view.state === "running") bar.value = view.progress;
  const words = { queued: "Waiting for its turn", running: "Looking at the faces", cancelled: "Cancelled", failed: "The analysis failed" };
  put(place, el("section", { class: "card state-card", "data-state": view.state },
    el("p", { class: "name" }, el("strong", {}, view.name)),
    el("h1", { class: "heading" }, words[view.state]),
    open ? bar : el("p", {}, view.state === "failed" ? view.message : "Send the file again to have it analysed."),
    el("p", { class: "soft" }, open ? `${told(view)}. You may close or reload the page: the analysis goes on.` : null),
    el("p", {}, open ? button("Cancel", () => drop(view)) : button("Remove", () => drop(view)))));
}

/** An analysis has moved on: show it, if it is the one that is looked at. */
function changed(view) {
  if (shown.ids.length !== 1 || shown.ids[0] !== view.id) return;
  if (ended(view) && shown.state !== view.state) route(false);
  else if (!ended(view)) {
    shown.state = view.state;
    showProgress(view);
  }
}

function showProgress(view) {
  const card = place.querySelector(".state-card");
  const heading = card?.querySelector("h1");
  if (!heading || card.dataset.state !== view.state) return showState(view);
  if (view.state !== "running") return;
  card.querySelector("progress").value = view.progress;
  card.querySelector("p.soft").textContent = `${told(view)}. You may close or reload the page: the analysis goes on.`;
}

function tools(view) {
  const file = (kind) => `unmask-${view.id.slice(0, 8)}.${kind}`;
  const save = el("span", { class: "unseen" }, "Save the report as ");
  const link = (kind, name) => el("a", { href: view.links[kind], class: "quiet button", download: file(kind) }, save.cloneNode(true), name);
  const paper = el("button", { type: "button", class: "quiet", onclick: async () => {
    paper.disabled = true;
    announce("The PDF is being made");
    try {
      const href = await make(view.links.pdf);
      el("a", { href, download: file("pdf") }).click();
      URL.revokeObjectURL(href);
    } catch (error) {
      complain(error.message);
    }
    paper.disabled = false;
  } }, save.cloneNode(true), "PDF");
  return [compareWith(view), link("html", "HTML"), paper, link("json", "JSON"), button("Remove", () => drop(view))];
}

/** Return the choice of another analysis to put beside this one. */
function compareWith(view) {
  const others = history.all().filter((other) => other.id !== view.id && other.state === "done");
  if (!others.length) return null;
  return el("select", { "aria-label": "Compare with", onchange: (event) => {
    if (event.target.value) location.hash = `#/${view.id}+${event.target.value}`;
  } }, el("option", { value: "" }, "Compare with…"),
    others.map((other) => el("option", { value: other.id }, `${other.name} (${told(other)})`)));
}

async function drop(view) {
  try {
    const left = await remove(view.id);
    if (left) return history.add(left);
    history.forget(view.id);
    announce(`${view.name} is removed`);
    location.hash = "#/";
  } catch (error) {
    complain(error.message);
  }
}

function showFailure(text) {
  put(place, el("section", { class: "card state-card" },
    el("h1", { class: "heading" }, "This cannot be shown"), el("p", {}, text), el("p", {}, goBack())));
}

const button = (text, act) => el("button", { type: "button", class: "quiet", onclick: act }, text);
const goBack = () => el("a", { class: "quiet button", href: "#/" }, "Back");

function focusOn(heading, focus) {
  if (focus) heading.focus({ preventScroll: true });
  if (focus) scrollTo({ top: 0 });
}

function choose(files) {
  const real = [...files];
  if (real.length) uploads.take(real);
}

document.getElementById("choose").addEventListener("click", () => chooser.click());
chooser.addEventListener("change", () => {
  choose(chooser.files);
  chooser.value = "";
});

const curtain = document.getElementById("dropping");
const carries = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  curtain.hidden = false;
});
addEventListener("dragleave", (event) => event.relatedTarget || (curtain.hidden = true));
addEventListener("drop", (event) => {
  event.preventDefault();
  curtain.hidden = true;
  if (carries(event)) choose(event.dataTransfer.files);
});

const theme = document.getElementById("theme");
const THEMES = ["system", "light", "dark"];
function paint(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.lastChild.textContent = name;
  localStorage.setItem("unmask-colours", name);
}
paint(THEMES.includes(localStorage.getItem("unmask-colours")) ? localStorage.getItem("unmask-colours") : "system");
theme.addEventListener("click", () => paint(THEMES[(THEMES.indexOf(localStorage.getItem("unmask-colours")) + 1) % 3]));

addEventListener("hashchange", () => route(true));
history.load().catch((error) => complain(error.message)).finally(() => route(false));
