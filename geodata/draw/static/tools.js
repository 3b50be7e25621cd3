// @ts-check
/* Switches of what is shown: calendar, unit, scenario, comparison, language; table, link, print. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const WIDE = 1240; // px, from here on the switches stand in the bar
  const MORE = 160; // px for the switch of scenarios

  const named = (items) => items.map((item) => [item.key, G.t(item.label)]);

  function unitName(unit) {
    return `${G.t(unit.unit)} ${G.t(unit.note)}`;
  }

  /* All scenarios, each under the question of the tree that it answers. */
  function scenarios(model, kind) {
    const [alone, groups] = [[], new Map()];
    model.data.projection.scenarios.forEach(({ key }, i) => {
      const question = model.question(key);
      if (question && !groups.has(question)) groups.set(question, []);
      (question ? groups.get(question) : alone).push([kind + key, model.scenarioLabel(i)]);
    });
    return { alone, asked: [...groups].map(([question, options]) => ({ group: G.t(question.text), options })) };
  }

  function comparisons(model) {
    const steps = model.steps.map((step) => ["step:" + step.id, step.id]).reverse();
    /** @type {Array<any>} */
    const groups = [["", G.t("nothing")]];
    if (model.data.projection) {
      const { alone, asked } = scenarios(model, "scenario:");
      groups.push({ group: G.t("Scenario"), options: alone }, ...asked);
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
      () => Object.values(scenarios(model, "")).flat(),
      () => data.projection.scenarios[model.scenario].key, Boolean(data.projection));
    add(G.choice("Compare with", "gd-compare", (text) => model.setCompare(text)),
      () => comparisons(model), () => (model.compare ? model.compare.text : ""), true);
    const swipe = G.el("button", { type: "button", class: "gd-swiper", t: "Swipe", "aria-pressed": "false", hidden: true, on: { click: () => model.setSwipe(!model.swipes) } });
    model.map.on("gd:change gd:ready", () => {
      swipe.hidden = !model.compare || !model.swiper;
      swipe.setAttribute("aria-pressed", String(Boolean(model.swipes)));
    });
    made.push({ choice: { node: swipe, offer() {} }, options() {}, chosen() {} });
    add(G.choice("Language", "gd-language", (name) => model.setLanguage(name)),
      () => Object.entries(G.book().languages), () => G.language(), true);
    return made;
  }

  function actions(map, model) {
    const made = [menu(map, model)];
    if (G.showTable) {
      const table = G.el("button", { type: "button", t: "Table", "aria-expanded": "false", on: { click: () => G.showTable(map, !model.tableOpen) } });
      map.on("gd:table", () => table.setAttribute("aria-expanded", String(Boolean(model.tableOpen))));
      made.unshift(table);
    }
    return G.el("div", { class: "gd-actions" }, made);
  }

  /* A button that copies and says so for a moment. */
  function copier(list, label, read) {
    const button = G.el("button", { type: "button", t: label });
    button.addEventListener("click", async () => {
      const done = await G.copy(read(), list);
      button.textContent = G.t(done ? "Copied" : label);
      setTimeout(() => (button.textContent = G.t(label)), 1500);
    });
    return button;
  }

  /* Link, frame, print and downloads, folded behind one button. */
  function menu(map, model) {
    const node = G.el("details", { class: "gd-take" }, [G.el("summary", { t: "Share" })]);
    const list = G.el("div", { class: "gd-card", role: "group", "t:aria-label": "Share" });
    const add = (label, action) => list.append(G.el("button", { type: "button", t: label, on: { click: action } }));
    if (/^(file|https?):$/.test(location.protocol)) list.append(copier(list, "Copy link", () => G.address(model)));
    if (location.protocol.startsWith("http")) list.append(copier(list, "Code to embed", () => G.embedCode(model)));
    for (const [label, action] of G.takeAway(map)) add(label, action);
    add("Print", () => window.print());
    node.append(list);
    const close = () => (node.open = false);
    node.addEventListener("toggle", () => node.closest(".gd-time").classList.toggle("gd-shares", node.open));
    map.on("click movestart", close);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !node.open) return;
      event.stopPropagation();
      close();
      node.querySelector("summary").focus();
    });
    return node;
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
