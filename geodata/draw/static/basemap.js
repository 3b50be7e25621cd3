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

  /* Coast and borders in degrees, decoded when first asked for. */
  const decoded = (data) => (data.degrees = data.degrees || data.arcs.map((arc) => G.points(arc, data.scale)));

  function names(map, countries) {
    const group = L.layerGroup();
    const markers = countries.map((country) => {
      const icon = L.divIcon({
        className: "gd-country",
        iconSize: [0, 0],
        html: G.el("span", { "aria-hidden": "true", "data-country": country.a3 }, country.name),
      });
      const place = [country.label[1], country.label[0]];
      const options = { icon: icon, interactive: false, keyboard: false, pane: "gd-names" };
      const marker = L.marker(place, options);
      country.name_at = (at) => marker.setLatLng(at || place); // without a place: back to its own
      return { area: country.area, marker };
    });
    function show() {
      const least = 2200 / Math.pow(4, map.getZoom() - 1);
      for (const item of markers) {
        if (item.area >= least) group.addLayer(item.marker);
        else group.removeLayer(item.marker);
      }
    }
    map.on("zoomend", show);
    show();
    return group;
  }

  function land(data, renderer, crs) {
    // What lies beyond the rim of the projection would be smeared along it.
    const middle = crs.plane ? crs.projection.unproject(L.point(0, 0)) : null;
    const near = (place) => middle.distanceTo(place) < crs.far * 111195;
    const seen = (points) => !middle || points.some(near);
    const within = (lines) => (middle ? lines.filter((line) => line.every(near)) : lines);
    const arcs = decoded(data);
    const rings = data.countries.flatMap((c) => c.arcs.flatMap((p) => p.map((r) => ring(r, arcs)))).filter(seen);
    const own = (pieces) => (pieces || []).map((piece) => G.points(piece, data.scale));
    const of = (numbers) => numbers.map((n) => arcs[n]);
    const path = (className, weight, more) =>
      ({ renderer: renderer, interactive: false, smoothFactor: 1.2, className, weight, ...more });
    return [
      L.polygon(rings, path("gd-land", 0, { stroke: false })),
      L.polyline(within(of(data.coast)), path("gd-coast", 0.8)),
      L.polyline(within(of(data.borders)).concat(own(data.pieces)), path("gd-frontier", 0.9)),
      L.polyline(own(data.contested), path("gd-contested", 1.1, { dashArray: "3 4" })),
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
    map.geodrawOutline = (country) => country.arcs.map(([outer]) => ring(outer, decoded(data)));
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
