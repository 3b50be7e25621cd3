// @ts-check
/* Land, coast and borders as four paths below everything; country names as text. Paths are painted once;
   a canvas is handed on anew with every frame in which anything on the page changes. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  function pane(map, name, level) {
    const made = map.createPane(name);
    made.style.zIndex = level;
    made.style.pointerEvents = "none";
    return name;
  }

  function ring(numbers, arcs) {
    const out = [];
    for (const number of numbers) {
      const arc = number >= 0 ? arcs[number] : arcs[~number].slice().reverse();
      for (let i = 0; i < arc.length - 1; i += 1) out.push(arc[i]);
    }
    return out;
  }

  function names(map, countries) {
    const group = L.layerGroup();
    const markers = new Map(); // made when first shown: most countries have no name in the first view
    function made(country) {
      const icon = L.divIcon({
        className: "gd-country",
        iconSize: [0, 0],
        html: G.el("span", { "aria-hidden": "true", "data-country": country.a3 }, country.name),
      });
      const place = [country.label[1], country.label[0]];
      const options = { icon: icon, interactive: false, keyboard: false, pane: "gd-names" };
      const marker = L.marker(place, options);
      country.name_at = (at) => marker.setLatLng(at || place); // without a place: back to its own
      markers.set(country, marker);
      return marker;
    }
    function show() {
      const least = 2200 / Math.pow(4, map.getZoom() - 1);
      for (const country of countries) {
        if (country.area >= least) group.addLayer(markers.get(country) || made(country));
        else if (markers.has(country)) group.removeLayer(markers.get(country));
      }
    }
    map.on("zoomend", show);
    show();
    return group;
  }

  /* Parts in px, made anew only when the map has another zoom or corner: four paths share the arcs. */
  function kept(parts) {
    let [zoom, origin, made] = [null, null, null];
    return (map) => {
      if (map.getZoom() !== zoom || map.getPixelOrigin() !== origin) {
        [zoom, origin] = [map.getZoom(), map.getPixelOrigin()];
        made = parts.map((part) => G.pixels(map, part));
      }
      return made;
    };
  }

  const Area = G.planed(L.Polygon);
  const Border = G.planed(L.Polyline);

  /* Coast and borders on the plane, decoded when first asked for. */
  function decoded(data, crs) {
    if (!data.plane) {
      data.plane = data.arcs.map((arc) => G.decoded(crs, arc, data.scale));
      data.pixels = kept(data.plane);
    }
    return data;
  }

  function land(data, renderer, crs) {
    const plane = (steps) => G.decoded(crs, steps, data.scale);
    const { plane: arcs, pixels } = decoded(data, crs);
    // What lies beyond the rim of the projection would be smeared along it.
    const rim = crs.plane ? crs.projection.bounds.max.x * (1 - 1e-9) : Infinity;
    const count = arcs.map((arc) => {
      let near = 0;
      for (const { x, y } of arc) if (x * x + y * y < rim * rim) near += 1;
      return near;
    });
    const at = (number) => (number >= 0 ? number : ~number);
    const rings = data.countries.flatMap((c) => c.arcs.flat()).filter((numbers) => numbers.some((n) => count[at(n)]));
    const of = (numbers) => numbers.filter((n) => count[n] === arcs[n].length);
    const [coast, borders] = [of(data.coast), of(data.borders)];
    const [pieces, contested] = [data.pieces, data.contested].map((steps) => kept((steps || []).map(plane)));
    const path = (className, weight, more) =>
      ({ renderer: renderer, interactive: false, smoothFactor: 1.2, className, weight, ...more });
    return [
      new Area((map) => rings.map((numbers) => ring(numbers, pixels(map))), path("gd-land", 0, { stroke: false })),
      new Border((map) => coast.map((n) => pixels(map)[n]), path("gd-coast", 0.8)),
      new Border((map) => borders.map((n) => pixels(map)[n]).concat(pieces(map)), path("gd-frontier", 0.9)),
      new Border(contested, path("gd-contested", 1.1, { dashArray: "3 4" })),
    ];
  }

  G.basemap = function (map, data) {
    map.getContainer().classList.add("gd-map");
    const renderer = L.svg({ pane: pane(map, "gd-land", 150), padding: 0.5 });
    pane(map, "gd-names", 260);
    // The view is set by then, so the land is laid out once, and what can be read and clicked does not wait.
    G.later(() => land(data, renderer, map.options.crs).forEach((layer) => layer.addTo(map)));
    if (map.attributionControl) {
      map.attributionControl.setPrefix(false);
      map.attributionControl.addAttribution(G.el("span", { t: data.attribution }).outerHTML);
    }
    map.geodrawCountries = data.countries;
    // The outer rings of a country in px from the map's own corner, each with its box.
    const outlines = new Map();
    map.geodrawOutline = (country) => {
      const arcs = decoded(data, map.options.crs).pixels(map);
      if (!outlines.has(country) || outlines.get(country).arcs !== arcs) {
        const rings = country.arcs.map(([outer]) => ring(outer, arcs)).map((one) => ({ ring: one, box: G.extent(one) }));
        outlines.set(country, { arcs, rings });
      }
      return outlines.get(country).rings;
    };
    const labels = names(map, data.countries.filter((c) => c.area >= data.label_area));
    labels.addTo(map);
    map.on("gd:change gd:ready zoomend", () => {
      for (const node of map.getContainer().querySelectorAll(".gd-country span")) {
        const own = data.countries.find((one) => one.a3 === node.dataset.country);
        if (own) node.textContent = G.country(own);
      }
    });
    map.geodrawNames = labels;
  };
})();
