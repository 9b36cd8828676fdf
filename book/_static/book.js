// What scrolls sideways takes keyboard focus, and nothing else does.
function focusable() {
  for (const box of document.querySelectorAll(".srfp-scroll, .pst-scrollable-table-container, .bd-article pre")) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}
addEventListener("load", focusable);
addEventListener("resize", focusable);
