// Written by `python -m geodata.draw.contract`; the types stand in contract.py.

/** An answer to a question of the tree; `given` by the answer of the question it follows. */
export interface Answer {
  key: string;
  text: string;
  probability: number;
  given?: { [name: string]: number };
}

/** A way to divide time. */
export interface Calendar {
  key: string;
  label: string;
  plural?: string;
  whole?: number;
  steps?: Array<YearStep>;
}

/** Exports by market behind the last year with figures, scenario by scenario. */
export interface Coming {
  years: Array<string>;
  scale: number;
  markets: Array<Market>;
  scenarios: Array<Spread>;
}

/** A step of a contract in words. */
export interface Contract {
  id: string;
  year: string;
  text: string;
  about: string;
}

/** The dash of a project's status. */
export interface Dash {
  label: string;
  dash: string;
  cap: string;
}

/** Numbers of rows: middle and edges of an interval. */
export interface Edges {
  mid: number | null;
  low: number | null;
  high: number | null;
}

/** A dated event; `step` is None outside the periods, `names` its title in Russian and Chinese. */
export interface Event {
  step: number | null;
  date: string;
  title: string;
  names?: [string, string];
  lines: Array<number>;
  source: number | null;
}

/** The newest published figure of a route (by id) or market (by name), and its last day. */
export interface Fresh {
  kind: string;
  name: string;
  newest: string;
  status: string;
  source: number | null;
}

/** What fell and rose between which years. */
export interface Headline {
  fall: string;
  rise: string;
  from: string;
  to: string;
}

/** An exported layer beside the page. */
export interface Layer {
  name: string;
  path: string;
}

/** One line: geometry, names, figures, references; `notes` is its note in Russian and Chinese. */
export interface Line {
  id: string;
  name: string;
  names: Array<[string, string]>;
  status: string;
  groups: { [name: string]: string | Array<string> };
  dash: number;
  texture: number;
  facts: Array<[string, string]>;
  note: string;
  notes?: [string, string];
  frame: boolean;
  series: { [name: string]: Row };
  days: Row | null;
  span: Row | null;
  band?: { [name: string]: Row };
  price_band?: { [name: string]: Row };
  state: Row | null;
  grade: Row | null;
  grades: { [name: string]: Row | null };
  kind: Row | null;
  refs: { [name: string]: Row | null };
  parts: Array<Array<number>>;
  lane: number;
  ahead?: Array<number>;
  standing?: { [name: string]: Array<number> };
  contracts?: Array<Contract>;
  heat?: number;
  heat_note?: string;
}

/** A market of the story. */
export interface Market {
  key: string;
  label: string;
}

/** What the sliders weigh. */
export interface Odds {
  questions: Array<Question>;
  years: Array<string>;
  year: string;
  bins: number;
  power: number;
  draws: number;
  sheets: Array<Sheet>;
}

/** All that :class:`geodata.draw.FlowLines` draws, as it stands on the page. */
export interface PageData {
  steps: Array<Step>;
  past: number;
  days: Array<number>;
  calendars: Array<Calendar>;
  start: number;
  as_of: string;
  units: Array<Unit>;
  states: Array<State>;
  dashes: Array<Dash>;
  textures: Array<Texture>;
  grades: Array<string>;
  kinds: Array<string>;
  light: Array<string>;
  stale: number;
  series: { [name: string]: Series };
  scale: Scale;
  legend: Array<[string, string]>;
  chart_key: string;
  projection?: Projection;
  spans: Array<string>;
  story?: Story;
  odds?: Odds;
  ways?: Ways;
  fresh?: Array<Fresh>;
  lines: Array<Line>;
  events: Array<Event>;
  sources: Array<Source>;
  records: Array<Record>;
  sets: Array<Array<number>>;
  layers: Array<Layer>;
  attribution: Array<string>;
  geometry_scale: number;
  rows: Array<string>;
  told: Array<Telling>;
  notes: Array<string>;
}

/** Which scenarios there are. */
export interface Projection {
  scenarios: Array<Scenario>;
  start: number;
  interval: string;
  flowing: number;
  idle: number;
}

/** A question of the tree. */
export interface Question {
  key: string;
  text: string;
  after?: string;
  answers: Array<Answer>;
}

/** A figure that was published; `note` is a number in `notes`, `day` the day a fact speaks of. */
export interface Record {
  text: string;
  source?: number;
  page?: string;
  published?: string;
  day?: string;
  note?: number;
  grade?: string;
}

/** Values of consecutive periods without the empty ends. */
export interface Row {
  o: number;
  v: Array<number | null>;
}

/** How wide a flow is drawn. */
export interface Scale {
  px: number;
  factor: number;
  legend: Array<number>;
  unit: string;
  note: string;
}

/** A scenario in words with its probability; None where it has none. */
export interface Scenario {
  key: string;
  label: string;
  probability: number | null;
}

/** How a number is called, stored, written, added up and cited. */
export interface Series {
  label: string;
  unit: string;
  digits: number;
  scale: number;
  note?: string;
  volume?: boolean;
  rule?: "share" | "mean" | "carried";
  from?: Array<string>;
}

/** Leaves of one quantity; combinations of answers run as in a product of the questions. `counts` is a text a combination, see :func:`geodata.draw.sharing.pack`: a row a year. */
export interface Sheet {
  kind: "exports" | "revenue" | "chance";
  name: string;
  questions: Array<string>;
  scale: number;
  mean: Array<Array<number | null>>;
  market?: string;
  label?: string;
  unit?: string;
  top?: number;
  counts?: Array<string>;
}

/** A document. */
export interface Source {
  title?: string;
  publisher?: string;
  published?: string;
  url?: string;
}

/** Median and edges of one scenario: a row a market, a cell a year. */
export interface Spread {
  flow: Array<Array<number | null>>;
  low: Array<Array<number | null>>;
  high: Array<Array<number | null>>;
}

/** What the gas of a line does, and how that is drawn. */
export interface State {
  key: string;
  label: string;
  style: "solid" | "hollow" | "faint" | "hatched";
}

/** A period as stored. */
export interface Step {
  id: string;
  label: string;
  tick?: string;
  note?: string;
  grades?: Array<number>;
  rough?: boolean;
  ahead?: boolean;
}

/** A stop of the tour; `texts` is its text in Russian and Chinese. */
export interface Stop {
  step: string;
  route?: string;
  date?: string;
  year?: string;
  title?: string;
  text?: string;
  texts?: [string, string];
  chance?: number;
  volume?: number;
}

/** Exports by market and year, the headline and the tour. */
export interface Story {
  markets: Array<Market>;
  years: Array<string>;
  scale: number;
  flow: Array<Array<number | null>>;
  low: Array<Array<number | null>>;
  high: Array<Array<number | null>>;
  headline: Headline;
  tour: Array<Stop>;
  ahead?: Coming;
}

/** One scenario of one line, by numbers of rows: by period, by year, chance that gas flows. `built` holds the same of those draws in which gas flows. */
export interface Telling {
  base?: { [name: string]: Edges };
  A?: { [name: string]: Edges };
  chance?: number | null;
  built?: { [name: string]: { [name: string]: Edges } };
}

/** How well the course of a line is known. */
export interface Texture {
  key: string;
  label: string;
  dash: string;
}

/** A unit to switch to; `factor` is per unit of the data. */
export interface Unit {
  key: string;
  unit: string;
  note: string;
  factor: number;
  digits: number;
  rate?: boolean;
  heat?: boolean;
}

/** Ways of gas: numbers of field, route and market, and a row over periods. */
export interface Ways {
  scale: number;
  fields: Array<string>;
  routes: Array<string>;
  markets: Array<Market>;
  rows: Array<[number, number, number, Row | null]>;
}

/** A year made of stored periods, from the first to before the last of `of`. */
export interface YearStep {
  id: string;
  label: string;
  tick?: string;
  note?: string;
  grades?: Array<number>;
  rough?: boolean;
  ahead?: boolean;
  of: Array<number>;
}
