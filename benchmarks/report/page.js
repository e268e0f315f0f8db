"use strict";
// A column sorts by what its cells hold, numbers as numbers; a second click turns the order round.
for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const header = button.parentElement, table = header.closest("table"), body = table.tBodies[0];
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentElement.cells) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[header.cellIndex].dataset.value;
    const compare = (a, b) => a - b || String(a).localeCompare(String(b), "en", { numeric: true });
    const rows = [...body.rows].sort((one, other) => compare(value(one), value(other)) * (down ? -1 : 1));
    body.append(...rows);
  });
}
// A button of a legend hides and shows a contender on the whole page.
for (const button of document.querySelectorAll("[data-toggle]")) {
  button.addEventListener("click", () => {
    const who = button.dataset.toggle, shown = button.getAttribute("aria-pressed") !== "true";
    for (const other of document.querySelectorAll(`[data-toggle="${who}"]`)) other.setAttribute("aria-pressed", shown);
    for (const mark of document.querySelectorAll(`[data-who="${who}"]`)) mark.toggleAttribute("hidden", !shown);
  });
}
// What a mark stands for is shown where the pointer is, or where the arrow keys have gone within a plot.
const tip = document.getElementById("tip");
let at = null;
function tell(mark) {
  at?.classList.remove("at");
  at = mark;
  tip.hidden = !mark;
  if (!mark) return;
  mark.classList.add("at");
  tip.textContent = mark.dataset.told;
  const box = mark.getBoundingClientRect(), width = document.documentElement.clientWidth;
  tip.style.left = tip.style.top = "0";
  const left = Math.min(box.left + 12, width - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = scrollX + Math.max(left, 8) + "px";
  tip.style.top = scrollY + (above > 0 ? above : box.bottom + 8) + "px";
}
for (const mark of document.querySelectorAll(".point")) {
  const title = mark.querySelector("title");
  mark.dataset.told = title.textContent;
  title.remove(); // else the browser would show it as well
  mark.addEventListener("pointerenter", () => tell(mark));
  mark.addEventListener("pointerleave", () => tell(null));
}
for (const plot of document.querySelectorAll(".rows, svg.curves")) {
  plot.setAttribute("tabindex", "0");
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Plot; the arrow keys go from value to value");
  plot.addEventListener("blur", () => tell(null));
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const marks = [...plot.querySelectorAll(".point")].filter((mark) => !mark.closest("[hidden]"));
    if (event.key === "Escape") tell(null);
    if (!step || !marks.length) return;
    event.preventDefault();
    const next = marks.indexOf(at) + step;
    tell(marks[at && marks.includes(at) ? (next + marks.length) % marks.length : step > 0 ? 0 : marks.length - 1]);
  });
}
// The contents list marks the section that is being read.
const links = [...document.querySelectorAll("nav a")];
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links) {
      if (link.hash === "#" + entry.target.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}, { rootMargin: "-10% 0px -80% 0px" });
for (const section of document.querySelectorAll("section")) seen.observe(section);
for (const button of document.querySelectorAll(".download")) {
  button.addEventListener("click", () => {
    const record = JSON.parse(document.getElementById("records").textContent)[button.dataset.record];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1) + "\n"], { type: "application/json" }));
    link.download = "bpelab-record-" + (Number(button.dataset.record) + 1) + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
document.documentElement.dataset.ready = "";
