// @ts-check
/* What would follow if the answers were more or less likely: sliders for the questions of the tree, and
   the stored leaves weighed anew. A leaf is one combination of answers to the questions that touch a
   market, counted over the same draws; nothing is drawn here. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const LEVELS = [0.1, 0.5, 0.9];
  const [WIDE, HIGH, LEFT, FOOT, TOP] = [336, 150, 34, 18, 6];

  /* Probability of each answer given the parent's answer; what the reader has set holds whatever the parent. */
  function part(question, answer, given, set) {
    if (set) return set[question.answers.indexOf(answer)] / 100;
    const own = answer.given && given !== undefined ? answer.given[given] : undefined;
    return own === undefined ? answer.probability : own;
  }

  /* Every combination of answers that can happen, as [{question: answer}, probability]. */
  function leaves(questions, set) {
    /** @type {Array<[Record<string, string>, number]>} */
    let found = [[{}, 1]];
    for (const question of questions) {
      found = found.flatMap(([answers, share]) => question.answers
        .map((answer) => /** @type {[Record<string, string>, number]} */ (
          [{ ...answers, [question.key]: answer.key }, share * part(question, answer, answers[question.after], set.get(question.key))]))
        .filter(([, likely]) => likely > 0));
    }
    return found;
  }

  /* Probability of each combination of answers to the questions of one sheet. */
  function weigh(data, sheet, all) {
    const own = sheet.questions.map((key) => data.questions.find((question) => question.key === key));
    const share = new Float64Array(own.reduce((count, question) => count * question.answers.length, 1));
    for (const [answers, likely] of all) {
      let at = 0;
      for (const question of own) at = at * question.answers.length + question.answers.findIndex((answer) => answer.key === answers[question.key]);
      share[at] += likely;
    }
    return share;
  }

  /* Where in 0 to 1 a rank falls, linear inside a bin; in the first bin nothing flows. */
  function place(counts, rank, bins, power) {
    let below = 0;
    for (let at = 0; at < bins; at += 1) {
      const inside = counts[at];
      if (below + inside > rank) {
        const share = Math.max(0, Math.min(1, (rank - below + 0.5) / Math.max(inside, 1)));
        return at === 0 ? 0 : Math.pow((at + share) / bins, power);
      }
      below += inside;
    }
    return 0;
  }

  /* One sheet under the weights: {mean: [years], levels: [[P10, P50, P90] a year]}. */
  function mixed(data, sheet, share) {
    const mean = data.years.map((year, y) => sheet.mean.reduce((sum, row, c) => sum + share[c] * row[y], 0) / sheet.scale);
    if (!sheet.counts) return { mean };
    const counts = new Float64Array(data.bins);
    const levels = data.years.map((year, y) => {
      counts.fill(0);
      sheet.counts.forEach((rows, c) => {
        if (!share[c] || !rows[y]) return;
        const { o, v } = rows[y];
        for (let i = 0; i < v.length; i += 1) counts[o + i] += share[c] * v[i];
      });
      return LEVELS.map((level) => place(counts, level * (data.draws - 1), data.bins, data.power) * sheet.top);
    });
    return { mean, levels };
  }

  /* All sheets under what the reader has set, by question -> percent of each answer. */
  G.mix = function (data, set) {
    const all = leaves(data.questions, set);
    return data.sheets.map((sheet) => ({ ...sheet, ...mixed(data, sheet, weigh(data, sheet, all)) }));
  };

  /* What makes leaves of another tree: a question that is not there, or another number of combinations. */
  G.misfit = function (data) {
    return data.sheets.find((sheet) => {
      const own = sheet.questions.map((key) => data.questions.find((question) => question.key === key));
      return own.includes(undefined) || own.reduce((count, question) => count * question.answers.length, 1) !== sheet.mean.length;
    });
  };

  /* "pos2.20.60.20.0_oil.50.25.25": percent of each answer of the questions that were set. */
  G.oddsText = (set) => [...set].map(([key, parts]) => [key, ...parts].join(".")).join("_");

  G.readOdds = function (data, text) {
    const found = new Map();
    for (const piece of (text || "").split("_").filter(Boolean)) {
      const [key, ...parts] = piece.split(".");
      const question = data.questions.find((one) => one.key === key);
      const numbers = parts.map(Number);
      const whole = numbers.every((n) => Number.isInteger(n) && n >= 0) && numbers.reduce((a, b) => a + b, 0) === 100;
      if (question && numbers.length === question.answers.length && whole) found.set(key, numbers);
    }
    return found;
  };

  /* The tree's own percent of each answer, whatever the other questions. */
  function usual(data, question) {
    const sums = question.answers.map(() => 0);
    for (const [answers, likely] of leaves(data.questions, new Map())) sums[question.answers.findIndex((answer) => answer.key === answers[question.key])] += likely;
    return rounded(sums.map((share) => Math.round(share * 1e8) / 1e6), 100, -1);
  }

  /* Whole numbers with this sum: the largest remainders are rounded up; one place may be left alone. */
  function rounded(parts, sum, skip) {
    const found = parts.map(Math.floor);
    const order = parts.map((part, i) => [part - found[i], i]).filter(([, i]) => i !== skip).sort((a, b) => b[0] - a[0]);
    for (let i = 0, lack = sum - found.reduce((a, b) => a + b, 0); i < lack; i += 1) found[order[i % order.length][1]] += 1;
    return found;
  }

  /* One answer takes its percent, the others share the rest as they did. */
  function shifted(parts, i, value) {
    const [before, left] = [100 - parts[i], 100 - value];
    const found = rounded(parts.map((part, k) => (k === i ? 0 : before ? (part * left) / before : left / (parts.length - 1))), left, i);
    found[i] = value;
    return found;
  }
  G.shifted = shifted;

  const amount = (value) => G.number(value, Math.abs(value) < 9.95 ? 1 : 0);

  function ceiling(most) {
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= most);
  }

  /* Fan of one sheet: P10 to P90, median, and as dashes the median of the tree's own weights. */
  function fan(data, sheet, own, tell) {
    const top = ceiling(Math.max(...sheet.levels.flat(), ...own.levels.flat(), 0.01));
    const step = (WIDE - LEFT - 8) / Math.max(1, data.years.length - 1);
    const x = (i) => LEFT + i * step;
    const y = (value) => TOP + (1 - value / top) * (HIGH - TOP - FOOT);
    const course = (values) => values.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const at = (k) => sheet.levels.map((row) => row[k]);
    const band = course(at(2)) + at(0).map((value, i) => [x(i), y(value)]).reverse().map(([a, b]) => `L${a.toFixed(1)} ${b.toFixed(1)}`).join("") + "Z";
    const root = G.svg("svg", { class: "gd-stack gd-fan", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": G.t(sheet.label, { market: G.t(sheet.market) }) }, [
      ...[0, top / 2, top].flatMap((value) => [
        G.svg("line", { x1: LEFT, x2: WIDE, y1: y(value), y2: y(value), class: value ? "gd-grid" : "gd-zero" }),
        G.svg("text", { x: LEFT - 4, y: y(value) + 3.5, class: "gd-axis", "text-anchor": "end" }, amount(value)),
      ]),
      ...data.years.filter((year, i) => i % 3 === 0).map((year) => G.svg("text", { x: x(data.years.indexOf(year)), y: HIGH - 4, class: "gd-axis", "text-anchor": "middle" }, year)),
      G.svg("path", { d: band, class: "gd-fan-band" }), G.svg("path", { d: course(at(1)), class: "gd-fan-middle" }),
      G.svg("path", { d: course(own.levels.map((row) => row[1])), class: "gd-fan-own" }),
    ]);
    root.addEventListener("pointermove", (event) => {
      const box = root.getBoundingClientRect();
      const i = Math.round((((event.clientX - box.left) / box.width) * WIDE - LEFT) / step);
      tell(Math.max(0, Math.min(data.years.length - 1, i)));
    });
    root.addEventListener("pointerleave", () => tell(null));
    return root;
  }

  /* The sliders of one question; a second list of the same set keeps in step by `draw`. */
  function sliders(model, data, question, changed) {
    const rows = question.answers.map((answer, i) => {
      const input = G.el("input", { type: "range", min: 0, max: 100, step: 1, "t:aria-label": answer.text });
      const out = G.el("output", { class: "gd-number" });
      input.addEventListener("input", () => {
        const now = model.odds.get(question.key) || usual(data, question);
        model.odds.set(question.key, shifted(now, i, Number(input.value)));
        changed();
      });
      return { input, out, node: G.el("label", { class: "gd-odd" }, [G.el("span", { t: answer.text }), input, out]) };
    });
    const draw = () => {
      const parts = model.odds.get(question.key) || usual(data, question);
      rows.forEach(({ input, out }, i) => {
        input.value = parts[i];
        out.textContent = `${parts[i]} %`;
      });
    };
    return { node: G.el("fieldset", {}, [G.el("legend", { t: question.text }), ...rows.map((row) => row.node)]), draw };
  }

  G.odds = function (map, model) {
    const data = model.data.odds;
    if (G.misfit(data)) return G.el("p", { class: "gd-soft", role: "alert" }, G.t("The stored leaves belong to another tree of assumptions; they are not weighed."));
    const own = G.mix(data, new Map());
    let shown = data.sheets.findIndex((sheet) => sheet.counts);
    let found = own;
    let year = Math.min(data.years.length - 1, data.years.indexOf(data.year));
    const holder = G.el("div");
    const said = G.el("p", { class: "gd-readout" });
    const [body, rest] = [G.el("tbody"), G.el("tbody")];
    const caption = G.el("caption");
    const choice = G.choice("Shown", "gd-sheet-choice", (value) => {
      shown = Number(value);
      draw();
    });
    const again = G.el("button", { type: "button", t: "As the tree says", on: { click: () => {
      model.odds.clear();
      changed();
    } } });
    const parts = data.questions.map((question) => sliders(model, data, question, () => changed()));
    const unit = (sheet) => `${G.t(sheet.label, { market: G.t(sheet.market) })}, ${G.t(sheet.unit)}`;
    function tell(i) {
      const at = i === null ? year : i;
      const sheet = found[shown];
      const [low, middle, high] = sheet.levels[at];
      said.replaceChildren(G.el("b", {}, data.years[at]), `: ${amount(middle)}, P10–P90 ${amount(low)} – ${amount(high)}; ${G.t("as the tree says")} ${amount(own[shown].levels[at][1])}`);
    }
    /* A share of draws is known to its standard error; the map's own, of more draws, may lie that far off. */
    const doubt = (share) => (share <= 0 || share >= 1 ? "" : `±\u00a0${G.number(Math.max(1, 100 * Math.sqrt((share * (1 - share)) / data.draws)), 0)}\u00a0%`);
    function table() {
      caption.textContent = G.t("{year}: mean, P10 – P90", { year: data.years[year] });
      const row = (name, value, more, kind) => G.el("tr", {}, [G.el("th", { scope: "row" }, name), G.el("td", { class: "gd-number", "data-number": kind }, value), G.el("td", { class: "gd-number gd-soft", "data-said": "interval" }, more)]);
      const rows = found.map((sheet) => (sheet.levels
        ? row(unit(sheet), amount(sheet.mean[year]), `${amount(sheet.levels[year][0])} – ${amount(sheet.levels[year][2])}`, sheet.kind)
        : row(G.t("Chance that gas flows: {route}", { route: (model.byId.get(sheet.name) || { name: sheet.name }).name }), `${G.number(100 * sheet.mean[year], 0)} %`, doubt(sheet.mean[year]), "chance")));
      const sum = (kind) => found.filter((sheet) => sheet.kind === kind).reduce((total, sheet) => total + sheet.mean[year], 0);
      const first = found.find((sheet) => sheet.kind === "exports");
      const most = found.findIndex((sheet) => sheet.kind === "chance") + 1 || 3; // volumes, and the likeliest line to come
      body.replaceChildren(...rows.slice(0, most), row(`${G.t("All markets")}, ${G.t(first.unit)}`, amount(sum("exports")), G.t("mean only"), "exports"));
      rest.replaceChildren(...rows.slice(most));
    }
    function draw() {
      choice.offer(found.map((sheet, i) => [String(i), unit(sheet)]).filter(([i]) => found[i].levels), String(shown));
      holder.replaceChildren(fan(data, found[shown], own[shown], tell));
      tell(null);
      table();
      parts.forEach((part) => part.draw());
      again.disabled = model.odds.size === 0;
    }
    function changed() {
      found = G.mix(data, model.odds);
      draw();
      map.fire("gd:odds");
    }
    map.on("gd:change", () => {
      found = G.mix(data, model.odds);
      draw();
    });
    const years = G.choice("Year", "gd-odds-year", (value) => {
      year = Number(value);
      draw();
    });
    years.offer(data.years.map((one, i) => [String(i), one]), String(year));
    found = G.mix(data, model.odds);
    draw();
    return G.el("div", { class: "gd-markets gd-odds-tab" }, [
      G.el("div", { class: "gd-odds-head" }, [choice.node, years.node, again]), holder, said,
      G.el("p", { class: "gd-key", t: "Line: median; area: P10–P90; dashes: with the tree's own chances." }),
      G.el("table", {}, [caption, body]),
      G.el("details", { class: "gd-section" }, [G.el("summary", { t: "More results" }), G.el("table", {}, rest)]),
      G.el("h3", { t: "How likely is each answer?" }), ...parts.map((part) => part.node),
      G.el("p", { class: "gd-key", t: "A question that is moved no longer depends on another. Projections under stated assumptions, no forecast." }),
    ]);
  };
})();
