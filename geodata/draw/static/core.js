/* The ground floor of all pieces: reading data, making nodes, writing numbers. Texts enter the page
   as text nodes only, never as markup. */
window.GeoDraw = (function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  function read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "on") {
        for (const [name, handler] of Object.entries(value)) node.addEventListener(name, handler);
      } else {
        node.setAttribute(key, value === true ? "" : value);
      }
    }
    for (const child of [].concat(children === undefined ? [] : children)) {
      if (child === null || child === false) continue;
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  }

  const el = (name, attributes, children) =>
    fill(document.createElement(name), attributes, children);
  const svg = (name, attributes, children) =>
    fill(document.createElementNS(SVG, name), attributes, children);

  /* A link only where the address is a web page; anything else stays text. */
  function link(text, url) {
    if (!/^https?:\/\//i.test(url || "")) return el("span", {}, text);
    return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
  }

  /* Missing is a dash, never 0; thousands by thin spaces; a true minus. */
  function number(value, digits) {
    if (value === null || value === undefined) return "–";
    const [whole, rest] = Math.abs(value).toFixed(digits).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
    return (value < 0 ? "\u2212" : "") + grouped + (rest ? "." + rest : "");
  }

  /* For the few places where Leaflet wants markup: the same text, harmless. */
  const escape = (text) => el("span", {}, text).innerHTML;

  /* For searching: case, accents and the two spellings of ё do not matter. */
  function fold(text) {
    return String(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  /* Integer steps from the point before -> [[lat, lon], ...]. */
  function points(steps, scale) {
    const out = new Array(steps.length / 2);
    let x = 0;
    let y = 0;
    for (let i = 0; i < out.length; i += 1) {
      x += steps[2 * i];
      y += steps[2 * i + 1];
      out[i] = [y * scale, x * scale];
    }
    return out;
  }

  /* A row stored without its empty ends: {o: first step, v: [...]}. */
  function cell(row, step) {
    if (!row) return null;
    const value = row.v[step - row.o];
    return value === undefined ? null : value;
  }

  function control(map, position, node) {
    const made = L.control({ position: position });
    made.onAdd = function () {
      L.DomEvent.disableClickPropagation(node);
      L.DomEvent.disableScrollPropagation(node);
      return node;
    };
    made.addTo(map);
    return made;
  }

  /* A card that folds; folded from the start where the map is small. */
  function card(map, position, title, className, children, open) {
    const small = map.getSize().x < 820 || map.getSize().y < 620;
    const node = el("details", { class: "gd-card gd-fold " + className, open: open && !small }, [
      el("summary", {}, title),
      el("div", { class: "gd-body", tabindex: "0", role: "group", "aria-label": title }, children),
    ]);
    control(map, position, node);
    return node;
  }

  function model(map) {
    if (!map.geodraw) throw new Error("GeoDraw: add FlowLines to the map before its companions");
    return map.geodraw;
  }

  function title(map, data) {
    const node = el("div", { class: "gd-card gd-title" }, [
      el("h1", {}, data.title),
      data.subtitle ? el("p", {}, data.subtitle) : null,
    ]);
    control(map, "topleft", node);
  }

  return { read, el, svg, link, number, escape, fold, points, cell, control, card, model, title };
})();
