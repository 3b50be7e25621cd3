// @ts-check
/* What is known of one line: names, figures of the period, history, contracts, sources, events. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  function signed(value, digits) {
    return (value > 0 ? "+" : "") + G.number(value, digits);
  }

  /* "2024 Q1: 9.1 (+0.7)" */
  function versus(model, line, key, now) {
    const other = model.versus(line);
    if (!other) return null;
    const { digits } = model.style(key);
    const [a, b] = [model.figure(line, key, other), model.figure(line, key, now)];
    if (a === null && b === null) return null;
    const change = a === null || b === null ? "" : ` (${signed(b - a, digits)})`;
    return G.el("small", { class: "gd-versus gd-line" }, `${G.t(model.compare.label)}: ${G.number(a, digits)}${change}`);
  }

  /* The number as one would write it down: what, when, how much, by whom, which id, as of when. */
  function citation(model, line, key, now) {
    const series = model.data.series[key];
    const ids = ids_of(model, line, key, now).map((r) => model.data.records[r]);
    const note = model.style(key).note;
    const books = [...new Set(ids.map((record) => model.data.sources[record.source]).filter(Boolean))];
    const parts = [
      `${G.t(series.label)}, ${line.data.name}, ${model.steps[model.step].label}: ` +
        `${model.written(line, key, now)}${note ? " " + G.t(note) : ""}${gradeOf(model, line, key, now)}`,
      ...books.map((b) => [b.publisher, b.title, b.published, b.url].filter(Boolean).join(", ")),
      ids.length ? "Id " + ids.map((record) => record.text).join(", ") : "",
      `${document.title}, ${G.t("As of").toLowerCase()} ${model.data.as_of || "–"}`,
    ];
    return parts.filter(Boolean).join(". ") + ".";
  }

  function gradeOf(model, line, key, now) {
    const said = model.qualifiers(line, key, now).filter(([kind]) => kind !== "age").map(([, text]) => text);
    return said.length ? ` (${said.join("; ")})` : "";
  }

  /* Numbers of the records behind one figure; what is derived cites what it comes from. */
  function ids_of(model, line, key, now) {
    const from = model.data.series[key].from || [key];
    const own = from.flatMap((name) => now.sets[name] || (line.data.standing || {})[name] || []);
    return [...new Set(own)];
  }

  function cite(model, line, key, now) {
    const button = G.el("button", { type: "button", class: "gd-cite", "t:aria-label": "Cite this number", "t:title": "Cite this number" });
    button.addEventListener("click", async () => {
      const cell = button.parentNode;
      const old = cell.querySelector(".gd-cited");
      if (old) return old.remove();
      const text = citation(model, line, key, now);
      const node = G.el("div", { class: "gd-cited", role: "status" }, [G.el("q", {}, text)]);
      cell.append(node);
      if (await G.copy(text, node)) node.append(G.el("small", {}, " " + G.t("Copied")));
      return undefined;
    });
    return button;
  }

  function figure(model, line, now, key) {
    const series = model.data.series[key];
    const known = model.figure(line, key, now) !== null;
    const note = model.style(key).note;
    const small = (text, name) => (text ? G.el("small", { class: name }, " " + text) : null);
    const heat = key === "value" && model.unit.heat && (line.data.heat_note || G.t("no calorific value stated for this route"));
    return G.el("div", { "data-key": key }, [
      G.el("dt", {}, G.t(series.label)),
      G.el("dd", {}, [
        G.el("b", {}, model.written(line, key, now)),
        known && note ? G.el("small", { "data-said": "basis" }, " " + G.t(note)) : null,
        key === "share" && now.share > 1 ? small(G.t("above capacity"), "gd-flag") : null,
        ...(known ? qualified(model, line, key, now) : []),
        small(heat, "gd-line"),
        known ? cite(model, line, key, now) : null,
        key === "value" && now.newest ? small(line.sayNewest(now), "gd-line gd-newest") : null,
        versus(model, line, key, now),
      ]),
    ]);
  }

  /* Standing and what is known of the period beside the number, interval and age below it. */
  function qualified(model, line, key, now) {
    const names = { status: "gd-grade", kind: "gd-grade", chance: "gd-line", coverage: "gd-flag", interval: "gd-line gd-interval", age: "gd-line gd-age", own: "gd-line gd-age" };
    return model.qualifiers(line, key, now).map(([kind, text]) =>
      G.el("small", { class: names[kind], "data-said": kind }, (["status", "kind", "coverage"].includes(kind) ? " " : "") + text));
  }

  /* Of a project: how likely, and how much if it is built. */
  function chance(line, now) {
    const words = line.chanceWords(now);
    return words ? G.el("p", { class: "gd-odds" }, words) : null;
  }

  function figures(model, line, now) {
    const keys = Object.keys(model.data.series).filter((key) =>
      line.data.series[key] || (line.data.ahead && line.data.ahead.some((told) => told.base && told.base[key])));
    return G.el("dl", { class: "gd-figures" }, keys.map((key) => figure(model, line, now, key)));
  }

  function sourceItem(model, record) {
    const source = model.data.sources[record.source];
    const about = [source && source.publisher, record.published || (source && source.published)];
    return G.el("li", {}, [
      source ? G.link(source.title, source.url) : null,
      G.el("small", {}, " " + about.concat([record.page]).filter(Boolean).join(", ")),
      record.grade ? G.el("small", { class: "gd-grade" }, " " + G.t(record.grade)) : null,
      record.text ? G.el("code", {}, " " + record.text) : null,
      record.note ? G.el("small", { class: "gd-soft gd-line" }, record.note) : null,
    ]);
  }

  function every(model, line) {
    const seen = new Set(Object.values(line.data.standing || {}).flat());
    for (const row of Object.values(line.data.refs || {})) {
      if (row) for (const set of row.v) (model.data.sets[set] || []).forEach((r) => seen.add(r));
    }
    return [...seen];
  }

  function folded(title, children, open) {
    return G.el("details", { class: "gd-section", open: open }, [G.el("summary", {}, title), children]);
  }

  const list = (items) => G.el("ul", { class: "gd-sources" }, items);

  function contracts(model, line) {
    const rows = line.data.contracts || [];
    if (!rows.length) return null;
    return folded(`${G.t("Contract steps")} (${rows.length})`, G.el("ul", { class: "gd-sources gd-contracts" }, rows.map((row) =>
      G.el("li", {}, [
        G.el("b", {}, row.year), " ", row.text, " ", G.el("small", {}, row.about), G.el("code", {}, " " + row.id),
      ]))));
  }

  /* Which rows of the exported layers hold the same numbers, those of history and the projected. */
  function layerRow(model, line) {
    const [first, end] = model.parts(model.step);
    const rows = [[], []];
    for (let i = first; i < end; i += 1) {
      const now = line.base(i, model.scenario);
      if (now.value === null) continue;
      const id = `${line.id}/${model.data.steps[i].id}`;
      rows[now.ahead].push(now.ahead ? `${model.data.projection.scenarios[model.scenario].key}/${id}` : id);
    }
    return model.data.layers.filter((layer, i) => rows[i].length).map((layer) => {
      const own = rows[model.data.layers.indexOf(layer)];
      const name = layer.path ? G.el("a", { href: layer.path, target: "_blank", rel: "noopener" }, layer.name) : layer.name;
      return G.el("p", { class: "gd-layer-row gd-soft" }, [
        G.t("Row of the layer") + " ", name, ": ", ...own.flatMap((id) => [G.el("code", {}, id), " "]),
      ]);
    });
  }

  function key(model, line) {
    const more = line.data.ahead && line.data.ahead[model.scenario].base;
    const faint = model.steps.some((step, i) => line.at(i).plain) ? " " + G.t("Of a line to come: what flows if gas flows, as strong as the chance.") : "";
    const text = G.t(model.data.chart_key) + (more ? " " + G.t("Pale stripes: projection; thin lines: {interval}.", model.data.projection) : "");
    const loose = more && model.calendar.whole && model.steps.some((step, i) => line.at(i).loose);
    const sums = loose ? " " + G.t("Bounds of a year add up as if its parts moved together.") : "";
    return G.el("p", { class: "gd-key" }, text + faint + sums);
  }

  function content(model, line) {
    const now = line.at(model.step);
    const data = model.data;
    const step = model.steps[model.step];
    const events = data.events.filter((event) => event.lines.includes(line.index));
    const refs = [...new Set([...now.refs, ...ids_of(model, line, "limit", now)])].map((r) => sourceItem(model, data.records[r]));
    const others = every(model, line).filter((r) => !now.refs.includes(r));
    return [
      G.el("p", { class: "gd-chips" }, [
        G.el("span", { class: "gd-chip gd-s-" + now.state.key }, G.t(now.state.label)),
        line.data.status === now.state.label ? null
          : G.el("span", { class: "gd-chip" }, G.t("today: {state}", { state: G.t(line.data.status) })),
      ]),
      G.el("h3", {}, G.words(step.label)),
      chance(line, now),
      figures(model, line, now),
      G.chart(model, line),
      key(model, line),
      G.el("dl", { class: "gd-facts" }, line.data.facts.map(([term, text]) =>
        G.el("div", {}, [G.el("dt", {}, G.t(term)), G.el("dd", { dir: "auto" }, G.fact(text, model.map.geodrawCountries))]))),
      line.data.note ? G.el("p", { class: "gd-remark", dir: "auto" }, G.told(line.data.note, line.data.notes)) : null,
      folded(`${G.t("Sources of")} ${step.id}`, refs.length
        ? list(refs)
        : G.el("p", { class: "gd-soft" }, G.t("No figure, so no source, for this period.")), true),
      others.length
        ? folded(`${G.t("Other sources of this line")} (${others.length})`, list(others.map((r) => sourceItem(model, data.records[r]))))
        : null,
      contracts(model, line),
      events.length ? folded(`${G.t("Events")} (${G.number(events.length, 0)})`, list(G.eventItems(model, events))) : null,
      ...layerRow(model, line),
    ].filter(Boolean);
  }

  G.panel = function (map) {
    const model = G.model(map);
    const close = G.button("Close", "×", () => model.select(null), "gd-close");
    const title = G.el("h2", { tabindex: "-1", dir: "auto" });
    const names = G.el("p", { class: "gd-names" });
    const body = G.el("div", { class: "gd-panel-body", tabindex: "0", role: "region", "t:aria-label": "Details" });
    const node = G.el("aside", { class: "gd-panel", hidden: true, "t:aria-label": "Route" }, [
      G.el("div", { class: "gd-panel-head" }, [G.el("div", {}, [title, names]), close]),
      body,
    ]);
    let cause = null;
    map.getContainer().append(G.still(node));
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key === "Escape" && model.selected) model.select(null);
    });
    /* Redrawn in place: open sections stay open. */
    function draw() {
      const line = model.selected;
      if (!line) return;
      title.textContent = line.name;
      names.replaceChildren(...line.names.map(([lang, text]) => G.el("span", { lang: lang }, text)));
      const open = [...body.querySelectorAll("details")].map((d) => d.open);
      body.replaceChildren(...content(model, line));
      if (open.length) [...body.querySelectorAll("details")].forEach((d, i) => (d.open = Boolean(open[i])));
    }
    map.on("gd:select", (event) => {
      const line = event.line;
      node.hidden = !line;
      map.getContainer().classList.toggle("gd-with-panel", Boolean(line));
      body.replaceChildren();
      if (!line) {
        if (cause && cause.isConnected) cause.focus({ preventScroll: true });
        cause = null;
        return;
      }
      cause = document.activeElement;
      draw();
      body.scrollTop = 0;
      title.focus({ preventScroll: true });
    });
    map.on("gd:step gd:change", draw);
  };
})();
