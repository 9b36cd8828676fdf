// A page's own tables of sentences become cards on a narrow screen, as those of chapters do.
function cards() {
  for (const table of document.querySelectorAll(".bd-article .pst-scrollable-table-container > table")) {
    const heads = table.tHead ? [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim()) : [];
    const cells = [...table.tBodies[0].rows].flatMap((row) => [...row.cells]);
    if (heads.length < 3 || !cells.some((cell) => cell.textContent.length > 45)) continue;
    table.parentElement.classList.add("srfp-cards");
    for (const cell of cells.filter((one) => one.cellIndex && one.textContent.trim())) {
      const content = document.createElement("span");
      content.append(...cell.childNodes);
      cell.append(content);
      cell.dataset.label = heads[cell.cellIndex];
    }
  }
}
document.addEventListener("DOMContentLoaded", cards);
// What scrolls takes keyboard focus, and nothing else does.
function focusable() {
  for (const box of document.querySelectorAll(".srfp-scroll, .pst-scrollable-table-container, .bd-article pre")) {
    if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}
addEventListener("load", focusable);
addEventListener("resize", focusable);
