// @ts-check
/* What the page tells first: a sentence, exports by market tied to the slider, the largest lines with
   their history, years side by side, and a short tour whose stops are addresses. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const WIDE = 336;
  const [LEFT, FOOT, TOP] = [34, 18, 8];
  const [HIGH, LOW] = [188, 142]; // of the chart by market; low on a phone, where it takes the whole width
  const LISTED = 8;
  const YEARS = 6; // small maps
  const ROOM = 1000; // px from which the story lies open beside the map

  const read = (story, name, market, year) => {
    const raw = story[name][market][year];
    return raw === null ? null : raw / story.scale;
  };
  const amount = (value) => G.number(value, Math.abs(value) < 9.95 ? 1 : 0);

  function ceiling(most) {
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= most);
  }

  /* "Exports by pipe to Europe fell from 147 to 18 bcm between 2021 and 2025; China rose from 10 to 39." */
  function sentence(story) {
    const { fall, rise, from, to } = story.headline;
    const place = (key) => story.markets.findIndex((market) => market.key === key);
    const at = (key, year) => amount(read(story, "flow", place(key), story.years.indexOf(year)));
    const name = (key) => G.t(story.markets[place(key)].label);
    return G.t("Exports by pipe to {fall} fell from {a} to {b} bcm between {from} and {to}; {rise} rose from {c} to {d}.", {
      fall: name(fall), rise: name(rise), from, to, a: at(fall, from), b: at(fall, to), c: at(rise, from), d: at(rise, to),
    });
  }

  function yearOf(model) {
    return model.steps[model.step].id.replace(/^GY/, "").slice(0, 4);
  }

  /* The period of a year on the slider: the year itself, or the quarter that it is now. */
  function toYear(model, year) {
    const own = model.steps[model.step].id;
    const same = model.steps.findIndex((step) => step.id === own.replace(/\d{4}/, year));
    const any = model.steps.findIndex((step) => step.id.replace(/^GY/, "").startsWith(year));
    if (same >= 0 || any >= 0) model.setStep(same >= 0 ? same : any);
  }

  function axes(root, top, y, years, x, wide, high) {
    for (const value of [0, top / 2, top]) {
      root.append(
        G.svg("line", { x1: LEFT, x2: WIDE, y1: y(value), y2: y(value), class: value ? "gd-grid" : "gd-zero" }),
        G.svg("text", { x: LEFT - 4, y: y(value) + 3.5, class: "gd-axis", "text-anchor": "end" }, G.number(value, 0)));
    }
    years.forEach((year, i) => {
      if (i % 5 === years.length % 5 || i === years.length - 1) {
        root.append(G.svg("text", { x: x(i) + wide / 2, y: high - 4, class: "gd-axis", "text-anchor": "middle" }, year));
      }
    });
  }

  /* Bars of a year stacked by market; the year of the slider stands out. */
  function chart(model, story, tell) {
    const totals = story.years.map((year, i) => story.markets.reduce((sum, m, k) => sum + (read(story, "flow", k, i) || 0), 0));
    const top = ceiling(Math.max(...totals));
    const high = model.map.getSize().x < 640 ? LOW : HIGH;
    const wide = (WIDE - LEFT) / story.years.length;
    const x = (i) => LEFT + i * wide;
    const y = (value) => TOP + (1 - value / top) * (high - TOP - FOOT);
    const root = G.svg("svg", { class: "gd-stack", viewBox: `0 0 ${WIDE} ${high}`, role: "img", "aria-label": sentence(story) });
    axes(root, top, y, story.years, x, wide, high);
    story.years.forEach((year, i) => {
      let low = 0;
      const column = G.svg("g", { class: "gd-year", "data-year": year });
      story.markets.forEach((market, k) => {
        const value = read(story, "flow", k, i);
        if (!value) return;
        column.append(G.svg("rect", {
          x: x(i) + 0.8, width: wide - 1.6, y: y(low + value), height: Math.max(0.4, y(low) - y(low + value)), class: `gd-m${k}`, "data-market": market.key,
        }));
        low += value;
      });
      column.append(G.svg("rect", { x: x(i), width: wide, y: 0, height: high - FOOT, class: "gd-catch" }));
      root.append(column);
    });
    const brush = (event) => {
      const box = root.getBoundingClientRect();
      const i = Math.floor((((event.clientX - box.left) / box.width) * WIDE - LEFT) / wide);
      return Math.max(0, Math.min(story.years.length - 1, i));
    };
    root.addEventListener("pointermove", (event) => {
      tell(brush(event));
      if (event.buttons) toYear(model, story.years[brush(event)]);
    });
    root.addEventListener("pointerleave", () => tell(null));
    root.addEventListener("pointerdown", (event) => toYear(model, story.years[brush(event)]));
    return root;
  }

  const ever = (story, k) => story.years.some((year, i) => Math.abs(read(story, "flow", k, i) || 0) >= 0.05);

  /* What the colours say, for a screen where the figures stand further down. */
  const colours = (story) => G.el("ul", { class: "gd-colours", "aria-hidden": "true" }, story.markets.map((market, k) => (
    ever(story, k) ? G.el("li", {}, [G.el("i", { class: `gd-key-m gd-m${k}` }), G.el("span", { t: market.label })]) : "")));

  /* Every market of a projected year under the chosen scenario: median and interval. */
  function projected(model, story, year) {
    const { ahead } = story;
    const i = ahead.years.indexOf(year);
    const told = (name, k) => {
      const raw = ahead.scenarios[model.scenario][name][k][i];
      return raw === null ? null : raw / ahead.scale;
    };
    const shade = (key) => story.markets.findIndex((market) => market.key === key);
    const mark = (key) => (key === "all" ? "" : G.el("i", { class: `gd-key-m gd-m${shade(key) < 0 ? story.markets.length - 1 : shade(key)}` }));
    const order = ({ key }) => (shade(key) < 0 ? story.markets.length : shade(key));
    const rows = ahead.markets.map((market, k) => [market, told("flow", k), `${amount(told("low", k))} – ${amount(told("high", k))}`, told("high", k)])
      .filter(([, , , high]) => high >= 0.05).sort(([a], [b]) => order(a) - order(b));
    const without = story.markets.filter((market, k) => market.key !== "others" && !ahead.markets.some(({ key }) => key === market.key)
      && (read(story, "flow", k, story.years.length - 1) || 0) >= 0.05);
    return [...rows.filter(([{ key }]) => key !== "all"), ...without.map((market) => [market, null, G.t("not projected")]), ...rows.filter(([{ key }]) => key === "all")]
      .map(([market, value, sure]) => G.el("tr", { "data-market": market.key }, [
        G.el("th", { scope: "row" }, [mark(market.key), G.t(market.label)]),
        G.el("td", { class: "gd-number", "data-number": "market" }, value === null ? "–" : amount(value)),
        G.el("td", { class: "gd-number gd-soft", "data-said": "interval" }, sure),
      ]));
  }

  /* Legend and read-out in one: every market with its figure of the year, interval and standing. */
  function figures(story, year) {
    const i = story.years.indexOf(year);
    return story.markets.map((market, k) => {
      const [value, low, high] = i < 0 ? [null, null, null] : ["flow", "low", "high"].map((name) => read(story, name, k, i));
      const sure = value && low !== null && high !== null ? `${amount(low)} – ${amount(high)}` : "";
      return { market, k, texts: [value === null ? "–" : amount(value), sure] };
    }).filter(({ k }) => ever(story, k)); // also one of which nothing is left: its colour is in the chart
  }

  const figureRow = ({ market, k, texts }) => G.el("tr", { "data-market": market.key }, [
    G.el("th", { scope: "row" }, [G.el("i", { class: `gd-key-m gd-m${k}` }), G.t(market.label)]),
    G.el("td", { class: "gd-number", "data-number": "market" }, texts[0]),
    G.el("td", { class: "gd-number gd-soft", "data-said": "interval" }, texts[1]),
  ]);

  function markets(map, model, story) {
    const body = G.el("tbody");
    const head = G.el("caption");
    const holder = G.el("div");
    let kept = null; // the cells of the rows that stand
    let under = null;
    let marked = ""; // the year that is marked: three steps of four change nothing here
    function tell(i) {
      under = i;
      const year = i === null ? yearOf(model) : story.years[i];
      const ahead = Boolean(story.ahead) && !story.years.includes(year) && story.ahead.years.includes(year);
      const standing = ahead ? `${G.t("projected")}: ${G.t(model.data.projection.scenarios[model.scenario].label)}; ${G.t("median")}` : G.t("balanced");
      head.textContent = `${year}, ${G.t("bcm at 20 °C")}, ${standing}; ${ahead ? model.data.projection.interval.replace("–", " – ") : "P10 – P90"}`;
      if (ahead) put(projected(model, story, year), "");
      else renew(figures(story, year));
    }
    function put(rows, language) {
      body.replaceChildren(...rows);
      kept = language && { language, cells: rows.map((row) => [...row.querySelectorAll("td")]) };
    }
    /* Where the rows stand, their figures alone are written. */
    function renew(rows) {
      if (!kept || kept.language !== G.language()) return put(rows.map(figureRow), G.language());
      return rows.forEach(({ texts }, i) => kept.cells[i].forEach((cell, n) => G.set(cell, { textContent: texts[n] })));
    }
    function draw() {
      holder.replaceChildren(chart(model, story, tell));
      marked = "";
      mark();
    }
    function mark() {
      const year = yearOf(model);
      if (year === marked) return;
      marked = year;
      for (const node of holder.querySelectorAll(".gd-year")) node.classList.toggle("gd-current", node.dataset.year === year);
      if (under === null) tell(null);
    }
    map.on("gd:step", mark);
    map.on("gd:change", draw);
    draw();
    return G.el("div", { class: "gd-markets" }, [
      G.el("p", { class: "gd-axis-title", t: "Exports by pipe, bcm a year; click a year" }), holder, colours(story), G.el("table", {}, [head, body]),
    ]);
  }

  /* The largest flows of the period, each with its history as a little line. */
  function lines(map, model) {
    const list = G.el("ul", { class: "gd-largest" });
    function spark(line) {
      const row = line.data.series.value;
      const [wide, high] = [96, 22];
      if (!row) return null;
      const most = Math.max(...row.v.map((v) => Math.abs(v || 0)), 1);
      const count = model.data.past;
      let pen = "M";
      const d = row.v.map((v, i) => {
        if (v === null) { pen = "M"; return ""; }
        const point = `${pen}${(((row.o + i) / count) * wide).toFixed(1)} ${(high - 2 - (Math.abs(v) / most) * (high - 4)).toFixed(1)}`;
        pen = "L";
        return point;
      }).join("");
      return G.svg("svg", { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, "aria-hidden": "true", class: "gd-spark" }, G.svg("path", { d }));
    }
    let fresh = false;
    function draw() {
      if (fresh || !list.isConnected || !list.offsetParent) return;
      fresh = true;
      const shown = model.lines.map((line) => ({ line, now: line.at(model.step) })).filter(({ line, now }) => (now.plain || now).value && model.visible(line));
      shown.sort((a, b) => Math.abs((b.now.plain || b.now).value) - Math.abs((a.now.plain || a.now).value));
      list.replaceChildren(...shown.slice(0, LISTED).map(({ line, now }) => G.el("li", {}, [
        G.el("button", { type: "button", class: "gd-pick", on: { click: () => model.select(line) } }, [
          G.el("span", { class: "gd-who", dir: "auto", title: line.name }, model.shortName(line)), spark(line),
          G.el("span", { class: "gd-much", "data-number": "rate" }, model.rateWords(line, now)),
        ]),
        G.said(model.qualifiers(line, "rate", now)),
      ])));
    }
    map.on("gd:step gd:change", () => (fresh = false));
    map.on("gd:step gd:change gd:layout", () => {
      clearTimeout(list.waiting);
      list.waiting = setTimeout(draw, 120);
    });
    G.later(draw);
    return list;
  }

  /* How old the newest published figure of each route and market is; the balance fills what came since. */
  function fresh(map, model) {
    const rows = model.data.fresh || [];
    if (!rows.length) return "";
    const body = G.el("tbody");
    const draw = () => body.replaceChildren(...rows.map((row) => {
      const line = row.kind === "route" ? model.byId.get(row.name) : null;
      const source = row.source === null ? null : model.data.sources[row.source];
      const name = line ? G.el("button", { type: "button", class: "gd-pick", on: { click: () => model.select(line) } }, model.shortName(line))
        : G.fact(row.name, map.geodrawCountries);
      return G.el("tr", {}, [
        G.el("th", { scope: "row" }, name), G.el("td", { class: "gd-number" }, row.newest),
        G.el("td", { class: "gd-soft", title: source ? source.title : "" }, G.t(row.status)),
      ]);
    }));
    const shown = G.el("details", { class: "gd-fresh" }, [
      G.el("summary", { t: "Newest published figure of each series", on: { click: draw } }),
      G.el("table", {}, [G.el("caption", { t: "Last day of the newest period with a published figure" }), body]),
    ]);
    shown.addEventListener("toggle", () => shown.open && !body.firstChild && draw());
    map.on("gd:change", () => shown.open && draw());
    return shown;
  }

  /* The same map small, for several years to one scale: width by flow as a yearly rate. */
  function multiples(model, story) {
    const total = (year) => {
      const i = story.years.indexOf(year);
      return i < 0 ? "" : ` · ${G.number(story.markets.reduce((sum, market, k) => sum + (read(story, "flow", k, i) || 0), 0), 0)}`;
    };
    const annual = model.data.calendars.findIndex((calendar) => calendar.key === "A");
    if (annual < 0) return null;
    const own = model.data.calendars[annual].steps.filter((step) => step.of[1] <= model.data.past);
    const gap = Math.max(1, Math.floor((own.length - 1) / (YEARS - 1)));
    const chosen = Array.from({ length: YEARS }, (all, k) => own[own.length - 1 - (YEARS - 1 - k) * gap]).filter(Boolean);
    const lines = model.lines.filter((line) => line.plane.length && line.data.series.value);
    const all = lines.flatMap((line) => line.plane.flat());
    const box = L.bounds(all);
    const size = box.getSize();
    const [wide, high] = [158, Math.round((158 * size.y) / size.x)];
    const k = wide / size.x;
    const path = (line) => line.plane.map((part) => "M" + part.filter((p, i) => i % 3 === 0 || i === part.length - 1)
      .map((p) => `${((p.x - box.min.x) * k).toFixed(1)} ${((box.max.y - p.y) * k).toFixed(1)}`).join("L")).join("");
    const scale = model.data.scale.px / 2.4;
    return G.el("div", {}, [G.el("p", { class: "gd-axis-title", t: "Flow of each line, one scale; all exports by pipe, bcm at 20 °C, balanced" }), G.el("div", { class: "gd-multiples" }, chosen.map((step) => {
      const root = G.svg("svg", { viewBox: `-4 -4 ${wide + 8} ${high + 8}`, role: "img", "aria-label": `${step.label}: ${G.words(step.note)}` });
      for (const line of lines) {
        let [sum, days, length] = [0, 0, 0];
        for (let i = step.of[0]; i < step.of[1]; i += 1) {
          const now = line.base(i, model.scenario);
          length += now.length;
          if (now.value !== null && !now.ahead) { sum += now.value; days += now.days; }
        }
        const rate = days ? Math.abs(sum) * (length / days) : 0;
        root.append(G.svg("path", { d: path(line), class: rate ? "gd-mini" : "gd-mini gd-mini-off", "stroke-width": rate ? Math.max(0.5, rate * scale) : 0.4 }));
      }
      return G.el("figure", {}, [root, G.el("figcaption", {}, [step.id, G.el("span", { "data-number": "exports" }, total(step.id))])]);
    }))]);
  }

  const values = (stop, story, model) => {
    const i = story.years.indexOf(stop.year || "");
    const of = (key) => amount(read(story, "flow", story.markets.findIndex((m) => m.key === key), i));
    const { fall, rise } = story.headline;
    const name = (key) => G.t(story.markets.find((m) => m.key === key).label);
    const line = stop.route && model.byId.get(stop.route);
    return {
      year: stop.year || stop.step.slice(0, 4), fall: name(fall), rise: name(rise), a: i < 0 ? "" : of(fall), b: i < 0 ? "" : of(rise),
      share: G.number(100 * (stop.chance || 0), 0), volume: amount(stop.volume || 0), route: line ? line.name : "", period: stop.step,
    };
  };

  function words(stop, story, model) {
    if (stop.title) {
      const event = model.data.events.find((one) => one.title === stop.title && one.date === stop.date) || stop;
      return [G.el("b", { dir: "auto" }, `${stop.date}: ${G.titled(event)}`), " ", G.el("span", { dir: "auto" }, G.told(stop.text || "", stop.texts))];
    }
    const text = stop.volume !== undefined
      ? "What may come: {share} % chance that gas flows through {route} in {period}; if it does, {volume} bcm in {year} (median), under the stated assumptions."
      : stop.chance !== undefined ? "What may come: {share} % chance that gas flows through {route} in {period}, under the stated assumptions."
      : "{year}: {fall} takes {a} bcm by pipe, {rise} {b}.";
    return [G.t(text, values(stop, story, model)), G.el("br"), G.said(vouched(stop, story, model))];
  }

  /* What must be said with the numbers of a stop. */
  function vouched(stop, story, model) {
    const basis = ["basis", G.t("bcm at 20 °C")];
    const span = (low, high) => `${amount(low)} – ${amount(high)}`;
    if (stop.chance !== undefined) {
      const { interval, scenarios } = model.data.projection;
      const scenario = scenarios.find(({ key }) => key === stop.scenario);
      const status = ["status", `${G.t("projection")}: ${G.t(scenario ? scenario.label : stop.scenario)}`];
      return stop.volume === undefined ? [status] : [basis, status, ["interval", `${interval}: ${span(stop.low, stop.high)}`]];
    }
    const i = story.years.indexOf(stop.year);
    const edges = (key) => ["low", "high"].map((name) => read(story, name, story.markets.findIndex((m) => m.key === key), i));
    const told = [story.headline.fall, story.headline.rise].map((key) => [G.t(story.markets.find((m) => m.key === key).label), edges(key)])
      .filter(([, ends]) => ends.every((end) => end !== null)).map(([name, [low, high]]) => `${name} ${span(low, high)}`);
    return [basis, ["status", G.t("balanced")], ...(told.length ? [["interval", `P10–P90: ${told.join(", ")}`]] : [])];
  }

  function tour(map, model, story) {
    const stops = story.tour;
    if (!stops.length) return null;
    let at = -1;
    const text = G.el("p", { class: "gd-stop", role: "status" });
    const count = G.el("span", { class: "gd-soft" });
    const button = (label, action) => G.el("button", { type: "button", t: label, on: { click: action } });
    const begin = button("Take the tour", () => go(0));
    const back = button("Back", () => go(at - 1));
    const on = button("Next", () => go(at + 1));
    const leave = button("End the tour", () => go(-1));
    map.on("gd:take-tour", () => go(0)); // the phone begins it from the sheet of the story
    const node = G.el("section", { class: "gd-tour", "t:aria-label": "Tour" }, [text, G.el("div", { class: "gd-actions" }, [begin, back, on, leave, count])]);
    function go(next) {
      at = next >= stops.length ? -1 : next;
      map.getContainer().classList.toggle("gd-touring", at >= 0); // first: the free part of a phone is another
      const kept = `?lang=${G.language()}&unit=${model.unit.key}`; // a stop chooses what is told, not in which words
      if (at >= 0) G.visit(model, `#${stops[at].step}${stops[at].route ? "/" + stops[at].route : ""}${kept}`);
      else model.select(null);
      draw();
      // A stop about no line, and the end, show the whole again; the address is the stop's own.
      if (at < 0 || !stops[at].route) model.frame(model.lines.filter((line) => line.data.frame !== false));
      else if (map.getSize().x < 640 && model.selected) model.frame([model.selected], 4.5); // small beside all the others
      model.moved = false;
      (at < 0 ? begin : at === stops.length - 1 ? leave : on).focus({ preventScroll: true });
    }
    function draw() {
      const stop = stops[at];
      text.replaceChildren(...(stop ? words(stop, story, model) : []));
      text.hidden = !stop;
      count.textContent = stop ? `${at + 1} / ${stops.length}` : "";
      begin.hidden = Boolean(stop);
      for (const one of [back, on, leave]) one.hidden = !stop;
      back.disabled = at === 0;
      on.hidden = !stop || at === stops.length - 1;
      node.classList.toggle("gd-under-way", Boolean(stop));
      model.touring = Boolean(stop);
      map.fire("gd:tour");
    }
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || at < 0) return;
      event.stopPropagation();
      go(-1);
    });
    map.on("gd:change", draw);
    draw();
    return node;
  }

  function tabs(parts) {
    const bodies = parts.map(([, make]) => ({ node: G.el("div", { role: "tabpanel", hidden: true }), make, made: false }));
    const buttons = parts.map(([label], i) => G.el("button", { type: "button", role: "tab", t: label, on: { click: () => open(i) } }));
    function open(i) {
      bodies.forEach((body, k) => {
        body.node.hidden = k !== i;
        buttons[k].setAttribute("aria-selected", String(k === i));
      });
      if (!bodies[i].made) {
        bodies[i].made = true;
        bodies[i].node.append(bodies[i].make() || "");
      } else if (bodies[i].node.firstChild && bodies[i].node.firstChild.refresh) bodies[i].node.firstChild.refresh();
    }
    open(Math.max(0, parts.findIndex(([, , first]) => first)));
    return [G.el("div", { class: "gd-tabs", role: "tablist", "t:aria-label": "Views" }, buttons), ...bodies.map((body) => body.node)];
  }

  G.story = function (map) {
    const model = G.model(map);
    const { story } = model.data;
    if (!story) return;
    const head = map.getContainer().querySelector(".gd-title");
    const said = G.el("p", { class: "gd-headline" });
    if (head) head.querySelector("h1").after(said);
    const walk = tour(map, model, story);
    const close = G.button("Close", "×", () => show(false), "gd-close");
    const start = G.el("button", { type: "button", class: "gd-begin", t: "Take the tour", on: { click: () => {
      show(false); // the sheet lies over the map that the tour is about
      map.fire("gd:take-tour");
    } } });
    const node = G.el("aside", { class: "gd-story", "t:aria-label": "Exports by market", hidden: true }, [
      G.el("div", { class: "gd-panel-head" }, [G.el("h2", { t: "Exports by market" }), walk ? start : "", close]),
      G.el("div", { class: "gd-story-body" }, tabs([
        ["Markets", () => G.el("div", {}, [markets(map, model, story), G.el("h3", { t: "Largest flows of the period" }), lines(map, model), fresh(map, model)])],
        ["Years", () => multiples(model, story)],
        ...(model.data.ways ? [["Flows", () => G.sankey(map, model)]] : []),
        ...(model.data.odds ? [["Scenarios", () => G.odds(map, model), model.odds.size > 0]] : []),
        ...(G.extraTabs || []).map(([label, make]) => [label, () => make(map, model)]),
      ])),
    ]);
    const opener = G.el("button", { type: "button", class: "gd-card gd-opener", t: "Exports by market", on: { click: () => show(true) } });
    map.getContainer().append(G.still(node));
    if (walk) map.getContainer().append(G.still(walk));
    G.control(map, "topright", opener);
    let wanted = map.getSize().x >= ROOM || map.getSize().x < 640;
    function show(on) {
      wanted = on;
      draw();
      if (!model.moved) model.frame(model.selected ? [model.selected] : model.lines.filter((line) => line.data.frame !== false)); // the free part is another
    }
    function draw() {
      node.hidden = !wanted || Boolean(model.selected);
      opener.hidden = wanted;
      map.getContainer().classList.toggle("gd-with-story", !node.hidden);
      said.textContent = sentence(story);
      map.fire("gd:layout");
    }
    map.on("gd:select gd:change", draw);
    draw();
  };
})();
