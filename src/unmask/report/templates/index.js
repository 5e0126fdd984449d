"use strict";
// Sorts and filters the rows that are there. Without it the page is a table, the gravest first.
(() => {
  const table = document.querySelector("table.files");
  const controls = document.querySelector(".controls");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = controls.querySelector("input[type=search]");
  const boxes = [...controls.querySelectorAll("input[type=checkbox]")];
  const count = controls.querySelector("output");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.has(row.dataset.tone) || !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} shown`;
  };

  const sort = (head, button) => {
    const key = head.dataset.key;
    const numbers = head.dataset.kind === "number";
    const before = head.getAttribute("aria-sort");
    const down = before === "none" ? numbers : before === "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) {
      other.setAttribute("aria-sort", "none");
    }
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const compare = numbers
      ? (a, b) => Number(a.dataset[key]) - Number(b.dataset[key])
      : (a, b) => a.dataset[key].localeCompare(b.dataset[key], undefined, { numeric: true });
    rows.sort((a, b) => (down ? compare(b, a) : compare(a, b)));
    body.append(...rows);
    button.focus();
  };

  for (const head of table.tHead.querySelectorAll("[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, button));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
  }
  search.addEventListener("input", filter);
  for (const box of boxes) box.addEventListener("change", filter);
  controls.hidden = false;
  filter();
})();
