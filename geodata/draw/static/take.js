// @ts-check
/* What a reader takes away: the view as a picture with title and source, its figures as CSV and GeoJSON,
   and the code that shows it on another page. Pictures are drawn anew from what the map shows, so that
   they hold lines and words and no controls. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const HEAD = 64; // px above the map for title and period
  const ROW = 15; // px, a line of small print
  const LEAD = 21; // px, a line of the headline
  const AROUND = 36; // px of land about the lines
  const SMALL = { x: 640, y: 420 }; // px, the smallest map of a picture
  const SHARP = 2; // pixels of a PNG a px of the screen
  // That of the page, for words keep the width they were placed with.
  const FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif";

  const text = (x, y, words, more) => G.svg("text", { x, y, "font-family": FONT, ...more }, words);

  /* A path as it looks, without the style sheet. */
  function bare(path) {
    const style = getComputedStyle(path);
    const d = path.getAttribute("d");
    if (!d || d === "M0 0" || style.display === "none") return null;
    const own = (name) => (style[name] && style[name] !== "none" ? style[name] : null);
    const weight = parseFloat(path.getAttribute("stroke-width") || style.strokeWidth);
    return G.svg("path", {
      d, fill: own("fill") || "none", "fill-rule": "evenodd", stroke: own("stroke"), "stroke-width": weight || null,
      "stroke-opacity": style.strokeOpacity === "1" ? null : style.strokeOpacity,
      "stroke-dasharray": path.getAttribute("stroke-dasharray"), "stroke-linecap": path.getAttribute("stroke-linecap"),
      "stroke-linejoin": "round", "data-route": path.dataset.id || null,
    });
  }

  /* Land and lines keep their order; their points count from the corner of Leaflet's own pane. */
  function ground(model) {
    const { map } = model;
    const { x, y } = map.containerPointToLayerPoint([0, 0]);
    const panes = ["gd-land", "gd-casing", "gd-core"].map((name) => map.getPane(name)).filter(Boolean);
    const paths = panes.flatMap((pane) => [...pane.querySelectorAll("path")]).map(bare).filter(Boolean);
    return G.svg("g", { transform: `translate(${-x} ${-y})` }, [...paths, ...arrows(model)]);
  }

  function arrows(model) {
    return model.lines.filter((line) => line.flows(line.now(model.step))).flatMap((line) => line.anchors.map((anchor, i) => {
      const now = line.now(model.step);
      const { x, y, angle, size } = line.arrow(anchor, now, line.arrowLook(now));
      const node = line.arrows[i].node && line.arrows[i].node.querySelector("path");
      if (!node) return null;
      const at = model.map.latLngToLayerPoint(anchor.place);
      const { fill, stroke, strokeWidth } = getComputedStyle(node);
      return G.svg("path", {
        d: G.ARROW, fill, stroke, "stroke-width": strokeWidth, "paint-order": "stroke",
        transform: `translate(${at.x + x} ${at.y + y}) rotate(${angle}) scale(${size / 12})`,
      });
    })).filter(Boolean);
  }

  /* Words on the map where they stand: names and figures of lines, countries, badges. */
  function words(model) {
    const box = model.map.getContainer();
    const outer = box.getBoundingClientRect();
    const nodes = box.querySelectorAll(".gd-label > *, .gd-city, .gd-country span:not(.gd-under), .gd-over span, .gd-dated span");
    return [...nodes].filter((node) => node.offsetParent && node.textContent).map((node) => {
      const style = getComputedStyle(node);
      const rect = node.getBoundingClientRect();
      const size = parseFloat(style.fontSize);
      const upper = style.textTransform === "uppercase";
      return text(rect.left - outer.left + (parseFloat(style.paddingLeft) || 0), rect.top - outer.top + rect.height / 2 + size * 0.35,
        upper ? node.textContent.toUpperCase() : node.textContent, {
          "font-size": size, "font-weight": style.fontWeight, fill: style.color, "letter-spacing": style.letterSpacing === "normal" ? null : style.letterSpacing,
          stroke: getComputedStyle(box).getPropertyValue("--gd-halo").trim(), "stroke-width": 2.5, "stroke-linejoin": "round", "paint-order": "stroke",
        });
    });
  }

  const CHANGES = [["gd-more-gas", "More gas"], ["gd-less-gas", "Less gas"], ["gd-same", "As much"]];

  /* What the colours of the lines in view say: states, or the change where two periods are compared. */
  function key(model, wide) {
    const states = [...new Set(model.lines.filter((line) => line.shown).map((line) => line.now(model.step).state))];
    const seen = model.compare && !model.swipes ? CHANGES : states.map((state) => [`gd-s-${state.key}`, state.label]);
    const box = model.map.getContainer();
    let x = 12;
    let y = ROW;
    const rows = seen.map(([look, name]) => {
      const probe = box.appendChild(G.svg("svg", { class: "gd-probe" }, G.svg("path", { class: `gd-core ${look}` })));
      const colour = getComputedStyle(probe.firstChild).stroke;
      const label = G.t(name);
      probe.remove();
      const long = 34 + measure(label);
      if (x + long > wide - 12) [x, y] = [12, y + ROW + 2];
      const made = [G.svg("path", { d: `M${x} ${y - 4} h20`, stroke: colour, "stroke-width": 4 }), text(x + 25, y, label, { "font-size": 11.5, fill: "currentColor" })];
      x += long + 10;
      return made;
    });
    return { nodes: rows.flat(), high: y + 6 };
  }

  let pen = null;
  function measure(words, font = "11.5px") {
    pen = pen || G.el("canvas").getContext("2d");
    pen.font = `${font} ${FONT}`;
    return pen.measureText(words).width;
  }

  /* Break a text into lines that fit; where there are no spaces, at any sign. */
  function folded(words, wide, font) {
    const lines = [""];
    for (const part of words.split(/(?<= )|(?<=[\u3000-\u9fff])/)) {
      if (measure(lines[lines.length - 1] + part, font) > wide) lines.push("");
      lines[lines.length - 1] += part;
    }
    return lines.filter((line) => line.trim());
  }

  /* Where it comes from: attribution, date, and the address where there is one. */
  function source(model) {
    const own = location.protocol.startsWith("http") ? location.href.split(/[?#]/)[0] : "";
    const credit = model.map.attributionControl ? model.map.attributionControl.getContainer().textContent : model.data.attribution.join(" · ");
    return [G.t(document.title), `${G.t("As of")} ${model.data.as_of || "–"}`, credit, own].filter(Boolean).join(" · ");
  }

  function headline(model) {
    const said = model.map.getContainer().querySelector(".gd-headline");
    return (said && said.textContent) || G.t(document.title);
  }

  /* The part of the window that holds lines and their words, with some land about it. */
  function crop(model) {
    const { map } = model;
    const size = map.getSize();
    const outer = map.getContainer().getBoundingClientRect();
    const places = model.lines.filter((line) => line.shown && line.data.frame !== false).flatMap((line) => line.parts.flat());
    const points = places.map((place) => map.latLngToContainerPoint(place));
    for (const node of map.getContainer().querySelectorAll(".gd-label")) {
      const rect = node.getBoundingClientRect();
      points.push(L.point(rect.left - outer.left, rect.top - outer.top), L.point(rect.right - outer.left, rect.bottom - outer.top));
    }
    if (!points.length) return L.bounds([[0, 0], [size.x, size.y]]);
    const found = L.bounds(points);
    const edge = (low, high, whole, least) => {
      const lack = Math.max(AROUND, (least - (high - low)) / 2);
      return [Math.max(0, Math.floor(low - lack)), Math.min(whole, Math.ceil(high + lack))];
    };
    const [left, right] = edge(found.min.x, found.max.x, size.x, SMALL.x);
    const [top, bottom] = edge(found.min.y, found.max.y, size.y, SMALL.y);
    return right - left > 60 && bottom - top > 60 ? L.bounds([[left, top], [right, bottom]]) : L.bounds([[0, 0], [size.x, size.y]]);
  }

  /* The view as one SVG: title, period and unit above, key and source below. */
  G.picture = function (model) {
    const cut = crop(model);
    const { x: wide, y: high } = cut.getSize();
    const style = getComputedStyle(model.map.getContainer());
    const colour = (name) => style.getPropertyValue(name).trim();
    const under = key(model, wide);
    const small = folded(source(model), wide - 24);
    const told = folded(headline(model), wide - 24, "650 17px");
    const about = folded(`${G.words(model.steps[model.step].label)} · ${model.banner(model.data.as_of || "–")}`, wide - 24, "13px");
    const below = 48 + (told.length - 1) * LEAD;
    const head = HEAD + (told.length - 1) * LEAD + (about.length - 1) * ROW;
    const whole = head + high + under.high + small.length * ROW + 8;
    const ink = { fill: colour("--gd-ink") };
    return G.svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${wide} ${whole}`, width: wide, height: whole, style: `color: ${colour("--gd-ink")}` }, [
      G.svg("title", {}, `${document.title}: ${model.steps[model.step].id}`),
      G.svg("desc", {}, source(model)),
      G.svg("rect", { width: wide, height: whole, fill: colour("--gd-card") }),
      ...told.map((line, i) => text(12, 26 + i * LEAD, line, { "font-size": 17, "font-weight": 650, ...ink })),
      ...about.map((line, i) => text(12, below + i * ROW, line, { "font-size": 13, fill: colour("--gd-soft") })),
      G.svg("svg", { x: 0, y: head, width: wide, height: high, viewBox: `${cut.min.x} ${cut.min.y} ${wide} ${high}`, overflow: "hidden" }, [
        G.svg("rect", { x: cut.min.x, y: cut.min.y, width: wide, height: high, fill: colour("--gd-sea") }), ground(model), ...words(model),
      ]),
      G.svg("g", { transform: `translate(0 ${head + high})` }, [
        ...under.nodes,
        ...small.map((line, i) => text(12, under.high + (i + 1) * ROW - 3, line, { "font-size": 11, fill: colour("--gd-soft") })),
      ]),
    ]);
  };

  const written = (model) => new XMLSerializer().serializeToString(G.picture(model));

  /* The same as a PNG, drawn by the browser from the SVG. */
  async function pixels(model) {
    const root = written(model);
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(root);
    await image.decode();
    const canvas = G.el("canvas", { width: image.naturalWidth * SHARP, height: image.naturalHeight * SHARP });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((end) => canvas.toBlob(end, "image/png"));
  }

  /* Of a line to come: the chance that gas flows, and what flows if it does. */
  function supposed(now, of) {
    const [low, high] = now.bounds.value.map((edge) => of("value", edge));
    return { chance: now.chance, flow_if_flowing: of("value"), flow_if_flowing_p10: low, flow_if_flowing_p90: high };
  }

  /* What the map shows of each line, as features with their qualifiers (RFC 7946). */
  G.features = function (model) {
    const step = model.steps[model.step];
    const { unit, note, digits } = model.unit;
    const round = (value) => (value === null ? null : Number(value.toFixed(digits + 1)));
    const feature = (line) => {
      const now = line.at(model.step);
      const of = (key, raw) => round(model.figure(line, key, now, raw));
      const { value, bounds } = now.plain || now;
      const edges = bounds.value;
      const lines = line.parts.map((part) => part.map(([lat, lon]) => [Number(lon.toFixed(3)), Number(lat.toFixed(3))]));
      const names = Object.fromEntries(line.data.names.map(([language, name]) => [`name_${language}`, name]));
      return {
        type: "Feature", id: line.id,
        geometry: !lines.length ? null : lines.length === 1 ? { type: "LineString", coordinates: lines[0] } : { type: "MultiLineString", coordinates: lines },
        properties: {
          route: line.id, name: line.data.name, ...names, period: step.id, state: now.state.key,
          flow: of("value", value), flow_p10: edges ? of("value", edges[0]) : null, flow_p90: edges ? of("value", edges[1]) : null,
          ...(now.plain ? supposed(now, of) : {}),
          unit: `${unit} ${note}`.trim(), status: now.value === null ? null : now.grade, covers: model.part(now) || null,
          capacity: of("limit"), utilisation: now.share === null || now.share === undefined ? null : Number(now.share.toFixed(3)),
          evidence: now.value === null ? null : model.evidence(now, "value") || null,
          scenario: now.ahead ? model.data.projection.scenarios[model.scenario].key : null,
          ids: (now.sets.value || []).map((r) => model.data.records[r].text).join(";"),
        },
      };
    };
    return {
      type: "FeatureCollection", title: `${document.title}, ${step.id}`, as_of: model.data.as_of, attribution: model.data.attribution,
      features: model.lines.filter((line) => model.visible(line)).map(feature),
    };
  };

  /* The frame that shows the view elsewhere; a file on a disk has no address that others can reach. */
  G.embedCode = function (model) {
    const [page, view] = G.address(model).split("#");
    const address = `${page.split("?")[0]}?embed=1#${view || ""}`.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
    return `<iframe src="${address}" title="${G.escape(document.title)}" width="100%" height="560" style="border:0" loading="lazy"></iframe>`;
  };

  function save(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = G.el("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  const file = (model, ending) => {
    const parts = [document.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "map", model.steps[model.step].id];
    return `${parts.join("-")}.${ending}`;
  };

  /* The buttons of the menu: [label, action]. */
  G.takeAway = function (map) {
    const model = G.model(map);
    const made = (type, ending, make) => async () => {
      const what = await make();
      save(what instanceof Blob ? what : new Blob([what], { type }), file(model, ending));
    };
    return [
      ["Picture (PNG)", made("image/png", "png", () => pixels(model))],
      ["Picture (SVG)", made("image/svg+xml", "svg", () => written(model))],
      ...(G.csvOf ? [["Table (CSV)", made("text/csv;charset=utf-8", "csv", () => G.csvOf(model))]] : []),
      ["Lines (GeoJSON)", made("application/geo+json", "geojson", () => JSON.stringify(G.features(model)))],
    ];
  };

  /* In a frame on another page: map, slider and a link to the whole. */
  G.embedded = function (map) {
    if (new URLSearchParams(location.search).get("embed") !== "1") return;
    const box = map.getContainer();
    box.classList.add("gd-embed");
    const link = G.el("a", { class: "gd-card gd-whole", target: "_blank", rel: "noopener", t: "Open the whole map" });
    const point = () => (link.href = G.address(G.model(map)).replace(/\?embed=1(?=#|$)/, ""));
    G.control(map, "topright", link);
    map.on("gd:step gd:select gd:change moveend", point);
    point();
  };
})();
