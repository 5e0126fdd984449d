// The HTTP API of the server that this page came from.

const TOKEN = document.querySelector('meta[name="unmask-token"]').content;
const LOST = "The service does not answer. If it was started anew, open the address that it printed.";

/** What the server refused, in its own words. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const headers = () => (TOKEN ? { authorization: `Bearer ${TOKEN}` } : {});

/** Return an answer of the server, or throw its refusal. */
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: headers() });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, LOST);
  }
  if (!answer.ok) throw new Refusal(answer.status, await reason(answer));
  return answer;
}

async function call(path, options = {}) {
  const answer = await ask(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** Return the address, in this page, of what the server makes at `path`; it may take a while. */
export const make = async (path) => URL.createObjectURL(await (await ask(path)).blob());

async function reason(answer) {
  if (answer.status === 401) return LOST;
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : "the service cannot read the request";
  } catch {
    return `the service failed (${answer.status})`;
  }
}

export const list = (before) => call(`/v1/analyses?limit=30${before ? `&before=${before}` : ""}`);
export const show = (id) => call(`/v1/analyses/${id}`);
export const remove = (id) => call(`/v1/analyses/${id}`, { method: "DELETE" });

/** What an analysis says at a prior and a false-alarm budget; null for those it was made with. */
export function reading(id, choices, signal) {
  const query = new URLSearchParams();
  if (choices) {
    query.set("prior", choices.prior);
    query.set("max_false_alarm_rate", choices.rate);
  }
  return call(`/v1/analyses/${id}/reading?${query}`, { signal });
}

/** Send a file; `progress` is told the share sent. Aborting `signal` takes it back. */
export function send(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", "/v1/analyses");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else if (request.status === 401) reject(new Refusal(401, LOST));
      else reject(new Refusal(request.status, request.response?.detail ?? "the file was refused"));
    };
    request.onerror = () => reject(new Refusal(0, LOST));
    request.onabort = () => reject(new DOMException("taken back", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

export const ended = (view) => !["queued", "running"].includes(view.state);

/** Follow an analysis; returns what stops following. The browser reconnects by itself. */
export function follow(id, changed, gone) {
  const source = new EventSource(`/v1/analyses/${id}/events`);
  source.addEventListener("analysis", (event) => {
    const view = JSON.parse(event.data);
    if (ended(view)) source.close();
    changed(view);
  });
  source.addEventListener("removed", () => {
    source.close();
    gone();
  });
  return () => source.close();
}
