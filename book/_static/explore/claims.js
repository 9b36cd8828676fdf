// The claims as squares by section: filter by verdict, press one for its numbers.
explore.components.claims = (place, data, x) => {
  const marks = { holds: ["✓", "#0060a0", "#fff"], weaker: ["↓", "#56b4e9", "#000"], stronger: ["↑", "#56b4e9", "#000"], opposite: ["✕", "#b34700", "#fff"],
    undecided: ["?", "#e69f00", "#000"] };
  const mark = (verdict) => marks[verdict] || ["–", "#d0d0d0", "#000"];
  const now = { verdict: "all", claim: "" }, buttons = new Map(), details = x.el("div", { role: "status" }), say = x.say(), list = x.el("details", {});
  const counts = new Map();
  data.claims.forEach(({ verdict }) => counts.set(verdict, (counts.get(verdict) || 0) + 1));
  const section = (claim) => claim.section.split("; ").pop();
  const order = [...new Set(data.claims.map(section))].sort();

  function square(claim) {
    const [sign, back, front] = mark(claim.verdict);
    const button = x.button(sign, () => show(claim), { "aria-label": `${claim.id}, ${claim.verdict}: ${claim.claim}`, title: claim.claim, "aria-pressed": "false" });
    Object.assign(button.style, { background: back, color: front, width: "1.9rem", padding: "0.2rem 0" });
    buttons.set(claim.id, button);
    return button;
  }
  function show(claim) {
    now.claim = claim.id;
    buttons.forEach((button, id) => button.setAttribute("aria-pressed", id === claim.id));
    const line = (name, value) => (value ? [x.el("tr", {}, x.el("th", { scope: "row" }, name), x.el("td", {}, value))] : []);
    const reason = claim.reason ? `${claim.verdict}: ${claim.reason}` : claim.verdict;
    details.replaceChildren(x.el("p", { class: "say" }, x.el("strong", {}, `${claim.id}. ${claim.claim}.`)),
      x.el("table", {}, ...line("the paper", claim.paper), ...line(`this run (${data.profile})`, claim.ours + (claim.interval ? ` (95 % interval ${claim.interval})` : "")),
        ...line("verdict", reason), ...line("reference run (lab)", [claim.lab, claim.lab_verdict].filter(Boolean).join(", "))),
      x.el("details", {}, x.el("summary", {}, "What is measured"), claim.quantity, `, section ${claim.section} of the paper`));
    state();
  }
  function filter(verdict) {
    now.verdict = verdict;
    const kept = data.claims.filter((claim) => verdict === "all" || claim.verdict === verdict);
    data.claims.forEach((claim) => { buttons.get(claim.id).style.opacity = kept.includes(claim) ? 1 : 0.12; });
    say.textContent = verdict === "all" ? `${kept.length} claims.` : `${kept.length} of ${data.claims.length} claims: ${verdict}.`;
    list.replaceChildren(x.el("summary", {}, "These claims as a list"), x.el("ul", {}, ...kept.map(({ id, claim }) => x.el("li", {}, `${id}. ${claim}`))));
    state();
  }
  const state = () => x.state({ verdict: now.verdict.replaceAll(" ", "-"), claim: now.claim || "none" });
  const groups = order.map((name) => x.el("div", {}, x.cap(`Section ${name}`), x.el("div", { class: "radios" }, ...data.claims.filter((c) => section(c) === name).map(square))));
  place.append(
    x.choice("Show", [["all", `all ${data.claims.length}`], ...Array.from(counts, ([verdict, n]) => [verdict, `${mark(verdict)[0]} ${verdict} (${n})`])], now.verdict, filter),
    x.row(...groups), details, say, list);
  x.rove(order.flatMap((name) => data.claims.filter((c) => section(c) === name).map((c) => buttons.get(c.id))), 8);
  filter("all");
};
