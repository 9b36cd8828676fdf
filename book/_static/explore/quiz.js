// Name that network: an image, three patterns, ten rounds; you, the 48 numbers and the CNN.
explore.components.quiz = async (place, data, x) => {
  const now = { round: 0, you: 0, numbers: 0, cnn: 0, answered: false };
  const images = await Promise.all(data.rounds.map((round) => x.pixels(round.image)));
  const picture = x.canvas(48, 48, "12rem"), own = x.canvas(4, 4, "6rem"), title = x.cap(""), say = x.say();
  const patterns = [0, 1, 2].map(() => x.canvas(4, 4, "6rem"));
  const buttons = [0, 1, 2].map((k) => x.button(`Seed ${k + 1}`, () => answer(k)));
  const onward = x.button("Next image", () => {
    if (now.round === data.rounds.length - 1) Object.assign(now, { round: -1, you: 0, numbers: 0, cnn: 0 });
    now.round += 1;
    ask();
  });
  const swatch = (canvas, given, words) => { const values = x.numbers(given); x.paint(canvas, x.around(values, 45 / x.spread(values)), words); };
  const score = () => `You ${now.you}, the 48 numbers ${now.numbers}, the CNN ${now.cnn}`;
  const state = () => x.state({ round: now.round + 1, you: now.you, numbers: now.numbers, cnn: now.cnn, answered: now.answered });

  function ask() {
    const round = data.rounds[now.round], image = images[now.round];
    now.answered = false;
    [picture.width, picture.height] = [image.width, image.height];
    x.paint(picture, (i) => image.data.slice(4 * i, 4 * i + 3), "a detail of the image");
    swatch(own, round.pattern, "the pattern of this image");
    patterns.forEach((canvas, k) => swatch(canvas, round.means[k], `the mean pattern of seed ${k + 1}`));
    title.textContent = `Image ${now.round + 1} of ${data.rounds.length}, by one of three seeds of ${round.what}`;
    buttons.forEach((button) => { button.disabled = false; });
    onward.disabled = true;
    say.textContent = `Which seed made it? ${score()}.`;
    state();
  }
  function answer(k) {
    const round = data.rounds[now.round];
    now.you += k === round.truth;
    now.numbers += round.numbers === round.truth;
    now.cnn += round.cnn === round.truth;
    now.answered = true;
    buttons.forEach((button) => { button.disabled = true; });
    onward.disabled = false;
    onward.textContent = now.round === data.rounds.length - 1 ? "Start again" : "Next image";
    say.textContent = `It was seed ${round.truth + 1}; you said ${k + 1}, the 48 numbers ${round.numbers + 1}, the CNN ${round.cnn + 1}. ` +
      `${score()} of ${now.round + 1}; guessing is right in one of three.`;
    state();
    onward.focus();
  }
  place.append(title, x.top(x.el("div", {}, x.cap("The image"), picture), x.el("div", {}, x.cap("Its 48 numbers"), own)),
    x.row(...patterns.map((canvas, k) => x.el("div", {}, x.cap(`Mean of seed ${k + 1}`), canvas, buttons[k]))), onward, say);
  ask();
};
