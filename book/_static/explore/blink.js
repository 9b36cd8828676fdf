// Two seeds, one picture: swap them, let them blink, amplify their difference.
explore.components.blink = async (place, data, x) => {
  const now = { tile: 0, loss: "VGG_GAN", seed: 1, gain: 8, blink: false };
  const shown = x.canvas(64, 64, "15.5rem"), apart = x.canvas(64, 64, "15.5rem"), low = x.canvas(16, 16, "3.5rem");
  const title = x.cap(""), other = x.cap(""), say = x.say();
  const tiles = await Promise.all(data.tiles.map(async (tile) => ({
    ...tile, low: await x.pixels(tile.low),
    seeds: Object.fromEntries(await Promise.all(Object.entries(tile.seeds).map(async ([loss, urls]) => [loss, await Promise.all(urls.map(x.pixels))]))),
  })));
  const pixel = (image) => (i) => image.data.slice(4 * i, 4 * i + 3);
  const resize = (canvas, image) => { canvas.width = image.width; canvas.height = image.height; };

  function draw() {
    const tile = tiles[now.tile], [one, two] = tile.seeds[now.loss], picture = [one, two][now.seed - 1];
    [[shown, picture], [apart, one], [low, tile.low]].forEach(([canvas, image]) => resize(canvas, image));
    x.paint(shown, pixel(picture), `${tile.name}, made by the network with seed ${now.seed}`);
    x.paint(low, pixel(tile.low), `${tile.name}, the small image that both networks were given`);
    const difference = Array.from(one.data, (value, i) => two.data[i] - value);
    x.paint(apart, (i) => [0, 1, 2].map((c) => 128 + now.gain * difference[4 * i + c]), `the difference of the two seeds, times ${now.gain}`);
    const colours = difference.filter((_, i) => i % 4 < 3), mean = colours.reduce((sum, v) => sum + Math.abs(v), 0) / colours.length;
    title.textContent = `Seed ${now.seed} of EDSR 4X, ${data.losses[now.loss]}`;
    other.textContent = `Seed 2 minus seed 1, times ${now.gain}`;
    say.textContent = `The two differ by ${mean.toFixed(1)} of 255 grey levels on average. Photograph: ${tile.name}${tile.credit ? ` (${tile.credit})` : ""}.`;
    swap.textContent = `Show seed ${3 - now.seed}`;
    x.state({ ...now, mean: mean.toFixed(2) });
  }
  const change = (name) => (value) => { now[name] = value; draw(); };
  const flip = () => { now.seed = 3 - now.seed; draw(); };
  const swap = x.button("", flip);
  let timer = 0;
  const blink = x.button("Blink", () => {
    now.blink = !now.blink;
    blink.setAttribute("aria-pressed", now.blink);
    clearInterval(timer);
    if (now.blink) timer = setInterval(() => place.isConnected && flip(), 700);
    draw();
  }, { "aria-pressed": "false" });
  say.removeAttribute("role"); // it would speak at every blink

  place.append(
    x.row(
      x.choice("Picture", tiles.map((tile, i) => [i, tile.name]), now.tile, change("tile")),
      x.choice("Trained with", Object.entries(data.losses), now.loss, change("loss")),
    ),
    x.row(x.el("div", {}, title, shown), x.el("div", {}, other, apart)),
    x.row(x.el("div", {}, x.cap("Small image"), low), swap, blink, x.slider("Amplify the difference", { max: 5, value: 3, words: (v) => `${2 ** v} times` }, (v) => change("gain")(2 ** v))),
    say,
  );
  draw();
};
