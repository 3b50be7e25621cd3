// @ts-check
/* The ground floor of all pieces: reading data, making nodes, writing numbers and words. Texts enter
   the page as text nodes only, never as markup. */
window.GeoDraw = (function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const LABELS = "geodraw-labels";
  const ARROW = "M-4.2 -4.2 L4.8 0 L-4.2 4.2 L-2 0 Z"; // about 0, to the right
  let labels = null;
  let language = "en";

  // What the page tells before the map is there is English; where address or page ask for another language, it is not shown.
  const opened = document.querySelector("meta[name=geodraw-open]");
  const asked = location.hash || (opened && opened.getAttribute("content")) || "";
  if (/[?&]lang=(?!en)/.test(asked)) document.documentElement.classList.add("gd-foreign");

  function read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  /* {languages: {en: "English", ...}, words: {"English text": {ru: "...", zh: "..."}}} */
  function book() {
    if (!labels) labels = document.getElementById(LABELS) ? read(LABELS) : { languages: { en: "English" }, words: {} };
    return labels;
  }

  /* A label in the language of the page; what has no translation stays English. */
  function t(text, values) {
    const known = Object.prototype.hasOwnProperty.call(book().words, text) ? book().words[text] : {};
    const out = known[language] || String(text);
    return values ? out.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all)) : out;
  }

  /* The name of a country in a language; a browser knows all by their two letters. */
  const named = new Map();
  function country({ name, a2 }, wanted) {
    const own = wanted || language;
    if (own === "en" || !Intl.DisplayNames) return name;
    if (!a2) return own === language ? t(name) : name; // a land without letters of its own
    if (!named.has(own)) named.set(own, new Intl.DisplayNames([own], { type: "region", fallback: "none" }));
    return named.get(own).of(a2) || name;
  }

  /* The words of a fact: countries, basins, markets, kinds; "2,200 km" and "55 bcm/yr, contract of the year" as numbers. */
  function fact(text, countries) {
    if (language === "en") return t(text);
    const figure = /^([\d,]+(?:\.\d+)?) (\D.*)$/.exec(text);
    if (figure) {
      const digits = (figure[1].split(".")[1] || "").length;
      return `${number(Number(figure[1].replace(/,/g, "")), digits)}\u00a0${fact(figure[2], countries)}`;
    }
    const one = (part) => {
      const land = (countries || []).find((item) => item.name === part);
      if (land) return country(land);
      const whole = t(part);
      // "Sakhalin Energy (Gazprom": a list in brackets
      return whole === part && /[()]/.test(part) ? part.split(/( \(|\))/).map((one) => t(one)).join("") : whole;
    };
    return text.split(/([,;] +)/).map((part, i) => (i % 2 ? part : one(part))).join("");
  }

  /* A text made of known words and separators: "figures: actual, estimate", "2026 Q1 (Jan–Mar)". */
  function words(text) {
    if (language === "en") return text;
    return text.split(/([:,;()–] ?| (?=\())/).map((part) => t(part)).join("").replace(/^Gas year/, t("Gas year"));
  }

  /* Nodes made with `t` or `t:attribute` change their language where they stand. */
  function speak(name, root) {
    language = book().languages[name] ? name : "en";
    document.documentElement.lang = language;
    for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
    for (const node of root.querySelectorAll("[data-ta]")) {
      for (const [key, text] of Object.entries(JSON.parse(node.dataset.ta))) node.setAttribute(key, t(text));
    }
  }

  function attribute(node, key, value) {
    if (key === "on") {
      for (const [name, handler] of Object.entries(value)) node.addEventListener(name, handler);
    } else if (key === "t") {
      node.dataset.t = value;
      node.append(t(value));
    } else if (key.startsWith("t:")) {
      node.dataset.ta = JSON.stringify({ ...JSON.parse(node.dataset.ta || "{}"), [key.slice(2)]: value });
      node.setAttribute(key.slice(2), t(value));
    } else {
      node.setAttribute(key, value === true ? "" : value);
    }
  }

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) attribute(node, key, value);
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

  /* Properties that differ alone are written: the page is laid out anew even for what stays as it was. */
  function set(node, values) {
    for (const [key, value] of Object.entries(values)) if (node[key] !== value) node[key] = value;
  }

  function button(label, sign, action, className) {
    return el("button", {
      type: "button", "t:aria-label": label, "t:title": label, class: className, on: { click: action },
    }, el("span", { "aria-hidden": "true" }, sign));
  }

  /* A labelled select; options are [value, text] or {group, options}. A browser cuts what is chosen at
     the edge of a closed select, so the select lies unseen over the words, which wrap. */
  function choice(label, className, change) {
    const select = el("select", { "t:aria-label": label, class: className });
    const shown = el("span", { class: "gd-chosen", "aria-hidden": "true" });
    const say = () => (shown.textContent = select.selectedOptions.length ? select.selectedOptions[0].text : "");
    const option = (item) => el("option", { value: item[0] }, item[1]);
    select.addEventListener("change", () => {
      say();
      change(select.value);
    });
    return {
      node: el("label", { class: "gd-choice" }, [el("span", { t: label }), el("div", { class: "gd-pulldown" }, [select, shown])]),
      offer(options, chosen) {
        select.replaceChildren(...options.map((item) => (Array.isArray(item)
          ? option(item)
          : el("optgroup", { label: item.group }, item.options.map(option)))));
        select.value = chosen;
        say();
      },
    };
  }

  /* A link only where the address is a web page; anything else stays text. */
  function link(text, url) {
    if (!/^https?:\/\//i.test(url || "")) return el("span", {}, text);
    return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
  }

  const forms = new Map();

  /* Missing is a dash, never 0; a true minus. English by thin spaces and a point, as the field writes it;
     other languages as the browser knows them. */
  function number(value, digits) {
    if (value === null || value === undefined) return "–";
    if (language !== "en") {
      const key = `${language} ${digits}`;
      if (!forms.has(key)) forms.set(key, new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
      const text = forms.get(key).format(Math.abs(value));
      return (value < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
    }
    const [whole, rest] = Math.abs(value).toFixed(digits).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
    const zero = !/[1-9]/.test(whole + (rest || ""));
    return (value < 0 && !zero ? "\u2212" : "") + grouped + (rest ? "." + rest : "");
  }

  /* The title of an event in the language of the page, where it has one. */
  const titled = (event) => told(event.title, event.names);

  /* A text of the data in the reader's language, where it is told in it: Russian, Chinese. */
  const told = (text, others) => (others && others[{ ru: 0, zh: 1 }[language]]) || text;

  /* For the few places where Leaflet wants markup: the same text, harmless. */
  const escape = (text) => el("span", {}, text).innerHTML;

  /* For searching: case, accents and the two spellings of ё do not matter. */
  function fold(text) {
    return String(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  /* Into the clipboard; where the page may not, the text is shown selected. Tells if it worked. */
  async function copy(text, near) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      const box = el("textarea", { class: "gd-copy", readonly: true, "t:aria-label": "Copy this text", rows: 3 });
      box.value = text;
      for (const old of near.querySelectorAll(".gd-copy")) old.remove();
      near.append(box);
      box.select();
      return false;
    }
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

  function still(node) {
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    return node;
  }

  function control(map, position, node) {
    const made = L.control({ position: position });
    made.onAdd = () => still(node);
    made.addTo(map);
    return made;
  }

  /* What must be said with a number, as small print: [[kind, text], ...]. */
  function said(qualifiers) {
    if (!qualifiers.length) return null;
    return el("small", { class: "gd-said" }, qualifiers.flatMap(([kind, text], i) => [
      i ? " · " : "", el("span", { "data-said": kind }, text),
    ]));
  }

  /* After the next frame: what the first picture can do without. */
  const later = (action) => requestAnimationFrame(() => setTimeout(action, 0));

  /* A card that folds; folded from the start where the map is small. */
  function card(map, position, title, className, children, open) {
    const small = map.getSize().x < 820 || map.getSize().y < 620;
    const node = el("details", { class: "gd-card gd-fold " + className, open: open && !small }, [
      el("summary", { t: title }),
      el("div", { class: "gd-body", tabindex: "0", role: "group", "t:aria-label": title }, children),
    ]);
    control(map, position, node);
    return node;
  }

  function model(map) {
    if (!map.geodraw) throw new Error("GeoDraw: add FlowLines to the map before its companions");
    return map.geodraw;
  }

  /* The heading and under it date, standing and unit of what is shown. */
  function title(map, data) {
    for (const first of document.querySelectorAll(".gd-first")) first.remove();
    const about = data.subtitle || data.as_of ? el("p", { class: "gd-about", role: "status" }, data.subtitle) : null;
    const node = el("div", { class: "gd-card gd-title" }, [el("h1", { dir: "auto", t: data.title }), about]);
    control(map, "topleft", node);
    if (!data.as_of) return;
    map.on("gd:ready gd:step gd:change", () => {
      const text = map.geodraw ? map.geodraw.banner(data.as_of) : data.subtitle;
      if (about.textContent === text) return;
      about.textContent = text;
      const model = map.geodraw;
      // on a phone the title may have grown over the lines
      if (model && model.ready && !model.moved && !model.selected && map.getSize().x < 640) {
        model.frame(model.lines.filter((line) => line.data.frame !== false));
      }
    });
  }

  return {
    read, el, svg, set, button, choice, link, number, escape, fold, copy, points, cell, still, control, card, model, titled, told,
    title, later, said, ARROW, t, words, country, fact, speak, book, language: () => language,
  };
})();
