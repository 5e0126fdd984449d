// Files on their way to the server, one after another.

import { send } from "./api.js";
import { announce, complain, el } from "./dom.js";

/** Return what takes files; `arrived` is called with the analysis of each. */
export function makeUploads(arrived) {
  const place = document.getElementById("uploads");
  const waiting = [];
  let busy = false;

  function take(files) {
    for (const file of files) waiting.push(makeUpload(file, place));
    if (waiting.length) announce(`Sending ${waiting.length} file${waiting.length > 1 ? "s" : ""}`);
    work();
  }

  async function work() {
    if (busy) return;
    busy = true;
    for (let first = true; waiting.length; first = false) {
      const upload = waiting.shift();
      if (upload.signal.aborted) continue;
      try {
        arrived(await send(upload.file, upload.progress, upload.signal), first);
      } catch (error) {
        if (error.name !== "AbortError") complain(`${upload.file.name}: ${error.message}`);
      }
      upload.node.remove();
    }
    busy = false;
  }

  return { take };
}

function makeUpload(file, place) {
  const stop = new AbortController();
  const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const node = el("li", { class: "upload" },
    el("span", { class: "file" }, file.name),
    el("span", { class: "state soft small" }, "sending"), bar,
    el("button", { type: "button", class: "quiet small", "aria-label": `Do not send ${file.name}`, onclick: () => {
      stop.abort();
      node.remove();
    } }, "Cancel"));
  place.append(node);
  return { file, node, signal: stop.signal, progress: (share) => (bar.value = share) };
}
