// A field above a long table that hides the rows without the words typed: on pages that wrap the table in a container "filterable".
(function () {
  "use strict";
  function add(holder) {
    const table = holder.querySelector("table");
    const label = document.createElement("label");
    const field = Object.assign(document.createElement("input"), { type: "search", placeholder: "words, or a label such as D17" });
    const count = Object.assign(document.createElement("output"), { value: "" });
    label.append("Show rows with ", field, " ", count);
    label.className = "filter-field";
    holder.prepend(label);
    const rows = [...table.tBodies[0].rows];
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
    });
  }
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".filterable").forEach(add));
})();
