// Draw other photographs: how far the accuracy moves, and how often the interval still covers the mean of all.
explore.components.lottery = (place, data, x) => {
  const most = data.photographs.length, enough = most >= 5;
  const now = { group: Object.keys(data.rates)[0], n: Math.min(most, 40), draws: [] };
  const chart = x.svg("svg", { viewBox: "0 0 400 250", role: "img" }), say = x.say();
  let state = 1;
  const next = () => { state = (1103515245 * state + 12345) % 2147483648; return Math.floor(state / 2147483648 * most); };
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // The interval of srfp_lib/experiments/uncertainty.py from the spread of the photographs alone.
  function interval(values) {
    const n = values.length, m = mean(values);
    const variance = values.reduce((sum, v) => sum + (v - m) ** 2, 0) / (n - 1) + data.unseen ** 2 / (n - 1);
    const half = data.quantiles[Math.min(n - 1, data.quantiles.length) - 1] * Math.sqrt(variance / n);
    return { mean: m, low: Math.max(0, m - half), high: Math.min(1, m + half) };
  }
  function draw(times) {
    for (let i = 0; i < times; i++) {
      const picks = Array.from({ length: now.n }, next);
      now.draws.push({ picks, ...interval(picks.map((p) => data.rates[now.group][p])) });
    }
    show();
  }
  function show() {
    const rates = data.rates[now.group], truth = mean(rates), at = (v) => 10 + 380 * v, last = now.draws[now.draws.length - 1];
    const covers = (d) => d.low <= truth && truth <= d.high, covered = now.draws.filter(covers).length;
    const drawn = (i) => (last ? last.picks.filter((p) => p === i).length : 0);
    const dots = rates.map((rate, i) => x.svg("circle", { cx: at(rate), cy: 22, r: 4 + 1.5 * drawn(i), fill: "#0072b2", "fill-opacity": drawn(i) ? 0.8 : 0.12, stroke: "#0072b2" },
      x.svg("title", {}, `${data.photographs[i]}: ${x.percent(rate)}`)));
    const lines = now.draws.slice(-18).flatMap((d, i) => [
      x.svg("line", { x1: at(d.low), x2: at(d.high), y1: 52 + 9.5 * i, y2: 52 + 9.5 * i, stroke: covers(d) ? "#0072b2" : "#d55e00", "stroke-width": 3, "stroke-dasharray": covers(d) ? null : "5 3" }),
      x.svg("circle", { cx: at(d.mean), cy: 52 + 9.5 * i, r: 3.5, fill: covers(d) ? "#0072b2" : "#d55e00" })]);
    chart.replaceChildren(...dots, ...lines,
      x.svg("line", { x1: at(truth), x2: at(truth), y1: 36, y2: 226, stroke: "currentColor", "stroke-dasharray": "2 3" }),
      x.svg("line", { x1: 10, x2: 390, y1: 228, y2: 228, stroke: "currentColor" }),
      ...[0, 0.25, 0.5, 0.75, 1].map((v) => x.svg("text", { x: at(v), y: 244, "text-anchor": "middle" }, x.percent(v))));
    const words = last
      ? `${now.n} photographs: accuracy ${x.percent(last.mean)} (95 % interval ${x.percent(last.low)} to ${x.percent(last.high)}). ` +
        `${covered} of ${now.draws.length} intervals cover ${x.percent(truth)}, the mean of all ${most}.`
      : `${most} photographs with their own accuracies; their mean is ${x.percent(truth)}. ${enough ? "Draw some." : "They are too few for an interval."}`;
    chart.setAttribute("aria-label", words);
    say.textContent = words;
    const lately = last && { picks: last.picks.join(","), mean: last.mean.toFixed(4), low: last.low.toFixed(4), high: last.high.toFixed(4) };
    x.state({ group: now.group.split(" ")[0], n: now.n, draws: now.draws.length, covered, ...lately });
  }
  const again = (name) => (value) => { now[name] = value; now.draws = []; show(); };
  place.append(
    x.row(x.choice("Accuracy on", Object.keys(data.rates).map((name) => [name, name]), now.group, again("group")),
      ...(enough ? [x.slider("Photographs drawn", { min: 5, max: Math.max(most, 6), value: now.n }, again("n"))] : [])),
    x.row(...(enough ? [x.button("Draw once", () => draw(1)), x.button("Draw 100 times", () => draw(100))] : [])), chart, say);
  show();
};
