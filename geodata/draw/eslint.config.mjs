// Rules by name, so that nothing but eslint itself is needed.
const browser = ["window", "document", "location", "history", "navigator", "console", "getComputedStyle", "matchMedia",
  "requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "addEventListener",
  "performance", "Node", "Path2D", "DOMMatrix", "ResizeObserver", "URL", "URLSearchParams", "Blob", "Image", "XMLSerializer",
  "Response", "DecompressionStream", "TextDecoder", "atob", "devicePixelRatio", "L", "innerWidth", "innerHeight"];
const on = ["no-undef", "no-unused-vars", "no-var", "prefer-const", "no-eval", "no-implied-eval", "no-new-func", "no-script-url",
  "no-fallthrough", "no-unreachable", "no-redeclare", "valid-typeof", "no-dupe-keys", "no-dupe-args", "no-dupe-else-if", "no-self-assign",
  "no-self-compare", "no-cond-assign", "no-constant-condition", "no-loss-of-precision", "no-sparse-arrays", "use-isnan", "getter-return",
  "no-unsafe-finally", "no-unsafe-optional-chaining", "constructor-super", "no-this-before-super", "no-global-assign", "eqeqeq"];

export default [{
  files: ["static/*.js"],
  languageOptions: { ecmaVersion: 2023, sourceType: "script", globals: Object.fromEntries(browser.map((name) => [name, "readonly"])) },
  rules: { ...Object.fromEntries(on.map((name) => [name, "error"])), "no-unused-vars": ["error", { args: "none", caughtErrors: "none" }] },
}];
