/* The step slider at the foot of the map: range input, play, one step back and forth, events. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const PACE = 650; // ms a step while playing

  function button(label, sign, action) {
    return G.el("button", { type: "button", "aria-label": label, title: label, on: { click: action } }, [
      G.el("span", { "aria-hidden": "true" }, sign),
    ]);
  }

  function ticks(model, node, width) {
    const count = Math.max(1, model.last);
    node.replaceChildren();
    const at = (step) => `left: calc(var(--gd-thumb) / 2 + (100% - var(--gd-thumb)) * ${step / count})`;
    const wide = width / (count + 1);
    let last = -1e9;
    model.data.steps.forEach((step, i) => {
      if (!step.tick) return;
      node.append(G.el("i", { class: "gd-year", style: at(i) }));
      if ((i - last) * wide < 40) return;
      last = i;
      node.append(G.el("b", { style: at(i), class: "gd-year-text" }, step.tick));
    });
    const seen = new Map();
    for (const event of model.data.events) {
      if (event.step !== null) seen.set(event.step, (seen.get(event.step) || 0) + 1);
    }
    for (const [step, number] of seen) {
      node.append(G.el("u", { style: at(step) + `; height: ${3 + 2 * Math.min(3, number)}px` }));
    }
  }

  function eventItem(model, event) {
    const source = model.data.sources[event.source];
    return G.el("li", {}, [
      G.el("time", {}, event.date),
      " ",
      G.el("span", {}, event.title),
      source ? " " : null,
      source ? G.link("source", source.url) : null,
    ]);
  }
  G.eventItem = eventItem;

  G.slider = function (map, options) {
    const model = G.model(map);
    let timer = null;
    const range = G.el("input", {
      type: "range", min: 0, max: model.last, step: 1, "aria-label": options.label, class: "gd-range",
    });
    range.value = model.step;
    const label = G.el("output", { class: "gd-now" });
    const note = G.el("span", { class: "gd-note" });
    const list = G.el("ul", { class: "gd-events", "aria-label": options.events });
    const more = G.el("button", { type: "button", class: "gd-more", "aria-expanded": "false" });
    const play = button("Play", "▶", () => (timer ? stop() : start()));
    play.classList.add("gd-play");
    const back = button("One step back", "‹", () => go(model.step - 1));
    const forth = button("One step on", "›", () => go(model.step + 1));

    function go(step) {
      stop();
      model.setStep(step);
    }
    function stop() {
      if (timer) clearInterval(timer);
      timer = null;
      name("Play", "▶");
    }
    function start() {
      if (model.step >= model.last) model.setStep(0);
      timer = setInterval(() => {
        model.setStep(model.step + 1);
        if (model.step >= model.last) stop();
      }, PACE);
      name("Pause", "❚❚");
    }
    function name(text, sign) {
      play.setAttribute("aria-label", text);
      play.title = text;
      play.firstChild.textContent = sign;
    }
    function draw() {
      const step = model.data.steps[model.step];
      const events = model.events(model.step);
      range.value = model.step;
      range.setAttribute("aria-valuetext", step.label);
      label.textContent = step.label;
      note.textContent = step.note || "";
      back.disabled = model.step === 0;
      forth.disabled = model.step === model.last;
      list.replaceChildren(...events.map((event) => eventItem(model, event)));
      more.hidden = events.length < 2;
      more.textContent = list.classList.contains("gd-open") ? "less" : `+${events.length - 1} more`;
      list.classList.toggle("gd-none", events.length === 0);
    }
    more.addEventListener("click", () => {
      const open = list.classList.toggle("gd-open");
      more.setAttribute("aria-expanded", String(open));
      draw();
    });
    range.addEventListener("input", () => go(Number(range.value)));
    range.addEventListener("keydown", (event) => {
      const year = { PageUp: options.page, PageDown: -options.page }[event.key];
      if (!year) return;
      event.preventDefault();
      go(model.step + year);
    });

    const scale = G.el("div", { class: "gd-ticks", "aria-hidden": "true" });
    const bar = G.el("section", { class: "gd-time", "aria-label": options.region }, [
      G.el("div", { class: "gd-row" }, [
        G.el("div", { class: "gd-buttons" }, [back, play, forth]),
        G.el("div", { class: "gd-when" }, [label, note]),
        G.el("div", { class: "gd-what" }, [list, more]),
      ]),
      G.el("div", { class: "gd-track" }, [range, scale]),
    ]);
    L.DomEvent.disableClickPropagation(bar);
    L.DomEvent.disableScrollPropagation(bar);
    map.getContainer().append(bar);
    let width = 0;
    const size = () => {
      map.getContainer().style.setProperty("--gd-bar", bar.offsetHeight + "px");
      if (scale.offsetWidth !== width) ticks(model, scale, (width = scale.offsetWidth));
    };
    new ResizeObserver(size).observe(bar);
    map.on("gd:step", draw);
    draw();
    size();
    map.fire("gd:ready");
  };
})();
