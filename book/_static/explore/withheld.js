// Withhold a value: the networks that train a parser, those that test it, and how well it does.
explore.components.withheld = (place, data, x) => {
  const now = { column: "s3", asks: "scale" }, cells = [], says = [];
  const picker = x.el("div", {}), say = x.say(), bar = x.svg("svg", { viewBox: "0 0 400 74", role: "img" });
  const fleet = x.fleet(data.networks, (i, words) => { says[i] = words; return (cells[i] = x.el("i", { class: "cell", title: words })); }, data.spelled);
  fleet.setAttribute("role", "img");
  const asked = () => data.asks.filter((name) => data.cells[`${name} ${now.column}`]);
  const names = { dataset: "training set" };

  function draw() {
    const cell = data.cells[`${now.asks} ${now.column}`], roles = ["left out", "training", "test"];
    cells.forEach((node, i) => {
      const role = +cell.roles[i];
      node.className = `cell ${["", "train", "test"][role]}`;
      node.title = `${says[i]}: ${roles[role]}`;
    });
    const count = (role) => Array.from(cell.roles).filter((r) => r === role).length;
    fleet.setAttribute("aria-label", `${count("1")} networks for training, ${count("2")} for test, ${count("0")} left out`);
    const at = (value) => 20 + 360 * value, shown = [];
    if (cell.low !== null) shown.push(x.svg("line", { x1: at(cell.low), x2: at(cell.high), y1: 30, y2: 30, stroke: "#0072b2", "stroke-width": 8, "stroke-opacity": 0.45 }));
    if (cell.accuracy !== null) shown.push(x.svg("circle", { cx: at(cell.accuracy), cy: 30, r: 7, fill: "#0072b2" }));
    if (cell.paper !== null) {
      shown.push(x.svg("path", { d: `M${at(cell.paper)} 22 l7 8 l-7 8 l-7 -8 z`, fill: "none", stroke: "currentColor", "stroke-width": 2 }));
      shown.push(x.svg("text", { x: at(cell.paper), y: 14, "text-anchor": "middle" }, "the paper"));
    }
    bar.replaceChildren(x.svg("line", { x1: 20, x2: 380, y1: 44, y2: 44, stroke: "currentColor" }),
      ...[0, 0.5, 1].map((v) => x.svg("text", { x: at(v), y: 60, "text-anchor": "middle" }, x.percent(v))),
      x.svg("line", { x1: at(cell.chance), x2: at(cell.chance), y1: 18, y2: 44, stroke: "#d55e00", "stroke-width": 2, "stroke-dasharray": "4 3" }),
      x.svg("text", { x: at(cell.chance), y: 73, "text-anchor": "middle" }, "chance"), ...shown);
    const interval = cell.low === null ? "" : ` (95 % interval ${x.percent(cell.low)} to ${x.percent(cell.high)})`;
    const words = `Without ${data.columns[now.column]}, asked for the ${names[now.asks] || now.asks}: ${x.percent(cell.accuracy)} right${interval}, ` +
      `chance ${x.percent(cell.chance)}, the paper ${x.percent(cell.paper)}.`;
    bar.setAttribute("aria-label", words);
    say.textContent = words;
    x.state({ ...now, train: count("1"), test: count("2"), accuracy: cell.accuracy });
  }
  function ask() {
    if (!asked().includes(now.asks)) [now.asks] = asked();
    picker.replaceChildren(x.choice("Ask for the", asked().map((name) => [name, names[name] || name]), now.asks, (v) => { now.asks = v; draw(); }));
    draw();
  }
  const key = (role, words) => x.el("span", {}, x.el("i", { class: `cell ${role}`, style: "display: inline-block; vertical-align: middle" }), ` ${words}`);
  place.append(x.row(x.choice("Withhold", Object.entries(data.columns), now.column, (v) => { now.column = v; ask(); }), picker),
    x.row(key("train", "training"), key("test", "test"), key("", "left out")), fleet, bar, say);
  ask();
};
