// @ts-check
/* History and projection of one line as bars, with capacity, interval, events and divider. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const WIDE = 324;
  const HIGH = 142;
  const ABOVE = 18; // for the marks over the bars
  let patterns = 0;

  /* First and last period with anything to draw. */
  function span(model, line) {
    const rows = [line.data.series.value, line.data.series.limit];
    const ahead = line.data.ahead && line.data.ahead[model.scenario].base;
    if (ahead) rows.push(ahead.value.mid);
    const known = rows.filter(Boolean);
    if (!known.length) return null;
    const first = model.place(Math.min(...known.map((row) => row.o)));
    const least = model.calendar.whole ? 4 : 11;
    const last = Math.max(model.place(Math.max(...known.map((row) => row.o + row.v.length - 1))), first + least);
    return /** @type {[number, number]} */ ([Math.max(0, Math.min(first, model.last - least)), Math.min(model.last, last)]);
  }

  function nice(most) {
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= most);
  }

  function hatch(id, turn, className) {
    return G.svg("pattern", {
      id: id, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${turn})`, class: className,
    }, [
      G.svg("rect", { width: 4, height: 4, class: "gd-hatch-ground" }),
      G.svg("rect", { width: 1.6, height: 4, class: "gd-hatch-line" }),
    ]);
  }

  /* Values in the chosen unit and the places of everything. */
  function plan(model, line, [first, last]) {
    const all = [];
    for (let i = first; i <= last; i += 1) {
      const now = line.at(i);
      const of = (key, raw) => model.figure(line, key, now, raw);
      const [low, high] = (now.bounds.value || [null, null]).map((value) => (value === null ? null : of("value", value)));
      all.push({ step: i, now, value: of("value"), limit: of("limit"), low, high });
    }
    const known = all.flatMap((s) => [s.value, s.limit, s.low, s.high]).filter((v) => v !== null);
    const top = nice(Math.max(...known, 0.001));
    const low = Math.min(0, ...known);
    const left = 30;
    const wide = (WIDE - left - 4) / all.length;
    return {
      all, first, last, top, low, left, wide, empty: !known.length,
      x: (i) => left + (i - first) * wide,
      y: (v) => ABOVE + ((top - v) / (top - low)) * (HIGH - ABOVE - 22),
    };
  }

  function axes(root, { top, low, left, y }) {
    for (const value of [0, top / 2, top].concat(low < 0 ? [low] : [])) {
      const digits = Number.isInteger(value) ? 0 : top < 1 ? 2 : 1;
      root.append(
        G.svg("line", { x1: left, x2: WIDE, y1: y(value), y2: y(value), class: value ? "gd-grid" : "gd-zero" }),
        G.svg("text", { x: left - 4, y: y(value) + 3.5, class: "gd-axis", "text-anchor": "end" }, G.number(value, digits))
      );
    }
  }

  function years(model, root, { first, last, x }) {
    let before = -100;
    for (let i = first; i <= last; i += 1) {
      const tick = model.steps[i].tick;
      if (!tick || x(i) - before < 34 || x(i) > WIDE - 16) continue;
      before = x(i);
      root.append(
        G.svg("text", { x: x(i), y: HIGH - 2, class: "gd-axis" }, tick),
        G.svg("line", { x1: x(i), x2: x(i), y1: HIGH - 20, y2: HIGH - 14, class: "gd-grid" })
      );
    }
  }

  function bar(model, line, root, item, { x, y, wide }, id) {
    if (item.value === null) return;
    const gap = wide > 3 ? 0.6 : 0.15;
    const top = Math.min(y(item.value), y(0));
    const { now } = item;
    const light = model.data.light.includes(now.grade);
    const part = model.part(now);
    const names = ["gd-bar", now.ahead ? "gd-proj" : light ? "gd-guess" : "", part ? "gd-part" : "",
      item.step === model.step ? "gd-current" : ""];
    const rect = G.svg("rect", {
      x: x(item.step) + gap / 2,
      width: Math.max(0.6, wide - gap),
      y: item.value < 0 ? top : Math.min(top, y(0) - 0.8),
      height: Math.max(0.8, Math.abs(y(item.value) - y(0))),
      class: names.filter(Boolean).join(" "),
      "data-step": item.step,
      "data-value": now.value,
    }, G.svg("title", {}, [line.say(item.step), now.ahead ? "" : now.grade && G.t(now.grade), part].filter(Boolean).join(", ")));
    if (now.plain) rect.style.opacity = String(Math.max(0.15, now.chance));
    if (now.ahead || light) rect.style.fill = `url(#${id}-${now.ahead ? "ahead" : "guess"})`;
    root.append(rect);
  }

  /* A level a period, interrupted where nothing is known. */
  function level(root, { all, x, y, wide }, key, className) {
    let path = "";
    let pen = false;
    for (const item of all) {
      if (item[key] !== null) {
        path += `${pen ? "L" : "M"}${x(item.step)} ${y(item[key])} L${x(item.step) + wide} ${y(item[key])} `;
      }
      pen = item[key] !== null;
    }
    if (path) root.append(G.svg("path", { d: path, class: className }));
  }

  /* Where projection begins, with its date. */
  function divider(model, root, { all, x }) {
    const begin = all.find((item) => item.now.ahead);
    if (!begin) return;
    const at = x(begin.step);
    const end = at > WIDE - 70;
    root.append(
      G.svg("line", { x1: at, x2: at, y1: 0, y2: HIGH - 14, class: "gd-divider" }),
      G.svg("text", {
        x: at + (end ? -3 : 3), y: 7, class: "gd-axis gd-from", "text-anchor": end ? "end" : "start",
      }, `${model.steps[begin.step].id} →`)
    );
  }

  /* The other scenario as a line, the other period as an open mark. */
  function versus(model, line, root, shape) {
    if (!model.compare) return;
    if (model.compare.step === undefined) {
      const other = shape.all.map((item) => {
        const now = line.at(item.step, model.compare.scenario);
        return { step: item.step, other: now.ahead ? model.figure(line, "value", now) : null };
      });
      level(root, { ...shape, all: other }, "other", "gd-other");
    } else if (model.compare.step >= shape.first && model.compare.step <= shape.last) {
      cursor(root, shape, model.compare.step, "gd-cursor gd-open");
    }
  }

  function cursor(root, { x, wide }, step, className) {
    const middle = x(step) + wide / 2;
    root.append(G.svg("path", { d: `M${middle - 4} 10 L${middle + 4} 10 L${middle} 16 Z`, class: className }));
  }

  function events(model, line, root, { first, last, x, wide }) {
    for (let i = first; i <= last; i += 1) {
      if (!model.concerns(i, line.index)) continue;
      const own = model.events(i).filter((event) => event.lines.includes(line.index));
      const text = own.slice(0, 4).map((event) => `${event.date}: ${G.titled(event)}`).join("\n");
      const middle = x(i) + wide / 2;
      root.append(G.svg("path", {
        d: `M${middle} ${HIGH - 21} l3.2 3.2 l-3.2 3.2 l-3.2 -3.2 Z`, class: "gd-event-tick",
      }, G.svg("title", {}, text + (own.length > 4 ? "\n…" : ""))));
    }
  }

  /* A click takes the period, the mouse over it reads it out. */
  function choose(model, root, { first, last, left, wide }, tell) {
    const under = (event) => {
      const box = root.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * WIDE;
      const step = first + Math.floor((at - left) / wide);
      return step >= first && step <= last ? step : null;
    };
    root.addEventListener("click", (event) => {
      if (under(event) !== null) model.setStep(under(event));
    });
    root.addEventListener("pointermove", (event) => tell(under(event)));
    root.addEventListener("pointerleave", () => tell(null));
  }

  /* "2024 Q3 (Jul–Sep): 9.78 bcm; capacity 9.50 bcm", with what must be said of the number. */
  function readOut(model, line, node) {
    return (step) => {
      const at = step === null ? model.step : step;
      const now = line.at(at);
      const limit = model.figure(line, "limit", now) === null ? "" : `; ${G.t(model.data.series.limit.label)} ${model.written(line, "limit", now)}`;
      const value = now.value === null ? G.t("flow not known") : model.written(line, "value", now);
      node.replaceChildren(
        G.el("b", {}, G.words(model.steps[at].label)), `: ${value}${limit} `,
        now.value === null ? "" : G.said(model.qualifiers(line, "value", now)) || "");
    };
  }

  /* What the height of a bar is: "Flow, bcm at 20 °C, a quarter". */
  function axisTitle(model) {
    const per = model.unit.rate ? "" : `, ${G.t("by " + model.calendar.label.toLowerCase())}`;
    return `${G.t(model.data.series.value.label)}, ${G.t(model.unit.unit)} ${G.t(model.unit.note)}${per}`;
  }

  G.chart = function (model, line) {
    const range = span(model, line);
    const shape = range && plan(model, line, range);
    if (!shape || shape.empty) return G.el("p", { class: "gd-soft" }, G.t("No flow figures for this line."));
    patterns += 1;
    const id = "gd-hatch-" + patterns;
    const label = `${G.t(model.data.series.value.label)}, ${G.t(model.unit.unit)} ${G.t(model.unit.note)}, ` +
      `${model.steps[shape.first].id} – ${model.steps[shape.last].id}`;
    const root = G.svg("svg", {
      class: "gd-chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label,
    }, G.svg("defs", {}, [hatch(id + "-guess", 45), hatch(id + "-ahead", -45, "gd-pale")]));
    axes(root, shape);
    years(model, root, shape);
    for (const item of shape.all) bar(model, line, root, item, shape, id);
    level(root, shape, "limit", "gd-limit");
    level(root, shape, "low", "gd-edge");
    level(root, shape, "high", "gd-edge");
    events(model, line, root, shape);
    divider(model, root, shape);
    versus(model, line, root, shape);
    if (model.step >= shape.first && model.step <= shape.last) cursor(root, shape, model.step, "gd-cursor");
    const told = G.el("p", { class: "gd-readout" });
    const tell = readOut(model, line, told);
    choose(model, root, shape, tell);
    tell(null);
    return G.el("div", {}, [G.el("p", { class: "gd-axis-title" }, axisTitle(model)), root, told]);
  };
})();
