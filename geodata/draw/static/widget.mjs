// The page in a frame of its own, and three traits kept equal on both sides (anywidget's front end).
const NAMES = ["selected", "period", "scenario"];

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = model.get("title");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads allow-popups allow-modals");
  frame.style.cssText = `display: block; width: 100%; border: 0; height: ${model.get("height")}`;
  const give = () => {
    const state = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    if (frame.contentWindow) frame.contentWindow.postMessage({ geodraw: state }, "*");
  };
  const hear = (event) => {
    const said = event.source === frame.contentWindow && event.data && event.data.geodraw;
    if (said === "ready") return give();
    if (!said || typeof said !== "object") return undefined;
    const changed = NAMES.filter((name) => name in said && said[name] !== model.get(name));
    for (const name of changed) model.set(name, said[name]);
    if (changed.length) model.save_changes();
    return undefined;
  };
  const show = (message) => {
    if (message && message.page) frame.srcdoc = message.page;
  };
  window.addEventListener("message", hear);
  model.on("msg:custom", show);
  for (const name of NAMES) model.on(`change:${name}`, give);
  el.append(frame);
  model.send({ ask: "page" }); // the page is sent once and kept out of what a notebook stores
  return () => {
    window.removeEventListener("message", hear);
    model.off("msg:custom", show);
    for (const name of NAMES) model.off(`change:${name}`, give);
  };
}

export default { render };
