// @ts-check
/* The table twin: what the map shows, line by line, to sort, to read aloud and to copy as CSV. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  const plain = (key, title, read) => ({ key, title, value: read, text: read });

  /* Columns as {key, title, text(line), value(line), csv}; numbers as shown in the chosen unit. */
  function columns(model) {
    const now = (line) => line.at(model.step);
    const keys = Object.keys(model.data.series).filter((key) => model.lines.some((line) => line.data.series[key]));
    const numbers = keys.map((key) => {
      const { unit, note, digits } = model.style(key);
      const value = (line) => model.figure(line, key, now(line));
      return {
        key, number: true, title: G.t(model.data.series[key].label), unit: `${unit} ${note ? G.t(note) : ""}`.trim(),
        value: value, text: (line) => G.number(value(line), digits),
      };
    });
    return [
      plain("name", G.t("Route"), (line) => line.name),
      plain("state", G.t("State"), (line) => G.t(now(line).state.label)),
      ...numbers,
      ...changes(model),
      ...intervals(model, now),
      ...chances(model, now),
      plain("grade", G.t("Figure"), (line) => (now(line).value === null ? "" : now(line).grade ? G.t(now(line).grade) : "")),
      plain("coverage", G.t("Covers"), (line) => model.part(now(line))),
      ...further(model, now),
      plain("seen", G.t("Evidence of"), (line) => (now(line).value === null ? "" : model.evidence(now(line), "value") || model.inferred(now(line)))),
      plain("newest", G.t("Newest figure"), (line) => (now(line).newest ? model.data.steps[now(line).newest.step].id : "")),
      plain("ids", G.t("Ids"), (line) => now(line).refs.map((r) => model.data.records[r].text).join(" ")),
    ];
  }

  /* What travels with the other numbers of a row. */
  function further(model, now) {
    const { series } = model.data;
    const standing = (key) => (line) => (now(line)[key] === null ? "" : model.standing(key, now(line)).map((grade) => G.t(grade)).join(", "));
    const all = [
      [series.reported, plain("reported-grade", G.t("Published as"), standing("reported"))],
      [series.reported, plain("reported-part", G.t("Published part"), (line) => model.publishedPart(now(line)))],
      [series.limit, plain("kind", G.t("Capacity is"), (line) => (now(line).limit === null ? "" : model.kindWords(now(line))))],
      [series.price, plain("price-grade", G.t("Price is"), standing("price"))],
    ];
    return all.filter(([has]) => has).map(([, column]) => column);
  }

  /* Both edges, where any line has them. */
  function intervals(model, now) {
    if (!model.lines.some((line) => now(line).bounds.value)) return [];
    const { unit, note, digits } = model.style("value");
    return [0, 1].map((edge) => {
      const value = (line) => (now(line).bounds.value ? model.figure(line, "value", now(line), now(line).bounds.value[edge]) : null);
      return { key: edge ? "high" : "low", number: true, title: model.interval(now(model.lines[0])).split("–")[edge], unit: `${unit} ${G.t(note)}`, value, text: (line) => G.number(value(line), digits) };
    });
  }

  /* The flow of a line to come is that of the draws in which gas flows: how many these are. */
  function chances(model, now) {
    if (!model.lines.some((line) => now(line).plain)) return [];
    const value = (line) => (now(line).plain ? 100 * now(line).chance : null);
    return [{ key: "chance", title: G.t("Chance that gas flows"), number: true, unit: "%", value, text: (line) => G.number(value(line), 0) }];
  }

  function changes(model) {
    if (!model.compare) return [];
    const { unit, note, digits } = model.style("value");
    const plain = (line, now) => model.figure(line, "value", now, now.plain && now.plain.value);
    const other = (line) => plain(line, model.versus(line));
    const change = (line) => {
      const [a, b] = [other(line), plain(line, line.at(model.step))];
      return a === null || b === null ? null : b - a;
    };
    return [["other", G.t(model.compare.label), other], ["change", G.t("Change"), change]].map(([key, title, value]) => ({
      key, title, number: true, unit: `${unit} ${G.t(note)}`, value, text: (line) => G.number(value(line), digits),
    }));
  }

  /* Missing goes last whichever way is up. */
  function sorted(lines, column, down) {
    const order = (a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === y) return 0;
      if (x === null || x === "") return 1;
      if (y === null || y === "") return -1;
      const way = typeof x === "number" ? x - y : String(x).localeCompare(String(y));
      return down ? -way : way;
    };
    return [...lines].sort(order);
  }

  const rounded = (value) => String(Math.round(value * 1e6) / 1e6);

  /* Quoted where needed; a text that a spreadsheet would run as a formula is kept a text. */
  function quote(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return rounded(value);
    const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
    return /[",\n\r;]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  }

  function csv(model, lines, all) {
    const head = ["route", "period", ...all.map((c) => (c.unit ? `${c.title} (${c.unit})` : c.title))];
    const period = model.steps[model.step].id;
    const rows = lines.map((line) => [line.id, period, ...all.map((column) => column.value(line))]);
    return [head, ...rows].map((row) => row.map(quote).join(",")).join("\r\n") + "\r\n";
  }

  /* The table of the view, largest flow first. */
  G.csvOf = function (model) {
    const all = columns(model);
    const lines = model.lines.filter((line) => model.visible(line));
    return csv(model, sorted(lines, all.find((column) => column.key === "value") || all[0], true), all);
  };

  function head(column, order, sort) {
    const mine = order.key === column.key;
    return G.el("th", { scope: "col", "aria-sort": mine ? (order.down ? "descending" : "ascending") : null }, [
      G.el("button", { type: "button", "data-sort": column.key, on: { click: () => sort(column) } }, [
        G.el("span", { dir: "auto" }, column.title), column.unit ? G.el("small", {}, column.unit) : null,
      ]),
    ]);
  }

  function row(model, line, all) {
    return G.el("tr", { "data-id": line.id }, all.map((column) => {
      const text = column.text(line);
      if (column.key === "name") {
        return G.el("th", { scope: "row", dir: "auto" }, G.el("button", {
          type: "button", class: "gd-pick", on: { click: () => model.select(line) },
        }, text));
      }
      const value = column.number ? column.value(line) : null;
      return G.el("td", { class: column.number ? "gd-number" : null, "data-key": column.key, "data-value": value }, text);
    }));
  }

  function build(map, model) {
    const order = { key: "value", down: true };
    const caption = G.el("caption");
    const thead = G.el("thead");
    const tbody = G.el("tbody");
    const close = G.button("Close", "×", () => G.showTable(map, false), "gd-close");
    const copy = G.el("button", { type: "button", class: "gd-csv", t: "Copy as CSV" });
    const node = G.el("section", { class: "gd-table", hidden: true, role: "region", "t:aria-label": "Table of what the map shows" }, [
      G.el("div", { class: "gd-table-head" }, [G.el("h2", { tabindex: "-1", t: "Table of what the map shows" }), copy, close]),
      G.el("div", { class: "gd-scroll", tabindex: "0", role: "group", "t:aria-label": "Table of what the map shows" },
        G.el("table", {}, [caption, thead, tbody])),
    ]);
    const shown = () => model.lines.filter((line) => model.visible(line));
    function pick(all) {
      const column = all.find((item) => item.key === order.key) || all[0];
      return sorted(shown(), column, order.down);
    }
    function sort(column) {
      order.down = order.key === column.key ? !order.down : Boolean(column.number);
      order.key = column.key;
      draw();
      node.querySelector(`[data-sort="${column.key}"]`).focus();
    }
    function draw() {
      if (node.hidden) return;
      const all = columns(model);
      caption.textContent = `${G.words(model.steps[model.step].label)} · ${model.banner(model.data.as_of || "–")}`;
      thead.replaceChildren(G.el("tr", {}, all.map((column) => head(column, order, sort))));
      tbody.replaceChildren(...pick(all).map((line) => row(model, line, all)));
    }
    copy.addEventListener("click", async () => {
      const all = columns(model);
      const done = await G.copy(csv(model, pick(all), all), node);
      copy.textContent = G.t(done ? "Copied" : "Copy as CSV");
      setTimeout(() => (copy.textContent = G.t("Copy as CSV")), 1500);
    });
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      G.showTable(map, false);
    });
    return { node, draw };
  }

  G.showTable = function (map, on) {
    G.model(map).tableOpen = on;
    map.fire("gd:table");
  };

  G.table = function (map) {
    const model = G.model(map);
    const { node, draw } = build(map, model);
    let cause = null;
    let waiting = 0;
    map.getContainer().append(G.still(node));
    function show() {
      const open = Boolean(model.tableOpen);
      if (open === !node.hidden) return;
      node.hidden = !open;
      draw();
      if (open) {
        cause = document.activeElement;
        node.querySelector("h2").focus({ preventScroll: true });
      } else if (cause && cause.isConnected) cause.focus({ preventScroll: true });
    }
    // Once a frame is enough while the slider moves.
    const later = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(draw);
    };
    map.on("gd:table", show);
    map.on("gd:step gd:change", later);
    show();
  };
})();
