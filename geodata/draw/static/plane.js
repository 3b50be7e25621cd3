// @ts-check
/* Lines and areas for Leaflet that are held on the plane of the projection. Leaflet makes a place in degrees
   of every point, once a layer, and goes from there to px at every zoom; most of opening a page went there. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  /* [[lat, lon], ...] on the plane. */
  G.flat = (crs, places) => places.map(([lat, lng]) => crs.projection.project({ lat, lng }));

  /* Integer steps from the point before -> points of the plane, without the places between. */
  G.decoded = function (crs, steps, scale) {
    const { projection } = crs;
    const place = { lat: 0, lng: 0 };
    const out = new Array(steps.length / 2);
    let [x, y] = [0, 0];
    for (let i = 0; i < out.length; i += 1) {
      x += steps[2 * i];
      y += steps[2 * i + 1];
      place.lng = x * scale;
      place.lat = y * scale;
      out[i] = projection.project(place);
    }
    return out;
  };

  /* Points of the plane at the zoom that is shown, in whole px from the map's own corner, as Leaflet rounds. */
  G.pixels = function (map, points) {
    const { crs } = map.options;
    const { _a, _b, _c, _d } = crs.transformation;
    const scale = crs.scale(map.getZoom());
    const origin = map.getPixelOrigin();
    const out = new Array(points.length);
    for (let i = 0; i < out.length; i += 1) {
      const { x, y } = points[i];
      out[i] = new L.Point(Math.round(scale * (_a * x + _b)) - origin.x, Math.round(scale * (_c * y + _d)) - origin.y);
    }
    return out;
  };

  G.extent = function (points) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { x, y } of points) {
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    return { left, top, right, bottom };
  };

  const within = (box, { min, max }) => box.left >= min.x && box.right <= max.x && box.top >= min.y && box.bottom <= max.y;
  const beyond = (box, { min, max }, edge) => box.right < min.x - edge || box.left > max.x + edge || box.bottom < min.y - edge || box.top > max.y + edge;

  /* A kind of Leaflet's paths given `rings(map)`, its points in px; `places()` for those who ask for degrees. */
  G.planed = function (Base) {
    const Made = Base.extend({
      initialize: function (rings, options) {
        L.setOptions(this, options);
        this.rings = rings;
      },
      _project: function () {
        this._rings = this.rings(this._map);
        this._extents = this._rings.map(G.extent);
        const corners = this._extents.flatMap((box) => [[box.left, box.top], [box.right, box.bottom]]);
        this._rawPxBounds = corners.length ? L.bounds(corners) : undefined;
        this._updateBounds();
      },
      /* Only what crosses the edge of the renderer needs Leaflet's clipping. */
      _clipPoints: function () {
        const [rings, bounds] = [this._rings, this._renderer._bounds];
        const found = [];
        rings.forEach((ring, i) => {
          if (beyond(this._extents[i], bounds, this.options.weight)) return;
          if (within(this._extents[i], bounds) && ring.length > 1) found.push(ring);
          else {
            this._rings = [ring];
            Base.prototype._clipPoints.call(this);
            for (const part of this._parts) found.push(part);
          }
        });
        this._rings = rings;
        this._parts = found;
      },
    });
    const places = { get() { return this.options.places ? this.options.places().map((part) => part.map((at) => L.latLng(at))) : []; } };
    Object.defineProperty(Made.prototype, "_latlngs", places);
    Object.defineProperty(Made.prototype, "_bounds", { get() { return L.latLngBounds(this._latlngs.flat()); } });
    return Made;
  };
})();
