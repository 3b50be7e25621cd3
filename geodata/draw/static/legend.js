// @ts-check
/* What the drawing means: colours, dashes, widths, marks, date, unit and basis; what is shown. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const FIRST = 9; // entries that are seen at once
  let order = null; // made when the first list is opened: it costs a twentieth of the page's opening

  function sample(children) {
    return G.svg("svg", { viewBox: "0 0 44 16", width: 44, height: 16, "aria-hidden": "true" }, children);
  }

  function stroke(className, width, dash, cap) {
    return G.svg("path", {
      d: "M3 8 H41", class: className, "stroke-width": width, "stroke-dasharray": dash || null,
      "stroke-linecap": cap || "butt",
    });
  }

  function row(picture, text, words) {
    return G.el("li", {}, [picture, G.el("span", words ? {} : { t: text }, words ? text : [])]);
  }

  function states(data) {
    const used = new Set();
    for (const line of data.lines) (line.state ? line.state.v : []).forEach((s) => used.add(s));
    return data.states.filter((state, i) => used.has(i)).map((state) => {
      const name = " gd-s-" + state.key;
      const lines = {
        solid: [stroke("gd-casing" + name, 9), stroke("gd-core" + name, 4.5)],
        hollow: [stroke("gd-casing gd-tube" + name, 3), stroke("gd-core gd-hollow" + name, 1.4)],
        hatched: [stroke("gd-core gd-dots" + name, 1.2, "0.1 3.2", "round")],
        faint: [stroke("gd-core gd-faint" + name, 1, "0.1 4", "round")],
      }[state.style];
      return row(sample(lines), state.label);
    });
  }

  function widths(data) {
    return data.scale.legend.map((value) =>
      row(sample([stroke("gd-core gd-s-" + data.states[0].key, value * data.scale.px)]),
        [`${value} `, G.el("span", { t: data.scale.unit }), " ", G.el("span", { t: data.scale.note })], true));
  }

  const PICTURES = {
    arrow: (name) => G.svg("svg", { viewBox: "-22 -8 44 16", width: 44, height: 16, "aria-hidden": "true" },
      G.svg("path", { d: "M-5 -5 L6 0 L-5 5 L-2.4 0 Z", class: "gd-legend-arrow" + name })),
    casing: (name) => sample([stroke("gd-casing" + name, 12), stroke("gd-core" + name, 5)]),
    over: () => G.el("span", { class: "gd-over gd-sample" }, G.el("span", {}, "104 %")),
    event: () => G.el("span", { class: "gd-event gd-sample" }, G.el("span", {})),
    ahead: (name) => sample([stroke("gd-casing" + name, 9), stroke("gd-core gd-ahead" + name, 6, "2.5 1.5")]),
    part: (name) => sample([stroke("gd-core" + name, 5, "7 2")]),
    chance: () => sample([stroke("gd-core gd-chance-2 gd-s-proposed", 6, "4 4")]),
    stale: () => sample([stroke("gd-casing gd-grey", 7), stroke("gd-core gd-grey", 5)]),
    border: () => sample([stroke("gd-border", 1.4)]),
    contested: () => sample([stroke("gd-border", 1.4, "3 4")]),
  };

  const marks = (data, rows) =>
    rows.map(([kind, text]) => row(PICTURES[kind](" gd-s-" + data.states[0].key), text));

  function courses(data) {
    const name = " gd-s-" + data.states[0].key;
    const used = new Set(data.lines.map((line) => line.texture || 0));
    return data.textures.filter((texture, i) => used.has(i)).map((texture) =>
      row(sample([stroke("gd-casing" + name, 12, texture.dash), stroke("gd-core" + name, 3)]), texture.label));
  }

  /* Beside another period or scenario the colours say the change, and the width how large it is. */
  function change(data, label) {
    const wide = data.scale.legend[1] || data.scale.legend[0];
    const told = (name, text) => row(sample([stroke(`gd-core ${name}`, wide * data.scale.px)]), G.t(text, { label: G.t(label) }), true);
    return [G.el("h2", {}, G.t("Change against {label}", { label: G.t(label) })), G.el("ul", {}, [
      told("gd-more-gas", "More gas"), told("gd-less-gas", "Less gas"),
      row(sample([stroke("gd-core gd-same", 1.4)]), G.t("As much"), true),
      row(sample([stroke("gd-core gd-more-gas", wide * data.scale.px)]), `${wide} ${G.t(data.scale.unit)} ${G.t(data.scale.note)}`, true),
    ])];
  }

  function block(title, rows) {
    return G.el("section", {}, [G.el("h2", { t: title }), G.el("ul", {}, rows)]);
  }

  G.legend = function (map, options) {
    const data = G.model(map).data;
    const dashes = data.dashes.filter((dash) => dash.label).map((dash) =>
      row(sample([stroke("gd-ink", 2.4, dash.dash, dash.cap)]), dash.label));
    const all = states(data);
    const most = FIRST - 1;
    const rest = G.el("details", { class: "gd-rest" }, [
      G.el("summary", { t: "More of the legend" }),
      all.length > most ? block(options.states, all.slice(most)) : "",
      block(options.dashes, dashes),
      block(options.widths, widths(data).concat(marks(data, data.legend))),
      block("Casing: how well the course is known", courses(data)),
      options.borders.length ? block("Borders", marks(data, options.borders)) : "",
      ...options.about.map((text) => G.el("p", { class: "gd-soft", t: text })),
    ]);
    // What a reader needs in the first ten seconds: what the colours say, and how wide a flow is.
    const first = all.slice(0, most).concat(widths(data).slice(1, 2));
    const [looks, beside] = [block(options.states, first), G.el("section", { hidden: true })];
    G.card(map, "bottomleft", options.title, "gd-legend", [beside, looks, rest], true);
    const model = G.model(map);
    map.on("gd:ready gd:step gd:change", () => {
      const other = model.swipes ? null : model.compare;
      G.set(looks, { hidden: Boolean(other) });
      G.set(beside, { hidden: !other });
      if (other) beside.replaceChildren(...change(data, other.label));
    });
  };

  function box(text, count, on, change) {
    const input = G.el("input", { type: "checkbox", checked: on });
    input.addEventListener("change", () => change(input.checked));
    const node = G.el("label", {}, [input, G.el("span", { t: text }), count === null ? null : G.el("small", {}, count)]);
    return { node: node, set: (value) => (input.checked = value) };
  }

  function counts(model, key) {
    const found = new Map();
    for (const line of model.lines) {
      for (const value of [].concat(line.data.groups[key] === undefined ? [] : line.data.groups[key])) {
        found.set(value, (found.get(value) || 0) + 1);
      }
    }
    return found;
  }

  /* A checkbox for every value of a group. */
  function boxes(map, model, { key, title, labels }) {
    const found = counts(model, key);
    const made = Object.entries(labels).filter(([value]) => found.has(value)).map(([value, text]) => {
      const one = box(text, found.get(value), true, (on) => model.toggle(key, value, on));
      const set = () => one.set(!model.hidden.has(key + "\n" + value));
      map.on("gd:change", set);
      set();
      return one.node;
    });
    return G.el("fieldset", {}, [G.el("legend", { t: title }), ...made]);
  }

  /* A select for a group with many values. */
  function picker(map, model, { key, title, labels }) {
    const found = [...counts(model, key)].filter(([value]) => value);
    if (!found.length) return null;
    const name = (value) => G.t(Object.hasOwn(labels, value) ? labels[value] : value);
    const choice = G.choice(title, "gd-filter", (value) => model.filter(key, value));
    const offer = () => {
      order ??= new Intl.Collator(); // localeCompare makes one a call
      const all = found.map(([value, n]) => [value, `${name(value)} (${n})`]).sort((a, b) => order.compare(a[1], b[1]));
      choice.offer([["", G.t("all")], ...all], model.filters.get(key) || "");
    };
    map.on("gd:change", offer);
    offer();
    return choice.node;
  }

  /* How many lines are left, and the way back. */
  function left(map, model) {
    const text = G.el("span", { role: "status" });
    const all = G.el("button", { type: "button", t: "Show all" });
    const node = G.el("p", { class: "gd-left", hidden: true }, [text, " ", all]);
    all.addEventListener("click", () => {
      model.hidden.clear();
      model.filters.clear();
      model.refilter();
    });
    const count = () => {
      const shown = model.lines.filter((line) => model.visible(line)).length;
      node.hidden = shown === model.lines.length;
      text.textContent = shown
        ? G.t("{shown} of {all} lines", { shown: shown, all: model.lines.length })
        : G.t("No line matches the filters.");
    };
    map.on("gd:change", count);
    count();
    return node;
  }

  /* The card is folded at first; what it holds is made when it is opened. */
  G.layers = function (map, options) {
    const node = G.card(map, "topright", options.title, "gd-layers", [], false);
    let made = false;
    const make = () => {
      if (!made) node.querySelector(".gd-body").append(...filters(map, options));
      made = true;
    };
    node.querySelector("summary").addEventListener("click", make); // before it opens, so that it is never seen empty
    node.addEventListener("toggle", make);
  };

  function filters(map, options) {
    const model = G.model(map);
    const groups = options.groups.filter((item) => !item.pick).map((item) => boxes(map, model, item));
    const pickers = options.groups.filter((item) => item.pick).map((item) => picker(map, model, item)).filter(Boolean);
    const places = G.places(map, options);
    const layer = (made, on) => (on ? made.addTo(map) : made.remove());
    const rest = [
      places ? box(options.places_label, options.places.length, false, (on) => layer(places, on)) : null,
      box(options.events_label, null, true, (on) => {
        model.quiet = !on;
        model.draw();
      }),
      map.geodrawNames ? box(options.names_label, null, true, (on) => layer(map.geodrawNames, on)) : null,
    ].filter(Boolean).map((one) => one.node);
    const only = pickers.length ? [G.el("fieldset", {}, [G.el("legend", { t: "Only" }), ...pickers])] : [];
    return [left(map, model), ...only, ...groups, G.el("fieldset", {}, [G.el("legend", { t: options.rest }), ...rest])];
  }

  /* Named places as small rings with their name on hover; off until asked for, the lines come first. */
  G.places = function (map, options) {
    if (!(options.places || []).length) options.places = map.geodrawPlaces; // the search holds the same
    if (!options.places || !options.places.length) return null;
    map.createPane("gd-places").style.zIndex = 445;
    const renderer = L.svg({ pane: "gd-places", padding: 0.5 });
    const rings = options.places.map((item) => {
      const ring = L.circleMarker([item.lat, item.lon], {
        renderer: renderer, pane: "gd-places", radius: 2.7, className: "gd-place", bubblingMouseEvents: false,
      });
      const text = () => G.el("div", {}, [
        G.el("strong", {}, G.told(item.name, item.names)), G.el("div", { class: "gd-soft" }, G.t(item.about || "")),
      ]);
      return ring.bindTooltip(text, { className: "gd-tip", opacity: 1, direction: "top" });
    });
    return L.layerGroup(rings);
  };
})();
