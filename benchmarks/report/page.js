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
