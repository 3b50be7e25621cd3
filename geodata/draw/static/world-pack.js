// @ts-check
/* Lines of the world map as they travel: base64, gzip, varints; unpacked into vertices in Web Mercator. */
(function () {
  "use strict";
  const G = window.GeoDraw;

  async function inflate(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = raw.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /* Returns the next number of the string each time; zig-zag decoding is up to the caller. */
  function reader(bytes) {
    let at = 0;
    return function () {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at];
        at += 1;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
  }

  const signed = (n) => (n % 2 ? -(n + 1) / 2 : n / 2);

  /* Vertices as fractions of the world square, x to the east, y to the south; parts by their first
     vertex (one more entry than parts), the project of each, and the box of each. */
  function unpack(bytes, decimals) {
    const next = reader(bytes);
    const parts = next();
    const first = new Uint32Array(parts + 1);
    const owner = new Uint32Array(parts);
    for (let i = 0; i < parts; i += 1) first[i + 1] = first[i] + next();
    let sum = 0;
    for (let i = 0; i < parts; i += 1) owner[i] = sum += signed(next());
    const xy = new Float32Array(2 * first[parts]);
    const scale = Math.pow(10, -decimals);
    let x = 0;
    let y = 0;
    for (let i = 0; i < xy.length; i += 2) {
      x += signed(next());
      y += signed(next());
      xy[i] = east(x * scale);
      xy[i + 1] = south(y * scale);
    }
    return { xy, first, owner, box: boxes(xy, first) };
  }

  const east = (lon) => 0.5 + lon / 360;

  function south(lat) {
    const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  }

  /* Lists of [latitude, longitude] in the form of unpacked lines. */
  function packed(lists) {
    const first = new Uint32Array(lists.length + 1);
    lists.forEach((list, p) => (first[p + 1] = first[p] + list.length));
    const xy = new Float32Array(2 * first[lists.length]);
    let at = 0;
    for (const list of lists) {
      for (const [lat, lon] of list) {
        xy[at++] = east(lon);
        xy[at++] = south(lat);
      }
    }
    return { xy, first, box: boxes(xy, first) };
  }

  function ring(numbers, arcs) {
    return numbers.flatMap((n) => (n >= 0 ? arcs[n] : arcs[~n].slice().reverse()).slice(0, -1));
  }

  /* Land as rings, coast and borders as lines, names of countries by their places. */
  function ground(data) {
    const arcs = data.arcs.map((arc) => G.points(arc, data.scale));
    const own = (pieces) => (pieces || []).map((piece) => G.points(piece, data.scale));
    const named = data.countries.filter((country) => country.area >= data.label_area);
    return {
      land: packed(data.countries.flatMap((c) => c.arcs.flatMap((rings) => rings.map((r) => ring(r, arcs))))),
      coast: packed(data.coast.map((n) => arcs[n])),
      borders: packed(data.borders.map((n) => arcs[n]).concat(own(data.pieces))),
      contested: packed(own(data.contested)),
      names: named.map((c) => ({ text: c.name.toUpperCase(), area: c.area, x: east(c.label[0]), y: south(c.label[1]) })),
    };
  }

  function boxes(xy, first) {
    const box = new Float32Array(4 * (first.length - 1));
    for (let p = 0; p + 1 < first.length; p += 1) {
      let west = 1;
      let north = 1;
      let east = 0;
      let south = 0;
      for (let i = 2 * first[p]; i < 2 * first[p + 1]; i += 2) {
        west = Math.min(west, xy[i]);
        east = Math.max(east, xy[i]);
        north = Math.min(north, xy[i + 1]);
        south = Math.max(south, xy[i + 1]);
      }
      box.set([west, north, east, south], 4 * p);
    }
    return box;
  }

  /* Parts by status, the last status first: what flows is drawn on top. */
  function grouped(lines, groups, count) {
    const found = Array.from({ length: count }, () => []);
    for (let p = 0; p < lines.owner.length; p += 1) found[groups[lines.owner[p]]].push(p);
    return found.map((list) => Uint32Array.from(list));
  }

  Object.assign(G, { unpackWorld: { inflate, unpack, ground, grouped } });
})();
