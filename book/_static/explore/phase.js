// Shift the crop by 0 to 3 pixels: the pattern rolls, recognition fails, and a search over 16 places brings it back.
explore.components.phase = async (place, data, x) => {
  const now = { down: 0, right: 0, search: false };
  const image = await x.pixels(data.image), pattern = x.numbers(data.pattern), mean = x.numbers(data.mean), size = 24;
  const crop = x.canvas(size, size, "9rem"), seen = x.canvas(4, 4, "7rem"), known = x.canvas(4, 4, "7rem"), say = x.say();
  const squares = Array.from({ length: 16 }, (_, k) => x.svg("g", { transform: `translate(${40 * (k % 4)} ${40 * Math.floor(k / 4)})` },
    x.svg("rect", { width: 36, height: 36, rx: 3, stroke: "currentColor" }), x.svg("text", { x: 18, y: 22, "text-anchor": "middle" })));
  const map = x.svg("svg", { viewBox: "-2 -2 160 160", role: "img" }, ...squares);
  map.style.width = "9rem";
  x.paint(known, x.around(mean, 45 / x.spread(mean)), `the mean pattern of ${data.network}`);

  const percent = (rate) => x.percent(rate[0]) + (rate[1] === null ? "" : ` (95 % interval ${x.percent(rate[1])} to ${x.percent(rate[2])})`);
  function draw() {
    const k = 4 * now.down + now.right, rates = data.places.map((rate) => (now.search ? data.search : rate));
    x.paint(crop, (i) => {
      const at = 4 * ((Math.floor(i / size) + now.down) * image.width + (i % size) + now.right);
      return image.data.slice(at, at + 3);
    }, `a corner of the image, from row ${now.down} and column ${now.right}`);
    const rolled = pattern.map((_, i) => {
      const p = Math.floor(i / 3), row = (Math.floor(p / 4) + now.down) % 4, column = (p % 4 + now.right) % 4;
      return pattern[3 * (4 * row + column) + (i % 3)];
    });
    x.paint(seen, x.around(rolled, 45 / x.spread(rolled)), "the pattern of the shifted image");
    squares.forEach((square, i) => {
      square.firstChild.setAttribute("fill", `rgba(0, 114, 178, ${0.9 * rates[i][0]})`);
      square.firstChild.setAttribute("stroke-width", i === k ? 4 : 0.5);
      square.lastChild.textContent = Math.round(100 * rates[i][0]);
    });
    map.setAttribute("aria-label", `accuracy in percent for the 16 shifts; at this one ${x.percent(rates[k][0])}`);
    const answer = now.search ? data.found : data.answers[k], right = answer === data.network;
    say.textContent = `${now.search ? "Looked up in all 16 places" : "Looked up as it lies"}, the nearest of 180 patterns is that of ${answer}: ` +
      `${right ? "right" : "wrong"}. Over all networks and ${data.images} test images (${data.photographs} photographs): ${percent(rates[k])} right, ` +
      `chance ${x.percent(data.chance, 1)}.`;
    x.state({ down: now.down, right: now.right, search: now.search, correct: right, accuracy: rates[k][0] });
  }
  const search = x.button("Search all 16 places", () => {
    now.search = !now.search;
    search.setAttribute("aria-pressed", now.search);
    draw();
  }, { "aria-pressed": "false" });
  place.append(
    x.row(x.slider("Cut off rows above", { max: 3, value: 0 }, (v) => { now.down = v; draw(); }),
      x.slider("Cut off columns left", { max: 3, value: 0 }, (v) => { now.right = v; draw(); }), search),
    x.top(x.el("div", {}, x.cap("The image"), crop), x.el("div", {}, x.cap("Its pattern"), seen),
      x.el("div", {}, x.cap("Its network's mean"), known), x.el("div", {}, x.cap("Right in %, by shift"), map)),
    say,
  );
  draw();
};
