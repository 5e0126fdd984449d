// The prior and the false-alarm budget: two sliders, whose steps are apart as they differ in weight.

import { el, say } from "./dom.js";

const PRIORS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];

const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

/** Return the steps of a slider, with `own` among them. */
const steps = (known, own) => [...new Set([...known, own])].sort((a, b) => a - b);

/** Return the two sliders, started at `own`; `changed` is called with {prior, rate}. */
export function makeChoices(own, changed) {
  const chosen = { ...own };
  const prior = slider({
    name: "Share of fakes among files like this",
    hint: "The prior. It moves the probability, never the verdict.",
    values: steps(PRIORS, own.prior),
    own: own.prior,
    word: (share) => `${percent(share)} are fake`,
    set: (share) => ((chosen.prior = share), told()),
  });
  const rate = slider({
    name: "False alarms that you can bear",
    hint: "The budget. It moves the bar for “fake”, and so the verdict.",
    values: steps(RATES, own.rate),
    own: own.rate,
    word: (share) => `${percent(share)} of genuine files`,
    set: (share) => ((chosen.rate = share), told()),
  });
  const back = el("button", { type: "button", class: "quiet small", hidden: true, onclick: reset }, "As analysed");
  function told() {
    back.hidden = chosen.prior === own.prior && chosen.rate === own.rate;
    changed({ ...chosen });
  }
  function reset() {
    prior.reset();
    rate.reset();
    Object.assign(chosen, own);
    told();
    prior.input.focus();
  }
  return el("section", { class: "card choices" },
    el("div", { class: "row" }, el("h2", {}, "What if…"), back), prior.node, rate.node);
}

function slider({ name, hint, values, own, word, set }) {
  const id = `choice-${(slider.count = (slider.count ?? 0) + 1)}`;
  const output = el("output", { for: id }, word(own));
  const input = el("input", {
    type: "range", id, min: 0, max: values.length - 1, step: 1,
    "aria-valuetext": word(own), "aria-describedby": `${id}-hint`,
    oninput: () => {
      show();
      set(values[input.value]);
    },
  });
  input.value = values.indexOf(own);
  function show() {
    const text = word(values[input.value]);
    input.setAttribute("aria-valuetext", text);
    say(output, text);
  }
  function reset() {
    input.value = values.indexOf(own);
    show();
  }
  const node = el("div", { class: "choice" },
    el("label", { for: id }, name), output, input, el("p", { class: "soft small", id: `${id}-hint` }, hint));
  return { node, input, reset };
}
