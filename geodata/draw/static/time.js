// @ts-check
/* The step slider at the foot of the map: range input, play, one step back and forth, events. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const PACE = 650; // ms a step while playing
  const MOST = 200; // events listed at once

  const spot = (share) => `left: calc(var(--gd-thumb) / 2 + (100% - var(--gd-thumb)) * ${share})`;

  const YEAR = 40; // px, of a year's

  function ticks(model, node, width) {
    const steps = model.steps;
    const count = Math.max(1, model.last);
    const ahead = steps.findIndex((step, i) => model.isAhead(i));
    node.replaceChildren();
    const at = (step) => spot(step / count);
    const wide = width / (count + 1);
    const years = steps.map((step, i) => i).filter((i) => steps[i].tick);
    const apart = years.length > 2 ? (years[2] - years[1]) * wide : YEAR;
    const each = Math.max(1, Math.ceil(YEAR / apart)); // every second, third… year is written
    years.forEach((i, n) => {
      node.append(G.el("i", { class: "gd-year", style: at(i) }));
      if (n % each) return;
      node.append(G.el("b", { style: at(i), class: "gd-year-text" }, steps[i].tick));
    });
    for (const [step, events] of model.sorted().lists) {
      node.append(G.el("u", { style: at(step) + `; height: ${3 + 2 * Math.min(3, events.length)}px` }));
    }
    if (ahead < 0) return;
    const from = spot(Math.max(0, ahead - 0.5) / count);
    node.append(
      G.el("s", { class: "gd-beyond", style: from }),
      G.el("em", { class: "gd-divide", style: from }, G.el("span", {}, `${G.t("projection")} ${steps[ahead].id} →`))
    );
  }

  /* Where an event was that concerns no line: a word that shows it on the map; no place, and that is said. */
  function where(model, event) {
    if (event.lines.length) return null;
    const found = G.placed && G.placed(model.map, event.at);
    if (!found) return G.el("span", { class: "gd-soft" }, `(${G.t("no place")})`);
    return G.el("button", { type: "button", class: "gd-where", title: G.t("Show on the map"), on: { click: () => G.showPlace(model.map, found) } }, found.text);
  }

  function eventItem(model, event) {
    const source = model.data.sources[event.source];
    return G.el("li", {}, [
      G.el("time", {}, event.date),
      " ",
      G.el("span", { dir: "auto" }, G.titled(event)),
      " ",
      where(model, event),
      source ? " " : null,
      source ? G.link(G.t("source"), source.url) : null,
    ]);
  }

  /* A list that stays short however much happened. */
  G.eventItems = function (model, events) {
    const rest = events.length - MOST;
    const items = events.slice(0, MOST).map((event) => eventItem(model, event));
    if (rest > 0) items.push(G.el("li", { class: "gd-soft" }, G.t("and {n} more", { n: G.number(rest, 0) })));
    return items;
  };

  /* The one that the tour is about where a period has it, else the first. */
  function foremost(model, events) {
    const stops = (model.data.story && model.data.story.tour) || [];
    return events.find((event) => stops.some((stop) => stop.title === event.title && stop.date === event.date)) || events[0];
  }

  const PACES = [1, 2, 4];

  /* The newest period of history alone; -1 where all is projected. */
  function now(model) {
    for (let step = model.last; step >= 0; step -= 1) if (!model.isAhead(step)) return step;
    return -1;
  }

  /* Where history begins to play: the first stop of the tour. */
  function first(model) {
    const stop = model.data.story && model.data.story.tour[0];
    const found = stop ? model.steps.findIndex((step) => step.id === stop.step || step.id === stop.step.slice(0, 4)) : 0;
    return Math.max(0, found);
  }

  /* Play, and back and forth by one. */
  function player(model) {
    let timer = null;
    const play = G.button("Play", "▶", () => (timer ? stop() : start(model.isAhead(model.step) && model.step < model.last)), "gd-play");
    function name(text, sign) {
      for (const key of ["aria-label", "title"]) play.setAttribute(key, G.t(text));
      play.dataset.ta = JSON.stringify({ "aria-label": text, title: text });
      play.firstChild.textContent = sign;
    }
    function stop() {
      if (timer) clearInterval(timer);
      timer = null;
      name("Play", "▶");
    }
    /* History from its first stop up to today; from today on only where that is asked for. */
    function start(ahead) {
      const today = now(model);
      const end = ahead || today < 0 ? model.last : today;
      if (ahead && model.step < today) model.setStep(today);
      if (!ahead && model.step >= end) model.setStep(first(model));
      timer = setInterval(() => {
        model.setStep(model.step + 1);
        if (model.step >= end) stop();
      }, PACE / PACES[pace]);
      name("Pause", "❚❚");
    }
    let pace = 0;
    const fast = G.button("Pace", "1×", () => {
      pace = (pace + 1) % PACES.length;
      fast.firstChild.textContent = `${PACES[pace]}×`;
      if (timer) {
        stop();
        start(model.isAhead(model.step));
      }
    }, "gd-pace");
    const on = G.button("Play the projection", "▷▷", () => {
      stop();
      start(true);
    }, "gd-on");
    on.hidden = !model.data.projection;
    return { play, stop, more: [on, fast] };
  }

  function what(model) {
    const list = G.el("ul", { class: "gd-events", "t:aria-label": "Events" });
    const more = G.el("button", { type: "button", class: "gd-more", "aria-expanded": "false" });
    const draw = () => {
      const events = model.events(model.step);
      const open = list.classList.contains("gd-open");
      list.replaceChildren(...G.eventItems(model, open || !events.length ? events : [foremost(model, events)]));
      G.set(more, { hidden: events.length < 2 });
      if (!more.hidden) G.set(more, { textContent: open ? G.t("less") : G.t("+{n} more", { n: G.number(events.length - 1, 0) }) });
      list.classList.toggle("gd-none", events.length === 0);
    };
    more.addEventListener("click", () => {
      const open = list.classList.toggle("gd-open");
      more.setAttribute("aria-expanded", String(open));
      if (open) list.setAttribute("tabindex", "0");
      else list.removeAttribute("tabindex");
      draw();
    });
    return { node: G.el("div", { class: "gd-what" }, [list, more]), draw };
  }

  function note(model) {
    const step = model.steps[model.step];
    return [step.note ? G.words(step.note) : "", model.scenarioWords(model.step)].filter(Boolean).join("; ");
  }

  /* What happened in the period under the mouse. */
  function under(model, range) {
    const thumb = parseFloat(getComputedStyle(range).getPropertyValue("--gd-thumb")) || 0;
    range.addEventListener("pointermove", (event) => {
      const share = (event.offsetX - thumb / 2) / Math.max(1, range.offsetWidth - thumb);
      const step = Math.max(0, Math.min(model.last, Math.round(share * model.last)));
      const events = model.events(step);
      const texts = events.slice(0, 6).map((e) => `${e.date}: ${G.titled(e)}`);
      range.title = [G.words(model.steps[step].label), ...texts, events.length > 6 ? "…" : ""].filter(Boolean).join("\n");
    });
  }

  /* A drag begins with the second step under one press: a click on the track is none. */
  function drags(model, range) {
    let steps = null;
    range.addEventListener("pointerdown", () => (steps = 0));
    range.addEventListener("input", () => {
      if (steps !== null && (steps += 1) > 1) model.hurry(true);
    });
    for (const end of ["pointerup", "pointercancel", "change", "blur"]) {
      range.addEventListener(end, () => {
        steps = null;
        model.hurry(false);
      });
    }
  }

  G.slider = function (map, options) {
    const model = G.model(map);
    const { play, stop, more } = player(model);
    const range = G.el("input", {
      type: "range", min: 0, max: model.last, step: 1, "t:aria-label": options.label, class: "gd-range",
    });
    const label = G.el("output", { class: "gd-now" });
    const small = G.el("span", { class: "gd-note" });
    const events = what(model);
    const back = G.button("One step back", "‹", () => go(model.step - 1));
    const forth = G.button("One step on", "›", () => go(model.step + 1));

    function go(step) {
      stop();
      model.setStep(step);
    }
    function draw() {
      const step = model.steps[model.step];
      const said = note(model);
      G.set(range, { max: String(model.last), value: String(model.step), ariaValueText: G.words(step.label) + (model.isAhead(model.step) ? ", " + said : "") });
      G.set(label, { textContent: G.words(step.label) });
      G.set(small, { textContent: said });
      G.set(back, { disabled: model.step === 0 });
      G.set(forth, { disabled: model.step === model.last });
      bar.classList.toggle("gd-future", model.isAhead(model.step));
      events.draw();
    }
    drags(model, range);
    range.addEventListener("input", () => go(Number(range.value)));
    under(model, range);
    range.addEventListener("keydown", (event) => {
      const year = { PageUp: 1, PageDown: -1 }[event.key];
      if (!year) return;
      event.preventDefault();
      go(model.step + year * (model.calendar.whole ? 1 : options.page));
    });

    const scale = G.el("div", { class: "gd-ticks", "aria-hidden": "true" });
    const bar = G.el("section", { class: "gd-time", "t:aria-label": options.region }, [
      G.el("div", { class: "gd-row" }, [
        G.el("div", { class: "gd-buttons" }, [back, play, forth, ...more]),
        G.el("div", { class: "gd-when" }, [label, small]),
        events.node,
        G.tools(map),
      ]),
      G.el("div", { class: "gd-track" }, [range, scale]),
    ]);
    map.getContainer().append(G.still(bar));
    let width = 0;
    const size = () => {
      const [high, wide] = [bar.offsetHeight, scale.offsetWidth]; // both before a change, which would be laid out between
      map.getContainer().style.setProperty("--gd-bar", high + "px");
      if (wide !== width) ticks(model, scale, (width = wide));
    };
    new ResizeObserver(size).observe(bar);
    map.on("gd:step", draw);
    map.on("gd:change", () => {
      ticks(model, scale, width); // asking for the width here would lay the page out once more
      draw();
    });
    draw();
    size();
    if (G.embedded) G.embedded(map);
    map.fire("gd:ready");
  };
})();
