// @ts-check
/* What the world map says of a project: its panel, and the legend with a box for each status. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  const statusOf = (state, project) =>
    state.table.statuses[project] || state.statuses[state.table.groups[project]].label;

  function rows(state, project) {
    const table = state.table;
    const facts = Object.entries(table.facts).map(([label, values]) => [label, values[project]]);
    const km = table.km[project];
    facts.push(["Length drawn", km === null ? "no line drawn" : G.number(km, 0) + " km"]);
    facts.push(["Remark", table.notes[project]]);
    return facts.filter(([, text]) => text);
  }

  function panel(map, state, choose) {
    const heading = G.el("h2", { tabindex: "-1", dir: "auto" });
    const code = G.el("p", { class: "gd-names" });
    const body = G.el("div", { class: "gd-panel-body" });
    const close = G.el("button", { type: "button", class: "gd-close", "aria-label": "Close" }, "×");
    const node = G.el("section", { class: "gd-panel gw-panel", "aria-label": "Pipeline", hidden: true }, [
      G.el("div", { class: "gd-panel-head" }, [G.el("div", {}, [heading, code]), close]), body,
    ]);
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    map.getContainer().append(node);
    close.addEventListener("click", () => choose(-1));
    node.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") choose(-1);
    });
    return function (project, focus) {
      const had = node.contains(document.activeElement);
      node.hidden = project < 0;
      map.getContainer().classList.toggle("gd-with-panel", project >= 0);
      if (project < 0) {
        if (had) map.getContainer().focus();
        return;
      }
      heading.replaceChildren(state.table.names[project]);
      code.replaceChildren(state.table.ids[project]);
      body.replaceChildren(...details(state, project));
      if (focus) heading.focus();
    };
  }

  function details(state, project) {
    const status = state.statuses[state.table.groups[project]];
    const url = state.table.urls[project];
    const list = rows(state, project).map(([label, text]) =>
      G.el("div", {}, [G.el("dt", {}, label), G.el("dd", { dir: "auto" }, text)]));
    return [
      G.el("p", { class: "gd-chips" }, [
        G.el("span", { class: "gd-chip gw-chip gw-" + status.key }, statusOf(state, project)),
      ]),
      G.el("dl", { class: "gd-facts" }, list),
      url ? G.el("p", { class: "gd-remark" }, G.link("Page of the project", url)) : null,
    ].filter(Boolean);
  }

  function sample(status) {
    return G.svg("svg", { width: 34, height: 10, "aria-hidden": "true", class: "gw-" + status.key },
      G.svg("line", { x1: 2, x2: 32, y1: 5, y2: 5, class: "gw-sample",
        "stroke-dasharray": status.dash.join(" ") || null }));
  }

  function legend(map, state, lines) {
    const used = state.statuses.filter((status) => status.count);
    const boxes = used.map((status) => {
      const box = G.el("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        status.hidden = !box.checked;
        lines.paint();
      });
      return G.el("li", {}, G.el("label", {}, [
        box, sample(status), G.el("span", {}, status.label), G.el("small", {}, G.number(status.count, 0)),
      ]));
    });
    const about = G.el("p", { class: "gd-soft" },
      "Projects by status, with and without a drawn line. Width has no meaning here.");
    G.card(map, "bottomleft", "Status", "gd-legend gw-legend", [G.el("ul", {}, boxes), about], true);
  }

  Object.assign(G, { worldStatus: statusOf, worldPanel: panel, worldLegend: legend });
})();
