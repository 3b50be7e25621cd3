/* Switches of what is shown: calendar, unit, scenario, comparison, language; table, link, print. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const WIDE = 1240; // px, from here on the switches stand in the bar
  const MORE = 160; // px for the switch of scenarios

  const named = (items) => items.map((item) => [item.key, G.t(item.label)]);

  function unitName(unit) {
    return `${unit.unit} ${G.t(unit.note)}`;
  }

  function comparisons(model) {
    const steps = model.steps.map((step) => ["step:" + step.id, step.id]).reverse();
    const groups = [["", G.t("nothing")]];
    if (model.data.projection) {
      const scenarios = model.data.projection.scenarios;
      groups.push({ group: G.t("Scenario"), options: scenarios.map((item, i) => ["scenario:" + item.key, model.scenarioLabel(i)]) });
    }
    return groups.concat({ group: G.t(model.calendar.label), options: steps });
  }

  function switches(model) {
    const data = model.data;
    const made = [];
    const add = (choice, options, chosen, on) => on && made.push({ choice, options, chosen });
    add(G.choice("Period", "gd-calendar", (key) => model.setCalendar(key)),
      () => named(data.calendars), () => model.calendar.key, data.calendars.length > 1);
    add(G.choice("Unit", "gd-unit", (key) => model.setUnit(key)),
      () => data.units.map((unit) => [unit.key, unitName(unit)]), () => model.unit.key, data.units.length > 1);
    add(G.choice("Scenario", "gd-scenario", (key) => model.setScenario(key)),
      () => data.projection.scenarios.map((item, i) => [item.key, model.scenarioLabel(i)]),
      () => data.projection.scenarios[model.scenario].key, Boolean(data.projection));
    add(G.choice("Compare with", "gd-compare", (text) => model.setCompare(text)),
      () => comparisons(model), () => (model.compare ? model.compare.text : ""), true);
    add(G.choice("Language", "gd-language", (name) => model.setLanguage(name)),
      () => Object.entries(G.book().languages), () => G.language(), true);
    return made;
  }

  function actions(map, model) {
    const button = (label, action) => G.el("button", { type: "button", t: label, on: { click: action } });
    const made = [button("Print", () => window.print())];
    if (G.showTable) {
      const table = button("Table", () => G.showTable(map, !model.tableOpen));
      table.setAttribute("aria-expanded", "false");
      map.on("gd:table", () => table.setAttribute("aria-expanded", String(Boolean(model.tableOpen))));
      made.unshift(table);
    }
    if (/^(file|https?):$/.test(location.protocol)) {
      const link = button("Copy link", async () => {
        const done = await G.copy(G.address(model), link.parentNode);
        link.textContent = G.t(done ? "Copied" : "Copy link");
        setTimeout(() => (link.textContent = G.t("Copy link")), 1500);
      });
      made.push(link);
    }
    return G.el("div", { class: "gd-actions" }, made);
  }

  /* On a wide map open in the bar, on a phone a sheet above it. */
  G.tools = function (map) {
    const model = G.model(map);
    const made = switches(model);
    const node = G.el("details", { class: "gd-tools" }, [
      G.el("summary", { "t:aria-label": "View", "t:title": "View" }, G.el("span", { "aria-hidden": "true" }, "☰")),
      G.el("div", { class: "gd-sheet" }, [...made.map((item) => item.choice.node), actions(map, model)]),
    ]);
    const offer = () => made.forEach((item) => item.choice.offer(item.options(), item.chosen()));
    let wide = null;
    const fold = (size) => {
      const now = size >= WIDE + (model.data.projection ? MORE : 0);
      if (now !== wide) node.open = wide = now;
      node.classList.toggle("gd-inline", now);
    };
    node.addEventListener("toggle", () => {
      const bar = node.closest(".gd-time");
      if (bar) bar.classList.toggle("gd-raised", node.open && !wide);
    });
    new ResizeObserver(([entry]) => fold(entry.contentRect.width)).observe(map.getContainer());
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || wide || !node.open) return;
      event.stopPropagation();
      node.open = false;
      node.querySelector("summary").focus();
    });
    map.on("gd:change", offer);
    fold(map.getSize().x);
    offer();
    return node;
  };
})();
