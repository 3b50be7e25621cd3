// @ts-check
/* In a frame the page around it may ask for a line, a period or a scenario, and is told of every change
   once it has asked: {geodraw: {selected, period, scenario}} both ways, first {geodraw: "ready"}. */
(function () {
  "use strict";
  const G = window.GeoDraw;
  const REST = 120; // ms, so that a drag is told once

  function state(model) {
    const { projection } = model.data;
    return {
      selected: model.selected ? model.selected.id : null,
      period: model.steps[model.step].id,
      scenario: projection ? projection.scenarios[model.scenario].key : null,
    };
  }

  /* Show what is asked for; a period that no calendar knows and a line that is not there change nothing. */
  function take(model, wanted) {
    const { calendars, steps } = model.data;
    const knows = (calendar) => (calendar.steps || steps).some((step) => step.id === wanted.period);
    const calendar = knows(model.calendar) ? model.calendar : calendars.find(knows);
    if (calendar) {
      model.setCalendar(calendar.key);
      model.setStep(model.steps.findIndex((step) => step.id === wanted.period));
    }
    if (wanted.scenario && wanted.scenario !== state(model).scenario) model.setScenario(wanted.scenario);
    const line = wanted.selected ? model.byId.get(wanted.selected) : null;
    if ("selected" in wanted && line !== undefined && line !== model.selected) model.select(line);
  }

  G.bridge = function (model) {
    const around = window.parent;
    if (around === window) return;
    let known = null; // what the page around holds, once it has asked
    let waiting = 0;
    // Only what differs is told: the rest may have been set anew on the other side meanwhile.
    const tell = () => {
      if (!known) return;
      const news = Object.entries(state(model)).filter(([name, value]) => value !== known[name]);
      if (news.length) around.postMessage({ geodraw: Object.fromEntries(news) }, "*");
      known = state(model);
    };
    addEventListener("message", (event) => {
      const wanted = event.source === around && event.data && event.data.geodraw;
      if (!wanted || typeof wanted !== "object") return;
      known = { ...(known || state(model)), ...wanted };
      take(model, wanted);
      tell();
    });
    model.map.on("gd:step gd:select gd:change", () => {
      clearTimeout(waiting);
      waiting = setTimeout(tell, REST);
    });
    model.map.on("gd:ready", () => around.postMessage({ geodraw: "ready" }, "*"));
  };
})();
