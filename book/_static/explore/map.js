// A linear map of the features: colour by what you ask, point at a network for its name, accuracy and nearest mistake.
explore.components.map = (place, data, x) => {
  const now = { by: "loss", network: "" }, parts = { architecture: 0, "training set": 1, scale: 2, loss: 3, seed: 4 };
  const colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00"];
  const shapes = ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z", "M-4.5 -4.5h9v9h-9z", "M0 -6l6 10h-12z", "M0 -6l6 6l-6 6l-6 -6z", "M-5 -5l5 4l5 -4l-4 5l4 5l-5 -4l-5 4l4 -5z"];
  const names = data.networks.map((name) => name.split("-"));
  const spell = (value) => data.spelled[value] || value.replace(/^x(\d)$/, "$1X").replace(/^s(\d)$/, "seed $1");
  const words = names.map(([a, d, s, l, r]) => `${a} ${spell(s)} ${spell(l)}, ${spell(d)}, ${spell(r)}`);
  const [wide, high] = [0, 1].map((k) => [Math.min(...data.places.map((p) => p[k])), Math.max(...data.places.map((p) => p[k]))]);
  const at = data.places.map(([a, b]) => [15 + 390 * (a - wide[0]) / (wide[1] - wide[0]), 285 - 270 * (b - high[0]) / (high[1] - high[0])]);
  const marks = data.networks.map((_, i) => {
    const mark = x.svg("g", { role: "img", "aria-label": words[i], transform: `translate(${at[i].join(" ")})`, onfocus: () => look(i), onpointerenter: () => look(i) },
      x.svg("title", {}, words[i]), x.svg("path", { "fill-opacity": 0.75 }));
    return mark;
  });
  const line = x.svg("line", { stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
  const halo = x.svg("circle", { r: 10, fill: "none", stroke: "currentColor", "stroke-width": 2 });
  const chart = x.svg("svg", { viewBox: "0 0 420 300", role: "group", "aria-label": "180 networks; the arrow keys move from one to the next" }, line, halo, ...marks);
  const key = x.row(), say = x.say(), title = x.cap("");
  chart.style.maxWidth = "34rem";

  function look(i) {
    const other = data.networks.indexOf(data.taken[i]), accuracy = `${words[i]}: ${x.percent(data.accuracy[i])} of its test images are named right`;
    now.network = data.networks[i];
    halo.setAttribute("transform", `translate(${at[i].join(" ")})`);
    const end = at[other < 0 ? i : other];
    Object.entries({ x1: at[i][0], y1: at[i][1], x2: end[0], y2: end[1] }).forEach(([name, value]) => line.setAttribute(name, value));
    say.textContent = `${accuracy}. ${other < 0 ? "It is never taken for another." : `When it is wrong, it is most often taken for ${words[other]}.`}`;
    state();
  }
  function colour(by) {
    now.by = by;
    title.textContent = `The two axes hold ${x.percent(data.share)} of the variance between the networks' means.`;
    const values = [...new Set(names.map((name) => name[parts[by]]))];
    marks.forEach((mark, i) => {
      const k = values.indexOf(names[i][parts[by]]);
      mark.lastChild.setAttribute("d", shapes[k]);
      mark.lastChild.setAttribute("fill", colours[k]);
    });
    key.replaceChildren(...values.map((value, k) => x.el("span", { class: "key" },
      x.svg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, x.svg("path", { d: shapes[k], fill: colours[k] })), spell(value))));
    state();
  }
  const state = () => x.state({ by: now.by.replace(" ", "-"), network: now.network });
  place.append(x.choice("Colour by", Object.keys(parts).map((name) => [name, name]), now.by, colour), key, chart, title, say);
  x.rove(marks, 6);
  colour(now.by);
  look(0);
};
