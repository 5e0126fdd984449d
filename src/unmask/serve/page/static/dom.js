// Elements from values. Text is only ever set as text, so nothing shown can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element; `props` are attributes, `on…` handlers, and booleans that stand for presence. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** Make an element of SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Replace what an element holds. */
export function put(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child || child === 0));
  return parent;
}

/** Set text only where it differs, so that screen readers are not told the same again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  return put(node, ...children);
}

/** Tell people who do not see the page what has changed. */
export function announce(text) {
  document.getElementById("announce").textContent = text;
}

/** Say what went wrong, for a while. */
export function complain(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => (toast.hidden = true), 8000);
}

/** Return how long ago a moment was, for people. */
export function ago(moment) {
  const seconds = (Date.now() - new Date(moment).getTime()) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(moment).toLocaleDateString();
}
