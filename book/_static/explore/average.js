// Average the photograph away: the picture melts, the pattern that every image shares stays.
explore.components.average = async (place, data, x) => {
  const now = { step: 0, loss: "VGG_GAN" };
  const pictures = await Promise.all(data.pictures.map(x.pixels));
  const picture = x.canvas(48, 48, "9rem"), noises = [0, 1, 2].map(() => x.canvas(data.side, data.side, "min(9rem, 24vw)"));
  const folded = [0, 1, 2].map(() => x.canvas(4, 4, "min(4rem, 24vw)")), title = x.cap(""), say = x.say();

  // The mean by row and column modulo 4: 48 numbers.
  function fold(values) {
    const sums = new Array(48).fill(0), n = (data.side / 4) ** 2;
    values.forEach((value, i) => {
      const pixel = Math.floor(i / 3), row = Math.floor(pixel / data.side) % 4, column = (pixel % data.side) % 4;
      sums[3 * (4 * row + column) + (i % 3)] += value / n;
    });
    return sums;
  }
  function draw() {
    const n = data.steps[now.step], image = pictures[now.step], values = data.residuals[now.loss][now.step].map(x.numbers);
    x.paint(picture, (i) => image.data.slice(4 * i, 4 * i + 3), `the mean of ${n} images`);
    values.forEach((one, i) => {
      x.paint(noises[i], x.around(one, 45 / x.spread(one)), `the mean residual of ${n} images of seed ${i + 1}`);
      const numbers = fold(one);
      x.paint(folded[i], x.around(numbers, 45 / x.spread(numbers)), `its 48 numbers, seed ${i + 1}`);
    });
    title.textContent = `Mean of ${n} image${n > 1 ? "s" : ""}`;
    const spread = x.spread(values[0]);
    say.textContent = `${n} image${n > 1 ? "s" : ""}: what is left differs by ${spread.toFixed(2)} grey levels from pixel to pixel (RMS, seed 1), ` +
      `and is shown ${Math.round(45 / spread)} times as strong.`;
    x.state({ images: n, loss: now.loss, spread: spread.toFixed(3) });
  }
  place.append(
    x.row(
      x.slider("Images averaged", { max: data.steps.length - 1, value: 0, words: (v) => String(data.steps[v]) }, (v) => { now.step = v; draw(); }),
      x.choice("EDSR 4X, trained with", Object.entries(data.losses), now.loss, (v) => { now.loss = v; draw(); }),
    ),
    x.top(x.el("div", {}, title, picture), ...noises.map((noise, i) => x.el("div", {}, x.cap(`Residual, seed ${i + 1}`), noise, x.cap("its 48 numbers"), folded[i]))),
    say,
  );
  draw();
};
