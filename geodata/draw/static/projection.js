// @ts-check
/* Lambert's azimuthal equal-area projection as a Leaflet CRS, so that Siberia is not blown up and all of
   Eurasia fits. Centre and name come from the map's option `center`; a zoom shows about the scale that
   the usual web map has at the centre's latitude, so that addresses keep their meaning. */
(function () {
  "use strict";
  const R = 6371007.181; // m, sphere of the area of WGS84
  const FAR = Math.PI * 0.56; // rad from the centre; what lies beyond is laid on this circle
  const RAD = Math.PI / 180;

  L.CRS.equalArea = function (lat, lon) {
    const [sin0, cos0] = [Math.sin(lat * RAD), Math.cos(lat * RAD)];
    const rim = 2 * R * Math.sin(FAR / 2);
    const least = Math.cos(FAR);

    function project(place) {
      const [phi, lambda] = [place.lat * RAD, (place.lng - lon) * RAD];
      const [sin, cos] = [Math.sin(phi), Math.cos(phi)];
      const near = sin0 * sin + cos0 * cos * Math.cos(lambda); // cosine of the distance
      const x = cos * Math.sin(lambda);
      const y = cos0 * sin - sin0 * cos * Math.cos(lambda);
      const k = near > least ? R * Math.sqrt(2 / (1 + near)) : rim / Math.max(Math.hypot(x, y), 1e-9);
      return L.point(k * x, k * y);
    }

    function unproject({ x, y }) {
      const rho = Math.min(Math.hypot(x, y), 2 * R);
      if (rho < 1e-6) return L.latLng(lat, lon);
      const c = 2 * Math.asin(rho / (2 * R));
      const [sin, cos] = [Math.sin(c), Math.cos(c)];
      const phi = Math.asin(Math.max(-1, Math.min(1, cos * sin0 + (y * sin * cos0) / rho)));
      return L.latLng(phi / RAD, lon + Math.atan2(x * sin, rho * cos0 * cos - y * sin0 * sin) / RAD);
    }

    const scale = 1 / (2 * Math.PI * 6378137 * cos0);
    return L.extend({}, L.CRS.Earth, {
      code: `laea:${lat}:${lon}`,
      projection: { project, unproject, bounds: L.bounds([-rim, -rim], [rim, rim]) },
      transformation: L.transformation(scale, 0.5, -scale, 0.5),
      wrapLng: undefined,
      far: FAR / RAD,
      // The middle of a box of degrees is no middle here: what is to be seen is framed on the plane.
      plane: true,
    });
  };
  L.CRS.EqualArea = L.CRS.equalArea(55, 75);
})();
