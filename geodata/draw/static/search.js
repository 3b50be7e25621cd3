// @ts-check
/* Find a line, a place or a country by any of its names, in any script; a letter or two may be wrong. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const MOST = 8;
  const ROLES = ["export", "exit", "string", "onward", "", "feeder", "foreign"]; // main lines first
  const ROMAN = { ii: "2", iii: "3", iv: "4" };

  /* Case, accents, dotless i, Roman figures; words apart. */
  const plain = (text) => G.fold(text).replace(/ı/g, "i").replace(/[^\p{L}\p{N}]+/gu, " ").trim()
    .split(" ").map((word) => ROMAN[word] || word).join(" ");

  const SIGNS = "абвгдеёзийклмнопрстуфхыэ";
  const LATIN = [..."abvgdeeziyklmnoprstufh", "y", "e"];
  const LONG = { ж: "zh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ь: "", ю: "yu", я: "ya" };

  /* A Russian name as one would type it in Latin letters. */
  const latin = (text) => [...text.toLowerCase()].map((sign) => {
    const at = SIGNS.indexOf(sign);
    return at >= 0 ? LATIN[at] : sign in LONG ? LONG[sign] : sign;
  }).join("");

  /* The starts of the words of a name, run together from there on: "nordstream1", "stream1", "1". */
  function starts(text) {
    const words = plain(text).split(" ").filter(Boolean);
    return words.map((word, i) => words.slice(i).join(""));
  }

  function entries(map, model, { places, aliases, beside }) {
    const also = new Map();
    for (const [word, ids] of Object.entries(aliases || {})) for (const id of ids) also.set(id, [...(also.get(id) || []), word]);
    const keyed = (names) => [...new Set(names.filter(Boolean).flatMap((name) => [name, latin(name)]))].map(starts).filter((key) => key.length);
    const lines = model.lines.map((line) => ({
      get text() { return line.name; },
      get more() { return line.names.map(([, name]) => name).join(" · "); },
      keys: keyed([line.data.name, line.id, ...line.data.names.map(([, name]) => name), ...(also.get(line.id) || [])]),
      weight: Math.max(0, ROLES.indexOf(line.data.groups.role)), line,
    }));
    const spots = places.map((place) => ({
      get text() { return G.told(place.name, place.names); },
      get more() { return [G.t(place.about), ...(place.names || [])].filter(Boolean).join(" · "); },
      keys: keyed([place.name, ...(place.names || [])]), weight: place.rank ? 7 : 9, place,
    }));
    const lands = (map.geodrawCountries || []).map((country) => ({
      get text() { return G.country(country); },
      get more() { return G.t("country"); },
      keys: keyed([country.name, country.a3, ...Object.keys(G.book().languages).map((language) => G.country(country, language))]),
      weight: 6, place: { name: country.name, lat: country.label[1], lon: country.label[0], zoom: country.area > 60 ? 3.5 : 5 }, country,
    }));
    return [...lines, ...lands, ...companies(map, model, keyed), ...spots, ...(beside || []).map((item) => ({
      get text() { return G.told(item.name, item.names.slice(0, 2)); },
      get more() { return G.told(item.text, item.texts); },
      keys: keyed([item.name, ...item.names]), weight: 8, // last: it leads nowhere
    }))];
  }

  /* Operators and owners, each with the lines it has to do with. */
  function companies(map, model, keyed) {
    const own = new Map();
    for (const line of model.lines) for (const name of line.data.groups.company || []) own.set(name, [...(own.get(name) || []), line]);
    return [...own].map(([name, lines]) => ({
      get text() { return G.fact(name, map.geodrawCountries); },
      get more() { return G.t("company; lines: {n}", { n: lines.length }); },
      keys: keyed([name, ...Object.values(G.book().words[name] || {})]), weight: 6.5, company: name, lines,
    }));
  }

  /* Fewest letters to change, add, drop or swap so that the word begins the key. */
  function slips(word, key, most) {
    let [before, last] = [null, Array.from({ length: key.length + 1 }, (all, j) => j)];
    for (let i = 1; i <= word.length; i += 1) {
      const row = [i];
      let least = i;
      for (let j = 1; j <= key.length; j += 1) {
        let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (word[i - 1] === key[j - 1] ? 0 : 1));
        if (before && i > 1 && j > 1 && word[i - 1] === key[j - 2] && word[i - 2] === key[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
        row.push(cost);
        least = Math.min(least, cost);
      }
      if (least > most) return most + 1;
      [before, last] = [last, row];
    }
    return Math.min(...last);
  }

  /* The whole name, the start of one, the start of a word, somewhere; then with letters wrong. */
  function rank(entry, wanted) {
    const most = wanted.length < 4 ? 0 : wanted.length < 9 ? 1 : 2;
    let best = 9;
    for (const key of entry.keys) {
      if (key[0] === wanted) best = Math.min(best, 0);
      else if (key[0].startsWith(wanted)) best = Math.min(best, 1);
      else if (key.some((start) => start.startsWith(wanted))) best = Math.min(best, 2);
      else if (wanted.length > 1 && key[0].includes(wanted)) best = Math.min(best, 3);
    }
    if (best < 9 || !most) return best;
    for (const key of entry.keys) {
      for (const [i, start] of key.entries()) {
        const wrong = slips(wanted, start.slice(0, wanted.length + most), most);
        if (wrong <= most) best = Math.min(best, 3 + wrong + (i ? 0.5 : 0));
      }
    }
    return best;
  }

  G.find = function (all, text) {
    const wanted = plain(text).replace(/ /g, "");
    if (!wanted) return [];
    // A start of a name counts as the whole: the main line comes before its feeder of the same name.
    const order = (found) => Math.max(1, found);
    return all.map((entry) => [rank(entry, wanted), entry]).filter(([found]) => found < 9)
      .sort(([a, x], [b, y]) => order(a) - order(b) || x.weight - y.weight || a - b).slice(0, MOST).map(([, entry]) => entry);
  };

  function show(map, model, entry) {
    if (entry.line) {
      model.select(entry.line, true); // first, so that the panel is counted
      if (entry.line.parts.length) model.frame([entry.line], 6);
      return;
    }
    if (entry.company) {
      model.select(null);
      model.filter("company", entry.company);
      model.frame(entry.lines.filter((line) => line.parts.length), 6);
      const layers = map.getContainer().querySelector(".gd-layers"); // it says what is left out and gives it back
      if (layers && map.getSize().x >= 640) layers.open = true;
      return;
    }
    if (!entry.place) return;
    const { lat, lon, zoom } = entry.place;
    map.setView([lat, lon], zoom || Math.max(map.getZoom(), 6));
    L.popup({ className: "gd-pop", closeButton: false }).setLatLng([lat, lon]).setContent(G.el("strong", {}, entry.text)).openOn(map);
  }

  /* A country by its code or a place by its name: its words in the language of the page, and a way to it. */
  G.placed = function (map, at) {
    const country = (map.geodrawCountries || []).find((one) => one.a3 === at);
    const near = map.getZoom();
    if (country) return entryAt(G.country(country), country.label[1], country.label[0], near);
    const place = [...(map.geodrawCities || []), ...(map.geodrawPlaces || [])].find((one) => one.name === at);
    const language = { ru: 0, zh: 1 }[G.language()];
    return place ? entryAt((language === undefined ? "" : place.names[language]) || place.name, place.lat, place.lon, Math.max(near, 4)) : null;
  };
  const entryAt = (text, lat, lon, zoom) => ({ text, place: { lat, lon, zoom } });
  G.showPlace = (map, entry) => show(map, null, entry);

  G.search = function (map, options) {
    const model = G.model(map);
    map.geodrawPlaces = options.places.filter((place) => !place.rank);
    map.geodrawCities = options.places.filter((place) => place.rank);
    let all = null; // made when first asked for
    const id = "gd-found-" + L.stamp(map);
    const list = G.el("ul", { id: id, role: "listbox", "t:aria-label": options.label, hidden: true });
    const input = G.el("input", {
      type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": id, autocomplete: "off",
      "aria-autocomplete": "list", "t:aria-label": options.label, "t:placeholder": options.placeholder,
    });
    let found = [];
    let chosen = -1;

    function draw() {
      list.replaceChildren(...found.map((entry, i) => {
        const item = G.el("li", {
          role: "option", id: `${id}-${i}`, "aria-selected": String(i === chosen),
        }, [G.el("span", { dir: "auto" }, entry.text), entry.more ? G.el("small", {}, entry.more) : null]);
        item.addEventListener("mousedown", (event) => event.preventDefault());
        item.addEventListener("click", (event) => {
          event.stopPropagation(); // the list is drawn anew: the map would not know whose click it was and unselect
          take(entry);
        });
        return item;
      }));
      if (!found.length && input.value.trim()) {
        list.append(G.el("li", { class: "gd-soft", role: "option", "aria-disabled": "true" }, G.t(options.none)));
      }
      const open = Boolean(input.value.trim());
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (chosen >= 0) input.setAttribute("aria-activedescendant", `${id}-${chosen}`);
      else input.removeAttribute("aria-activedescendant");
    }
    function take(entry) {
      input.value = "";
      found = [];
      draw();
      show(map, model, entry);
    }
    input.addEventListener("input", () => {
      all = all || entries(map, model, options);
      found = G.find(all, input.value);
      chosen = -1;
      draw();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") event.stopPropagation();
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move && found.length) {
        event.preventDefault();
        chosen = (chosen + move + found.length) % found.length;
        draw();
      } else if (event.key === "Enter" && found.length) {
        event.preventDefault();
        take(found[Math.max(0, chosen)]);
      } else if (event.key === "Escape") {
        input.value = "";
        found = [];
        draw();
      }
    });
    input.addEventListener("blur", () => (list.hidden = true));
    input.addEventListener("focus", draw);
    G.control(map, "topleft", G.el("div", { class: "gd-card gd-search", role: "search" }, [input, list]));
  };
})();
