/* What is known of one line: names, figures of the step, history chart, events, sources. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const WIDE = 324;
  const HIGH = 132;
  let patterns = 0;

  function figures(model, line, now) {
    const rows = [];
    for (const [key, series] of Object.entries(model.data.series)) {
      if (series.hide || !line.data.series[key]) continue;
      const raw = now.get(key);
      const share = series.unit === "%";
      const text = raw === null
        ? "–"
        : G.number(share ? raw * 100 : raw, series.digits) + "\u00a0" + series.unit;
      const extra = raw === null ? null : key === "value" ? now.grade : now.gradeOf(key);
      const flag = share && raw > 1 ? "above capacity" : "";
      rows.push(G.el("div", { "data-key": key }, [
        G.el("dt", {}, series.label),
        G.el("dd", {}, [
          G.el("b", {}, text),
          series.note && raw !== null ? G.el("small", {}, " " + series.note) : null,
          extra ? G.el("small", { class: "gd-grade" }, " " + extra) : null,
          flag ? G.el("small", { class: "gd-flag" }, " " + flag) : null,
        ]),
      ]));
    }
    return G.el("dl", { class: "gd-figures" }, rows);
  }

  function span(model, line) {
    const rows = [line.data.series.value, line.data.series.limit].filter(Boolean);
    if (!rows.length) return null;
    const first = Math.min(...rows.map((row) => row.o));
    const last = Math.max(...rows.map((row) => row.o + row.v.length - 1), first + 11);
    return [Math.max(0, Math.min(first, model.last - 11)), Math.min(model.last, last)];
  }

  function nice(most) {
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= most);
  }

  function chart(model, line) {
    const range = span(model, line);
    if (!range) return G.el("p", { class: "gd-soft" }, "No flow figures for this line.");
    const [first, last] = range;
    const all = [];
    for (let i = first; i <= last; i += 1) all.push({ step: i, ...line.at(i) });
    const known = all.flatMap((s) => [s.value, s.limit]).filter((v) => v !== null);
    const top = nice(Math.max(...known, 0.001));
    const low = Math.min(0, ...known);
    const left = 30;
    const y = (v) => 8 + ((top - v) / (top - low)) * (HIGH - 30);
    const wide = (WIDE - left - 4) / all.length;
    const x = (i) => left + (i - first) * wide;
    patterns += 1;
    const hatch = "gd-hatch-" + patterns;
    const label = `${model.data.series.value.label}, ${model.data.series.value.unit}, ` +
      `${model.data.steps[first].id} to ${model.data.steps[last].id}`;
    const root = G.svg("svg", {
      class: "gd-chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label,
    });
    root.append(
      G.svg("defs", {}, G.svg("pattern", {
        id: hatch, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
      }, [
        G.svg("rect", { width: 4, height: 4, class: "gd-hatch-ground" }),
        G.svg("rect", { width: 1.6, height: 4, class: "gd-hatch-line" }),
      ]))
    );
    for (const value of [0, top / 2, top].concat(low < 0 ? [low] : [])) {
      root.append(
        G.svg("line", { x1: left, x2: WIDE, y1: y(value), y2: y(value), class: value ? "gd-grid" : "gd-zero" }),
        G.svg("text", { x: left - 4, y: y(value) + 3.5, class: "gd-axis", "text-anchor": "end" },
          G.number(value, Number.isInteger(value) ? 0 : top < 1 ? 2 : 1))
      );
    }
    years(model, root, first, last, x, wide);
    for (const item of all) bar(model, line, root, item, x, y, wide, hatch);
    limits(root, all, x, y, wide);
    ticks(model, line, root, x, wide, first, last);
    if (model.step >= first && model.step <= last) {
      const middle = x(model.step) + wide / 2;
      root.append(G.svg("path", {
        d: `M${middle - 4} 0 L${middle + 4} 0 L${middle} 6 Z`, class: "gd-cursor",
      }));
    }
    root.addEventListener("click", (event) => {
      const box = root.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * WIDE;
      const step = first + Math.floor((at - left) / wide);
      if (step >= first && step <= last) model.setStep(step);
    });
    return root;
  }

  function years(model, root, first, last, x, wide) {
    let before = -100;
    for (let i = first; i <= last; i += 1) {
      const tick = model.data.steps[i].tick;
      if (!tick || x(i) - before < 34 || x(i) > WIDE - 16) continue;
      before = x(i);
      root.append(G.svg("text", { x: x(i), y: HIGH - 2, class: "gd-axis" }, tick));
      root.append(G.svg("line", { x1: x(i), x2: x(i), y1: HIGH - 20, y2: HIGH - 14, class: "gd-grid" }));
    }
  }

  function bar(model, line, root, item, x, y, wide, hatch) {
    const gap = wide > 3 ? 0.6 : 0.15;
    const now = item.step === model.step ? " gd-current" : "";
    if (item.value === null) return;
    const top = Math.min(y(item.value), y(0));
    const light = model.data.light.includes(item.grade);
    const rect = G.svg("rect", {
      x: x(item.step) + gap / 2,
      width: Math.max(0.6, wide - gap),
      y: item.value < 0 ? top : Math.min(top, y(0) - 0.8),
      height: Math.max(0.8, Math.abs(y(item.value) - y(0))),
      class: (light ? "gd-bar gd-guess" : "gd-bar") + now,
      "data-step": item.step,
      "data-value": item.value,
    }, G.svg("title", {}, line.say(item.step) + (item.grade ? `, ${item.grade}` : "")));
    if (light) rect.style.fill = `url(#${hatch})`;
    root.append(rect);
  }

  function limits(root, all, x, y, wide) {
    let path = "";
    let pen = false;
    for (const item of all) {
      if (item.limit !== null) {
        path += `${pen ? "L" : "M"}${x(item.step)} ${y(item.limit)} L${x(item.step) + wide} ${y(item.limit)} `;
      }
      pen = item.limit !== null;
    }
    if (path) root.append(G.svg("path", { d: path, class: "gd-limit" }));
  }

  function ticks(model, line, root, x, wide, first, last) {
    for (const event of model.data.events) {
      if (event.step === null || event.step < first || event.step > last) continue;
      if (!event.lines.includes(line.index)) continue;
      const middle = x(event.step) + wide / 2;
      root.append(G.svg("path", {
        d: `M${middle} ${HIGH - 21} l3.2 3.2 l-3.2 3.2 l-3.2 -3.2 Z`, class: "gd-event-tick",
      }, G.svg("title", {}, `${event.date}: ${event.title}`)));
    }
  }

  function sourceItem(model, record) {
    const source = model.data.sources[record.source];
    const about = [source && source.publisher, record.published || (source && source.published)];
    return G.el("li", {}, [
      source ? G.link(source.title, source.url) : null,
      G.el("small", {}, " " + about.concat([record.page]).filter(Boolean).join(", ")),
      record.text ? G.el("code", {}, " " + record.text) : null,
      record.note ? G.el("small", { class: "gd-soft gd-line" }, record.note) : null,
    ]);
  }

  function every(model, line) {
    const seen = new Set();
    const row = line.data.refs;
    if (row) for (const set of row.v) (model.data.sets[set] || []).forEach((r) => seen.add(r));
    return [...seen];
  }

  function folded(title, children, open) {
    return G.el("details", { class: "gd-section", open: open }, [G.el("summary", {}, title), children]);
  }

  function content(model, line) {
    const now = line.at(model.step);
    const data = model.data;
    const step = data.steps[model.step];
    const events = data.events.filter((event) => event.lines.includes(line.index));
    const refs = now.refs.map((r) => sourceItem(model, data.records[r]));
    const others = every(model, line).filter((r) => !now.refs.includes(r));
    return [
      G.el("p", { class: "gd-chips" }, [
        G.el("span", { class: "gd-chip gd-s-" + now.state.key }, now.state.label),
        G.el("span", { class: "gd-chip" }, line.data.status),
      ]),
      G.el("h3", {}, step.label),
      figures(model, line, now),
      chart(model, line),
      G.el("p", { class: "gd-key" }, data.chart_key),
      G.el("dl", { class: "gd-facts" }, line.data.facts.map(([term, text]) =>
        G.el("div", {}, [G.el("dt", {}, term), G.el("dd", {}, text)]))),
      line.data.note ? G.el("p", { class: "gd-remark" }, line.data.note) : null,
      folded(`Sources of ${step.id}`, refs.length
        ? G.el("ul", { class: "gd-sources" }, refs)
        : G.el("p", { class: "gd-soft" }, "No figure, so no source, for this period."), true),
      others.length
        ? folded(`Other sources of this line (${others.length})`,
            G.el("ul", { class: "gd-sources" }, others.map((r) => sourceItem(model, data.records[r]))))
        : null,
      events.length
        ? folded(`Events (${events.length})`,
            G.el("ul", { class: "gd-sources" }, events.map((event) => G.eventItem(model, event))))
        : null,
    ];
  }

  G.panel = function (map) {
    const model = G.model(map);
    const close = G.el("button", { type: "button", class: "gd-close", "aria-label": "Close" }, "×");
    const title = G.el("h2", { tabindex: "-1" });
    const names = G.el("p", { class: "gd-names" });
    const body = G.el("div", { class: "gd-panel-body" });
    const node = G.el("aside", { class: "gd-panel", hidden: true, "aria-label": "Details" }, [
      G.el("div", { class: "gd-panel-head" }, [G.el("div", {}, [title, names]), close]),
      body,
    ]);
    let cause = null;
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    map.getContainer().append(node);
    close.addEventListener("click", () => model.select(null));
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key === "Escape" && model.selected) model.select(null);
    });
    function draw() {
      const line = model.selected;
      if (!line) return;
      const open = [...body.querySelectorAll("details")].map((d) => d.open);
      body.replaceChildren(...content(model, line).filter(Boolean));
      if (open.length) [...body.querySelectorAll("details")].forEach((d, i) => (d.open = Boolean(open[i])));
    }
    map.on("gd:select", (event) => {
      const line = event.line;
      node.hidden = !line;
      map.getContainer().classList.toggle("gd-with-panel", Boolean(line));
      if (!line) {
        body.replaceChildren();
        if (cause && cause.isConnected) cause.focus({ preventScroll: true });
        cause = null;
        return;
      }
      cause = document.activeElement;
      body.replaceChildren();
      title.textContent = line.name;
      names.replaceChildren(...line.data.names.map(([lang, text]) => G.el("span", { lang: lang }, text)));
      draw();
      body.scrollTop = 0;
      title.focus({ preventScroll: true });
    });
    map.on("gd:step", draw);
  };
})();
