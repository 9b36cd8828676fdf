// Hints on labels such as D28 or C07, and on a term's first use on a page: shown on hover and on focus, linked to the page with the rest.
(function () {
  "use strict";
  const root = document.documentElement.dataset.content_root || "";

  function hint(text, [meaning, page]) {
    const link = document.createElement("a");
    link.className = "hint";
    link.href = `${root}${page}#${/^[CD]\d+$/.test(text) ? text.toLowerCase() : "term-" + text.replace(/ /g, "-")}`;
    link.dataset.hint = meaning;
    link.setAttribute("aria-label", `${text}: ${meaning}`);
    link.textContent = text;
    return link;
  }

  function textNodes(article) {
    const outside = "a, code, pre, script, style, h1, h2, h3, .math, svg, button, figcaption, dt, [data-explore]";
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest(outside) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  }

  function mark(node, hints, seen) {
    const words = Object.keys(hints.terms).filter((term) => !seen.has(term) && term.length > 2).map((t) => t.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = new RegExp(`\\b([CD]\\d{1,2}${words.length && node.parentElement.closest("p, li") ? "|" + words.join("|") : ""})\\b`);
    const match = pattern.exec(node.data);
    const known = match && (hints.labels[match[1]] || hints.terms[match[1]]);
    if (!known) return;
    const rest = node.splitText(match.index);
    const after = rest.splitText(match[1].length);
    seen.add(match[1]);
    rest.replaceWith(hint(match[1], known));
    mark(after, hints, seen);
  }

  function anchors(article) { // rows of the pages that explain the labels
    for (const row of article.querySelectorAll("tr")) {
      const label = row.cells[0] && row.cells[0].textContent.trim();
      if (/^[CD]\d{1,2}$/.test(label) && !document.getElementById(label.toLowerCase())) row.id = label.toLowerCase();
    }
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector("article");
    if (!article || !window.srfpHints) return;
    anchors(article);
    if (/\/(choices|glossary|house)\.html$|\/api\//.test(location.pathname)) return;
    const seen = new Set();
    for (const node of textNodes(article)) mark(node, window.srfpHints, seen);
  });
})();
