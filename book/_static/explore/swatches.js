// The mean patterns of all networks: focus or point for name and strength, press for a comparison.
explore.components.swatches = (place, data, x) => {
  const patterns = data.patterns.map(x.numbers), pinned = [], buttons = [], words = [];
  const pictures = [x.canvas(4, 4, "7rem"), x.canvas(4, 4, "7rem")], titles = [x.cap(""), x.cap("")], say = x.say();
  let gain = 1;

  function cell(i, name) {
    const button = x.button("", () => pin(i), { class: "cell", "aria-label": name, "aria-pressed": "false", title: name });
    button.append(x.canvas(4, 4, "100%"));
    button.firstChild.removeAttribute("role");
    button.firstChild.setAttribute("aria-hidden", "true");
    button.addEventListener("focus", () => look(i));
    button.addEventListener("pointerenter", () => look(i));
    buttons[i] = button;
    words[i] = name;
    return button;
  }
  const colours = (i) => x.around(patterns[i], gain * 128 / 6);
  const rolled = (p, row, column) => p.map((_, i) => {
    const pixel = Math.floor(i / 3), r = (Math.floor(pixel / 4) + row) % 4, c = (pixel % 4 + column) % 4;
    return p[3 * (4 * r + c) + (i % 3)];
  });
  // The RMS difference at the best of the 16 places where an image may begin.
  function distance(a, b) {
    let least = Infinity;
    for (let k = 0; k < 16; k++) {
      const other = rolled(b, k >> 2, k % 4);
      least = Math.min(least, Math.sqrt(a.reduce((sum, v, i) => sum + (v - other[i]) ** 2, 0) / 48));
    }
    return least;
  }
  function show(i, slot) {
    x.paint(pictures[slot], colours(i), `pattern of ${words[i]}`);
    titles[slot].textContent = `${words[i]}: strength ${data.strength[i].toFixed(3)}`;
  }
  function look(i) {
    const first = pinned[0];
    show(first === undefined ? i : first, 0);
    second.hidden = first === undefined;
    if (first !== undefined) show(i, 1);
    say.textContent = first === undefined
      ? `${words[i]}: its strength is ${data.strength[i].toFixed(3)} grey levels. Press to keep it, then look at another.`
      : `At the best of 16 places the two differ by ${distance(patterns[first], patterns[i]).toFixed(3)} grey levels (RMS).`;
    x.state({ looked: data.networks[i], kept: first === undefined ? "none" : data.networks[first], gain });
  }
  function pin(i) {
    pinned[0] = pinned[0] === i ? undefined : i;
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", k === pinned[0]));
    look(i);
  }
  function paint(power) {
    gain = 2 ** power;
    buttons.forEach((button, i) => x.paint(button.firstChild, colours(i)));
    look(pinned[0] ?? start);
  }
  const second = x.el("div", {}, titles[1], pictures[1]), start = data.networks.indexOf("EDSR-div2k-x4-VGG_GAN-s1");
  place.append(
    x.slider("Colours", { max: 7, value: 3, words: (v) => `${2 ** v} times as strong` }, paint),
    x.el("div", { role: "group", "aria-label": "180 patterns; arrow keys move, Enter keeps one for comparison" }, x.fleet(data.networks, cell, data.spelled)),
    x.top(x.el("div", {}, titles[0], pictures[0]), second),
    say,
  );
  x.rove(buttons, 6);
  paint(3);
};
