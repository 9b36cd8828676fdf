// Interactive figures: every <figure class="explore" data-explore="NAME"> gets NAME.js and, if it names data, data/NAME.js.
// A component is a function of (place, data, tools). It shows what it shows as the figure's data-state. Without scripts the still picture stays.
window.explore = { components: {}, data: {} };
(() => {
  const base = document.currentScript.src.replace(/explore\.js.*$/, "");

  function attributes(node, given) {
    for (const [name, value] of Object.entries(given || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) node.setAttribute(name, value);
    }
    return node;
  }
  const el = (tag, given, ...children) => { const node = attributes(document.createElement(tag), given); node.append(...children); return node; };
  const svg = (tag, given, ...children) => {
    const node = attributes(document.createElementNS("http://www.w3.org/2000/svg", tag), given);
    node.append(...children);
    return node;
  };
  let count = 0;

  const tools = {
    el, svg,
    row: (...children) => el("div", { class: "line" }, ...children),
    top: (...children) => el("div", { class: "line top" }, ...children),
    cap: (text) => el("p", { class: "cap" }, text),
    say: () => el("p", { class: "say", role: "status" }),
    button: (text, onclick, more) => el("button", { type: "button", onclick, ...more }, ...(text ? [text] : [])),

    // Radio buttons in a row; options are [value, text] pairs. The arrow keys choose.
    choice(title, options, chosen, change) {
      const name = `explore-${count++}`;
      const labels = options.map(([value, text]) => {
        const input = el("input", { type: "radio", name, value, onchange: () => change(value) });
        input.checked = value === chosen;
        return el("label", {}, input, text);
      });
      return el("fieldset", {}, el("legend", {}, title), el("div", { class: "radios" }, ...labels));
    },

    // A slider whose label says its value in words.
    slider(title, { min = 0, max, step = 1, value, words = String }, change) {
      const id = `explore-${count++}`;
      const label = el("label", { for: id });
      const input = el("input", { id, type: "range", min, max, step, value });
      const show = () => { label.textContent = `${title}: ${words(+input.value)}`; input.setAttribute("aria-valuetext", words(+input.value)); };
      input.addEventListener("input", () => { show(); change(+input.value); });
      show();
      return el("div", { class: "slider" }, label, input);
    },

    // A canvas of width x height pixels, shown enlarged to at most `size`.
    canvas(width, height, size) {
      const node = el("canvas", { width, height, role: "img", "aria-label": "nothing is drawn here yet" });
      node.style.width = size;
      node.style.maxWidth = "100%";
      return node;
    },

    // Colour each pixel: `colour(i)` gives [r, g, b] of the pixel with number i.
    paint(canvas, colour, words) {
      const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
      for (let i = 0; i < canvas.width * canvas.height; i++) {
        const [r, g, b] = colour(i);
        image.data.set([r, g, b, 255], 4 * i);
      }
      pen.putImageData(image, 0, 0);
      if (words) canvas.setAttribute("aria-label", words);
    },

    // The pixels of an image given as a data URL.
    async pixels(url) {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = el("canvas", { width: image.width, height: image.height }), pen = canvas.getContext("2d");
      pen.drawImage(image, 0, 0);
      return { width: image.width, height: image.height, data: pen.getImageData(0, 0, image.width, image.height).data };
    },

    // The numbers of `small` in srfp_lib/explore/encoded.py.
    numbers: ({ factor, bytes }) => Array.from(atob(bytes), (c) => factor * ((c.charCodeAt(0) << 24) >> 24)),

    // Numbers around zero, three a pixel, as colours around grey; returns the painter's function.
    around(values, gain) { return (i) => [0, 1, 2].map((c) => 128 + gain * values[3 * i + c]); },
    spread(values) {
      const mean = [0, 1, 2].map((c) => values.reduce((sum, v, i) => sum + (i % 3 === c ? v : 0), 0) / (values.length / 3));
      return Math.sqrt(values.reduce((sum, v, i) => sum + (v - mean[i % 3]) ** 2, 0) / values.length) || 1e-6;
    },

    // One tab stop for many buttons; arrow keys move between them, Home and End to the first and last.
    rove(buttons, columns) {
      buttons.forEach((button, i) => {
        button.tabIndex = i ? -1 : 0;
        button.addEventListener("keydown", (event) => {
          const to = { ArrowRight: i + 1, ArrowLeft: i - 1, ArrowDown: i + columns, ArrowUp: i - columns, Home: 0, End: buttons.length - 1 }[event.key];
          if (to === undefined || !buttons[to]) return;
          event.preventDefault();
          buttons[to].focus();
        });
        button.addEventListener("focus", () => buttons.forEach((other) => { other.tabIndex = other === button ? 0 : -1; }));
      });
    },

    // The 180 networks in five blocks: rows are scale and loss, columns three seeds and three other training sets.
    fleet(names, cell, spelled) {
      const blocks = new Map();
      names.forEach((name, i) => {
        const [architecture, dataset, scale, loss, seed] = name.split("-");
        if (!blocks.has(architecture)) blocks.set(architecture, []);
        const cells = blocks.get(architecture), words = `${architecture} ${scale.slice(1)}X ${spelled[loss]}, ${spelled[dataset]}, seed ${seed.slice(1)}`;
        if (cells.length % 7 === 0) cells.push(el("span", { class: "head" }, `${scale.slice(1)}X ${loss.split("_")[0].replace("ResNet", "Res")}`));
        cells.push(cell(i, words));
      });
      return el("div", { class: "blocks" }, ...Array.from(blocks, ([architecture, cells]) =>
        el("div", { class: "block" }, tools.cap(architecture), el("div", { class: "cells" }, ...cells))));
    },

    percent: (value, digits = 0) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(digits)} %`),
    state(place, words) { place.dataset.state = Object.entries(words).map(([name, value]) => `${name}=${value}`).join(" "); },
  };

  const load = (file) => new Promise((done, failed) => document.head.append(el("script", { src: base + file, onload: done, onerror: failed })));

  async function start(figure) {
    const name = figure.dataset.explore;
    try {
      if (!("plain" in figure.dataset) && !explore.data[name]) await load(`data/${name}.js`);
      if (!explore.components[name]) await load(`${name}.js`);
      const place = el("div", { class: "live" });
      await explore.components[name](place, explore.data[name], { ...tools, state: (words) => tools.state(figure, words) });
      figure.insertBefore(place, figure.querySelector("figcaption"));
      figure.classList.add("on");
    } catch (error) {
      console.warn(`the figure ${name} stays a still picture:`, error);
    }
  }
  const all = () => document.querySelectorAll("figure[data-explore]").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all); else all();
})();
