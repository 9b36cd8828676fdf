// Room to invent: one LR value, many signals that fit it. L1 seeds end at the median of them, adversarial seeds each at one of them.
explore.components.room = (place, _, x) => {
  const SEEDS = 8, STEPS = 60, colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#777777"];
  const now = { loss: "L1", scale: 4, value: 0.5, steps: 0 };
  const chart = x.svg("svg", { viewBox: "-34 -12 400 170", role: "img" }), table = x.el("table", {}), say = x.say();

  // All signals of `scale` pixels, each black, grey or white, whose mean is the LR value.
  function fitting(scale, value) {
    let all = [[]];
    for (let i = 0; i < scale; i++) all = all.flatMap((signal) => [0, 0.5, 1].map((level) => [...signal, level]));
    return all.filter((signal) => Math.abs(signal.reduce((a, b) => a + b) / scale - value) < 1e-9);
  }
  function random(seed) { // a small generator, so that everyone sees the same seeds
    let state = 7919 * (seed + 1);
    return () => { state = (1103515245 * state + 12345) % 2147483648; return state / 2147483648; };
  }
  const far = (a, b) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;

  // A "network" is one signal. L1: a step down the mean distance to all fitting signals. Adversarial: a step towards the nearest real one.
  function train({ loss, scale, value, steps }, seed) {
    const real = fitting(scale, value), next = random(seed);
    let mine = Array.from({ length: scale }, () => next());
    for (let step = 0; step < steps; step++) {
      const nearest = real.reduce((best, signal) => (far(signal, mine) < far(best, mine) ? signal : best));
      mine = mine.map((v, i) => {
        if (loss !== "L1") return v + 0.12 * (nearest[i] - v);
        const slope = real.reduce((sum, signal) => sum + Math.sign(v - signal[i]), 0) / real.length;
        return v - 0.05 * (1 - step / STEPS) * slope;
      });
      const off = value - mine.reduce((a, b) => a + b) / scale;
      mine = mine.map((v) => Math.min(1, Math.max(0, v + off))); // the mean is given by the LR image
    }
    return mine;
  }
  // How far apart two seeds are on average, and how many pairs are more than a tenth apart: those that one could tell apart.
  function apart(setting) {
    const found = colours.map((_, seed) => train(setting, seed));
    const pairs = found.flatMap((one, a) => found.slice(0, a).map((other) => far(one, other)));
    return { mean: pairs.reduce((sum, v) => sum + v) / pairs.length, share: pairs.filter((v) => v > 0.1).length / pairs.length };
  }
  function line(signal, given) {
    const width = 330 / signal.length;
    const points = signal.flatMap((v, i) => [[i * width, 130 - 120 * v], [(i + 1) * width, 130 - 120 * v]]);
    return x.svg("polyline", { points: points.join(" "), fill: "none", ...given });
  }
  function draw() {
    const real = fitting(now.scale, now.value), found = colours.map((_, seed) => train(now, seed));
    chart.replaceChildren(
      ...real.map((signal) => line(signal, { stroke: "currentColor", "stroke-opacity": 0.18, "stroke-width": 1.5 })),
      x.svg("line", { x1: 0, x2: 330, y1: 130 - 120 * now.value, y2: 130 - 120 * now.value, stroke: "currentColor", "stroke-dasharray": "2 4" }),
      ...found.map((signal, i) => line(signal.map((v) => v + (i - 3.5) * 0.006), { stroke: colours[i], "stroke-width": 2.5 })),
      x.svg("text", { x: -6, y: 14, "text-anchor": "end" }, "white"), x.svg("text", { x: -6, y: 134, "text-anchor": "end" }, "black"),
      x.svg("text", { x: 0, y: 152 }, `${now.scale} pixels that share one LR pixel`));
    const { mean: spread, share } = apart(now);
    chart.setAttribute("aria-label", `${real.length} signals fit the LR value; after ${now.steps} steps the ${SEEDS} seeds are ${spread.toFixed(2)} apart`);
    const rows = ["L1", "adversarial"].map((loss) => x.el("tr", {}, x.el("th", { scope: "row" }, loss),
      ...[2, 4].map((scale) => x.el("td", {}, x.percent(apart({ ...now, loss, scale }).share)))));
    table.replaceChildren(x.el("caption", {}, "Pairs of seeds that can be told apart (more than 0.1)"),
      x.el("tr", {}, x.el("th", { scope: "col" }, "loss"), ...[2, 4].map((scale) => x.el("th", { scope: "col" }, `${scale}X`))), ...rows);
    say.textContent = `${real.length} signal${real.length > 1 ? "s fit" : " fits"} the LR value (thin lines). ` +
      `After ${now.steps} steps two of ${SEEDS} seeds are ${spread.toFixed(2)} apart on average.`;
    x.state({ ...now, fitting: real.length, apart: spread.toFixed(3), share: share.toFixed(3) });
  }
  const change = (name) => (value) => { now[name] = value; draw(); };
  place.append(
    x.row(x.choice("Loss", [["L1", "L1"], ["adversarial", "adversarial"]], now.loss, change("loss")),
      x.choice("Scale", [[2, "2X"], [4, "4X"]], now.scale, change("scale")),
      x.choice("LR value", [[0, "black"], [0.5, "grey"], [1, "white"]], now.value, change("value"))),
    x.slider("Training steps", { max: STEPS, value: 0 }, change("steps")),
    chart, table, say,
  );
  draw();
};
