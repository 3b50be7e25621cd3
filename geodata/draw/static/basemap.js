/* Land, coast and borders on one canvas below everything; country names as text. */
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

  function colours(map) {
    const style = getComputedStyle(map.getContainer());
    return (name) => style.getPropertyValue(name).trim();
  }

  function names(map, countries) {
    const group = L.layerGroup();
    const markers = countries.map((country) => {
      const icon = L.divIcon({
        className: "gd-country",
        iconSize: [0, 0],
        html: G.el("span", { "aria-hidden": "true" }, country.name),
      });
      const place = [country.label[1], country.label[0]];
      const options = { icon: icon, interactive: false, keyboard: false, pane: "gd-names" };
      return { area: country.area, marker: L.marker(place, options) };
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

  G.basemap = function (map, data) {
    map.getContainer().classList.add("gd-map");
    const renderer = L.canvas({ pane: pane(map, "gd-land", 150), padding: 0.5 });
    pane(map, "gd-names", 260);
    const arcs = data.arcs.map((arc) => G.points(arc, data.scale));
    const rings = data.countries.flatMap((c) => c.arcs.flatMap((p) => p.map((r) => ring(r, arcs))));
    const common = { renderer: renderer, interactive: false, smoothFactor: 1.2 };
    const land = L.polygon(rings, { ...common, stroke: false, fillOpacity: 1, fill: true });
    const coast = L.polyline(data.coast.map((n) => arcs[n]), { ...common, weight: 0.8 });
    const own = (pieces) => (pieces || []).map((piece) => G.points(piece, data.scale));
    const borders = L.polyline(data.borders.map((n) => arcs[n]).concat(own(data.pieces)), { ...common, weight: 0.9 });
    const contested = L.polyline(own(data.contested), { ...common, weight: 1.1, dashArray: "3 4" });
    function paint() {
      const colour = colours(map);
      land.setStyle({ fillColor: colour("--gd-land") });
      coast.setStyle({ color: colour("--gd-coast") });
      borders.setStyle({ color: colour("--gd-border") });
      contested.setStyle({ color: colour("--gd-soft") });
      if (!renderer._redrawRequest) return;
      L.Util.cancelAnimFrame(renderer._redrawRequest);
      renderer._redraw(); // a sheet of paper waits for no frame
    }
    paint();
    // After the first frame: the view is set by then, so the land is laid out once, and what can be
    // read and clicked does not wait for it.
    const layers = [land, coast, borders, contested];
    requestAnimationFrame(() => setTimeout(() => layers.forEach((layer) => layer.addTo(map)), 0));
    // Paper is light whatever the screen is.
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", paint);
    if (map.attributionControl) {
      map.attributionControl.setPrefix(false);
      map.attributionControl.addAttribution(G.escape(data.attribution));
    }
    const labels = names(map, data.countries.filter((c) => c.area >= data.label_area));
    labels.addTo(map);
    map.geodrawNames = labels;
  };
})();
