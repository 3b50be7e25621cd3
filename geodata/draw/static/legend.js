/* What the drawing means: colours, dashes, widths, marks, date, unit and basis; what is shown. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  function sample(children) {
    return G.svg("svg", { viewBox: "0 0 44 16", width: 44, height: 16, "aria-hidden": "true" }, children);
  }

  function stroke(className, width, dash, cap) {
    return G.svg("path", {
      d: "M3 8 H41", class: className, "stroke-width": width, "stroke-dasharray": dash || null,
      "stroke-linecap": cap || "butt",
    });
  }

  function row(picture, text) {
    return G.el("li", {}, [picture, G.el("span", {}, text)]);
  }

  function states(data) {
    const used = new Set();
    for (const line of data.lines) (line.state ? line.state.v : []).forEach((s) => used.add(s));
    return data.states.filter((state, i) => used.has(i)).map((state) => {
      const name = " gd-s-" + state.key;
      const lines = {
        solid: [stroke("gd-casing" + name, 9), stroke("gd-core" + name, 4.5)],
        hollow: [stroke("gd-casing gd-tube" + name, 8), stroke("gd-core gd-hollow" + name, 5.5)],
        hatched: [stroke("gd-casing gd-ticks-across" + name, 8, "1 5"), stroke("gd-core gd-dots" + name, 1.2)],
        faint: [stroke("gd-core gd-faint" + name, 1, "0.1 4", "round")],
      }[state.style];
      return row(sample(lines), state.label);
    });
  }

  function widths(data) {
    return data.scale.legend.map((value) =>
      row(sample([stroke("gd-core gd-s-" + data.states[0].key, value * data.scale.px)]),
        `${value} ${data.scale.unit}`));
  }

  function marks(data) {
    const arrow = G.svg("svg", { viewBox: "-22 -8 44 16", width: 44, height: 16, "aria-hidden": "true" },
      G.svg("path", { d: "M-5 -5 L6 0 L-5 5 L-2.4 0 Z", class: "gd-legend-arrow gd-s-" + data.states[0].key }));
    const casing = sample([
      stroke("gd-casing gd-s-" + data.states[0].key, 12),
      stroke("gd-core gd-s-" + data.states[0].key, 5),
    ]);
    const over = G.el("span", { class: "gd-over gd-sample" }, G.el("span", {}, "104 %"));
    const ring = G.el("span", { class: "gd-event gd-sample" }, G.el("span", {}));
    return data.legend.map(([kind, text]) =>
      row({ arrow: arrow, casing: casing, over: over, event: ring }[kind].cloneNode(true), text));
  }

  function block(title, rows) {
    return G.el("section", {}, [G.el("h2", {}, title), G.el("ul", {}, rows)]);
  }

  G.legend = function (map, options) {
    const data = G.model(map).data;
    const dashes = data.dashes.filter((dash) => dash.label).map((dash) =>
      row(sample([stroke("gd-ink", 2.4, dash.dash, dash.cap)]), dash.label));
    G.card(map, "bottomleft", options.title, "gd-legend", [
      block(options.states, states(data)),
      block(options.dashes, dashes),
      block(options.widths, widths(data).concat(marks(data))),
      G.el("p", { class: "gd-soft" }, options.about),
    ], true);
  };

  function box(text, count, on, change) {
    const input = G.el("input", { type: "checkbox", checked: on });
    input.addEventListener("change", () => change(input.checked));
    return G.el("label", {}, [input, G.el("span", {}, text), count === null ? null : G.el("small", {}, count)]);
  }

  function group(model, key, labels) {
    const counts = new Map();
    for (const line of model.lines) {
      const value = line.data.groups[key];
      counts.set(value, (counts.get(value) || 0) + 1);
    }
    return Object.entries(labels).filter(([value]) => counts.has(value)).map(([value, text]) =>
      box(text, counts.get(value), !model.hidden.has(key + "\n" + value),
        (on) => model.toggle(key, value, on)));
  }

  G.layers = function (map, options) {
    const model = G.model(map);
    const groups = options.groups.map((item) =>
      G.el("fieldset", {}, [G.el("legend", {}, item.title), ...group(model, item.key, item.labels)]));
    const places = G.places(map, options);
    const layer = (made, on) => (on ? made.addTo(map) : made.remove());
    const rest = [
      places ? box(options.places_label, options.places.length, false, (on) => layer(places, on)) : null,
      box(options.events_label, null, true, (on) => {
        model.quiet = !on;
        model.draw();
      }),
      map.geodrawNames ? box(options.names_label, null, true, (on) => layer(map.geodrawNames, on)) : null,
    ].filter(Boolean);
    G.card(map, "topright", options.title, "gd-layers", [
      ...groups, G.el("fieldset", {}, [G.el("legend", {}, options.rest), ...rest]),
    ], false);
  };

  /* Named places as small rings with their name on hover; off until asked for, the lines come first. */
  G.places = function (map, options) {
    if (!options.places || !options.places.length) return null;
    map.createPane("gd-places").style.zIndex = 445;
    const renderer = L.svg({ pane: "gd-places", padding: 0.5 });
    const rings = options.places.map((item) => {
      const ring = L.circleMarker([item.lat, item.lon], {
        renderer: renderer, pane: "gd-places", radius: 2.7, className: "gd-place", bubblingMouseEvents: false,
      });
      const text = G.el("div", {}, [
        G.el("strong", {}, item.name), G.el("div", { class: "gd-soft" }, item.about || ""),
      ]);
      return ring.bindTooltip(text, { className: "gd-tip", opacity: 1, direction: "top" });
    });
    return L.layerGroup(rings);
  };
})();
