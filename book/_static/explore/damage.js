// The damage dial: a delivery and its strength, and how often each classifier of chapter 22 still names the right one of 180 networks.
explore.components.damage = (place, data, x) => {
  const now = { kind: "JPEG", step: 3, scale: 4 }, groups = { L1: "#0072b2", adversarial: "#d55e00" };
  const [[untouched, nothing]] = Object.entries(data.kinds["no delivery"]), kinds = Object.keys(data.kinds).filter((kind) => kind !== "no delivery");
  const high = 56 * data.classifiers.length, at = (value) => 20 + 360 * value;
  const chart = x.svg("svg", { viewBox: `0 0 400 ${high + 46}`, role: "img" }), dial = x.el("div", {}), say = x.say();
  const steps = () => [[untouched, nothing], ...Object.entries(data.kinds[now.kind]).filter(([name]) => data.rows[name])];
  const value = (name, classifier, group) => ((data.rows[name] || {})[classifier] || {})[`${now.scale}X, ${group}`] || [null, null, null];

  // A circle for L1, a square for adversarial networks; hollow: before the delivery.
  function mark(group, left, top, fill) {
    const look = { fill, stroke: groups[group], "stroke-width": 2 };
    return group === "L1" ? x.svg("circle", { cx: left, cy: top, r: 5.5, ...look }) : x.svg("rect", { x: left - 5, y: top - 5, width: 10, height: 10, ...look });
  }
  function row(classifier, group, top) {
    const [before] = value(untouched, classifier, group), [accuracy, low, high] = value(steps()[now.step][0], classifier, group), shown = [];
    if (low !== null) shown.push(x.svg("line", { x1: at(low), x2: at(high), y1: top, y2: top, stroke: groups[group], "stroke-width": 7, "stroke-opacity": 0.45 }));
    if (before !== null) shown.push(mark(group, at(before), top, "none"));
    if (accuracy !== null) shown.push(mark(group, at(accuracy), top, groups[group]));
    return shown;
  }
  function draw() {
    const [name, words] = steps()[now.step];
    chart.replaceChildren(
      ...[0, 0.25, 0.5, 0.75, 1].flatMap((v) => [
        x.svg("line", { x1: at(v), x2: at(v), y1: 0, y2: high, stroke: "currentColor", "stroke-opacity": 0.15 }),
        x.svg("text", { x: at(v), y: high + 16, "text-anchor": "middle" }, x.percent(v))]),
      x.svg("line", { x1: 20, x2: 380, y1: high, y2: high, stroke: "currentColor" }),
      x.svg("line", { x1: at(data.chance), x2: at(data.chance), y1: 0, y2: high, stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "2 3" }),
      x.svg("text", { x: 6, y: high + 36 }, `dotted: guessing, ${x.percent(data.chance, 1)}`),
      ...data.classifiers.flatMap((classifier, i) => [
        x.svg("text", { x: 30, y: 56 * i + 13 }, classifier), ...row(classifier, "L1", 56 * i + 25), ...row(classifier, "adversarial", 56 * i + 42)]));
    const interval = ([, low, high]) => (low === null ? "" : ` (95 % interval ${x.percent(low)} to ${x.percent(high)})`);
    const all = (more) => data.classifiers.map((classifier) => `${classifier} ` +
      Object.keys(groups).map((group) => value(name, classifier, group)).map((one) => x.percent(one[0]) + more(one)).join(" and ")).join("; ");
    const lead = `${words[0].toUpperCase()}${words.slice(1)}. Named right, of L1 and of adversarial ${now.scale}X networks: `;
    say.textContent = `${lead}${all(() => "")}.`;
    chart.setAttribute("aria-label", `${lead}${all(interval)}.`);
    const shown = data.classifiers.flatMap((c) => Object.keys(groups).map((group) => value(name, c, group)[0]));
    x.state({ delivery: name, scale: now.scale, accuracies: shown.join(",") });
  }
  function turn() {
    dial.replaceChildren(x.slider("Strength", { max: steps().length - 1, value: now.step, words: (v) => steps()[v][1] }, (v) => { now.step = v; draw(); }));
    draw();
  }
  const key = (group, fill, words) => x.el("span", { class: "key" },
    x.svg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, mark(group, 0, 0, fill)), words);
  place.append(
    x.row(x.choice("Delivery", kinds.map((kind) => [kind, kind]), now.kind, (kind) => { now.kind = kind; now.step = 1; turn(); })),
    x.row(dial, x.choice("Scale", [[2, "2X"], [4, "4X"]], now.scale, (scale) => { now.scale = scale; draw(); })),
    x.row(key("L1", groups.L1, "L1 networks"), key("adversarial", groups.adversarial, "adversarial networks"), key("L1", "none", "hollow: no delivery")),
    chart, say,
    x.cap(`${data.kept ? "A kept run" : "This run"} (profile ${data.profile}), ${data.photographs} test photographs in all`));
  turn();
};
