// Two clouds of points and both ratios of chapter 10: drag a cloud, or move it with the arrow keys.
explore.components.ratio = (place, _, x) => {
  const N = 12, now = { places: [[145, 110], [215, 110]], spread: 45 }, colours = ["#0072b2", "#d55e00"];
  let state = 5;
  const next = () => { state = (1103515245 * state + 12345) % 2147483648; return state / 2147483648 - 0.5; };
  const shapes = [0, 1].map(() => Array.from({ length: N }, () => [next() + next() + next(), next() + next() + next()]));
  const cloud = (k) => shapes[k].map(([a, b]) => [now.places[k][0] + now.spread * a, now.places[k][1] + now.spread * b]);

  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const centre = (points) => [0, 1].map((i) => mean(points.map((p) => p[i])));
  function ratios(a, b) {
    const within = (points) => mean(points.flatMap((p, i) => points.filter((_, j) => j !== i).map((q) => distance(p, q))));
    const between = mean(a.flatMap((p) => b.map((q) => distance(p, q))));
    const squares = (points, to) => mean(points.map((p) => distance(p, to) ** 2));
    const one = (own, other) => squares(own, centre(own)) / squares(own, centre(other));
    return { ratio: (within(a) + within(b)) / 2 / between, squares: (one(a, b) + one(b, a)) / 2 };
  }
  const groups = colours.map((colour, k) => {
    const ring = x.svg("circle", { fill: colour, "fill-opacity": 0.08, stroke: colour, "stroke-opacity": 0.4 });
    const dots = shapes[k].map(() => (k ? x.svg("rect", { width: 8, height: 8, fill: colour }) : x.svg("circle", { r: 4.5, fill: colour })));
    const group = x.svg("g", { tabindex: 0, role: "button", style: "cursor: move; touch-action: none" }, ring, ...dots);
    let start = null;
    group.addEventListener("pointerdown", (event) => { start = [event.clientX, event.clientY, ...now.places[k]]; group.setPointerCapture(event.pointerId); });
    group.addEventListener("pointermove", (event) => {
      if (!start) return;
      const factor = 360 / chart.getBoundingClientRect().width;
      move(k, start[2] + factor * (event.clientX - start[0]), start[3] + factor * (event.clientY - start[1]));
    });
    group.addEventListener("pointerup", () => { start = null; });
    group.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[event.key];
      if (!by) return;
      event.preventDefault();
      move(k, now.places[k][0] + by[0], now.places[k][1] + by[1]);
    });
    return { group, ring, dots };
  });
  const chart = x.svg("svg", { viewBox: "0 0 360 220", role: "group", "aria-label": "two clouds of points; focus one and move it with the arrow keys" },
    x.svg("rect", { width: 360, height: 220, rx: 4, fill: "none", stroke: "currentColor", "stroke-opacity": 0.3 }), ...groups.map((g) => g.group));
  const say = x.say(), bars = x.svg("svg", { viewBox: "0 0 360 62", role: "img" });

  function move(k, left, top) {
    now.places[k] = [Math.min(330, Math.max(30, left)), Math.min(190, Math.max(30, top))];
    draw();
  }
  function draw() {
    const points = [0, 1].map(cloud), found = ratios(...points);
    groups.forEach(({ group, ring, dots }, k) => {
      Object.entries({ cx: now.places[k][0], cy: now.places[k][1], r: Math.max(24, 1.3 * now.spread) }).forEach(([name, v]) => ring.setAttribute(name, v));
      points[k].forEach(([left, top], i) => {
        const at = k ? { x: left - 4, y: top - 4 } : { cx: left, cy: top };
        Object.entries(at).forEach(([name, v]) => dots[i].setAttribute(name, v));
      });
      group.setAttribute("aria-label", `images of network ${"AB"[k]}, at ${Math.round(now.places[k][0])}, ${Math.round(now.places[k][1])}`);
    });
    const rows = [["ratio", found.ratio], ["ratio of squares", found.squares]];
    bars.replaceChildren(...rows.flatMap(([name, value], i) => [
      x.svg("text", { x: 0, y: 20 + 30 * i }, name), x.svg("rect", { x: 110, y: 8 + 30 * i, width: 200 * Math.min(value, 1.2), height: 16, fill: "#0072b2" }),
      x.svg("line", { x1: 310, x2: 310, y1: 4 + 30 * i, y2: 28 + 30 * i, stroke: "currentColor" }),
      x.svg("text", { x: 318, y: 20 + 30 * i }, value.toFixed(2))]));
    bars.setAttribute("aria-label", `ratio ${found.ratio.toFixed(2)}, ratio of squares ${found.squares.toFixed(2)}; 1 means that the clouds coincide`);
    const words = found.squares > 0.9 ? "The clouds coincide" : found.squares > 0.4 ? "The clouds overlap" : "The clouds are well apart";
    say.textContent = `${words}: ratio ${found.ratio.toFixed(2)}, ratio of squares ${found.squares.toFixed(2)}.`;
    place.dataset.points = JSON.stringify(points);
    x.state({ ratio: found.ratio.toFixed(4), squares: found.squares.toFixed(4), spread: now.spread });
  }
  place.append(chart, x.slider("Spread of the clouds", { min: 5, max: 60, value: now.spread }, (v) => { now.spread = v; draw(); }), bars, say);
  draw();
};
