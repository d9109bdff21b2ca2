import { type Chart, type ChartBar, hasBar } from "../core/text/chart_model.ts";
import { formatNumber, formatShare, roundTo } from "../ground/words/numbers.ts";
import { type Markup, markup, partsOf, powerOfTen, toTenth } from "./markup.ts";

/** Severity of a figure that a finding is about, or `changed` if it differs from another run's. */
export type Wrong = "error" | "warning" | "changed";

/** Horizontal bars of one figure, a row for each group of layers. Positions are per cent of the width. */
export interface BarPanel {
  title: string;
  /** Rest of a sentence that begins with the title; may be empty. */
  about: string;
  ticks: { at: number; label: string }[];
  /** Healthy part of the axis, or `null`. */
  band: { from: number; to: number } | null;
  /** Start of each bar. */
  base: number;
  /** Place of zeros and of non-finite figures, beyond the axis; `null` if there are none. */
  zero: number | null;
  broken: number | null;
  rows: (BarRow | null)[];
  /** True if it shows the fixed network too. */
  isFixed: boolean;
  /** True if some of its layers have only gains. */
  hasGains: boolean;
}

/** Row of a panel; several layers share one as thin bars. */
export interface BarRow {
  bars: PanelBar[];
  /** Figure of its worst layer, and the same with the fix. */
  figure: string;
  /**
   * Lines of figures in place of the one: the smallest and the largest of several layers of which
   * none is wrong, and those of gains beside kernels. Empty if one figure says it all.
   */
  lines: string[];
  fixed: string;
  wrong: Wrong | null;
  /** True if the healthy band holds for it. */
  isJudged: boolean;
}

/** Bar of a layer. */
interface PanelBar {
  /** End of the bar; `null` for a value of 0 or one that is not finite. */
  at: number | null;
  isZero: boolean;
  /** End of the bar with the fix, in the same way. */
  fixedAt: number | null;
  wrong: Wrong | null;
  /** True if it is outside of the healthy band, though no finding is about it. */
  isOutside: boolean;
  /** True if the layer has gains and no kernel, so that its size compares with gains alone. */
  isGain: boolean;
  title: string;
}

/** Contents of a panel. */
export interface PanelContent {
  /** Chart in which each layer has its own bar. */
  chart: Chart;
  /** The same with the fixes; `null` if none was tried. */
  fixed: Chart | null;
  /** Layers of each row, by name. */
  rows: readonly (readonly string[])[];
  /** Severity of the findings about this figure, by layer. */
  wrong: ReadonlyMap<string, Wrong>;
  /** Value from which bars start, to the left and to the right; `null` for the start of the axis. */
  origin: number | null;
  /** Layers with gains and no kernel. */
  gains?: ReadonlySet<string>;
  /** Layers that the healthy band does not hold for. */
  unjudged?: ReadonlySet<string>;
  /** True if the values are shares. */
  isShare?: boolean;
}

/** Sign of a gain among figures. */
const GAIN_SIGN = "◆";
/** Number of layers that have their own bar in a row. */
const MAX_BARS_IN_ROW = 48;
const LEAST_DECADES = 2;
const MAX_TICKS = 4;
/** Width of a lane beside the axis. */
const LANE = 11;
const EDGE = 2;

/** Builds a panel on an axis that fits its values. */
export function barPanel(content: PanelContent): BarPanel {
  const { chart, fixed, rows, origin, gains = new Set() } = content;
  const { title, about, axis: { scale } } = chart;
  // Where nothing is sound, the fixed network says what is.
  const band = fixed?.band ?? chart.band;
  const before = new Map(chart.bars.map((bar) => [bar.label, bar]));
  const after = new Map((fixed?.bars ?? []).map((bar) => [bar.label, bar.value]));
  const values = [...before.values()].map(({ value }) => value).concat([...after.values()])
    .filter((value) => value !== null);
  const isLog = scale === "log";
  const hasZero = isLog && values.includes(0);
  const hasBroken = values.some((value) => !Number.isFinite(value));
  const range = isLog ? logRange(values.filter(hasBar), origin) : linearRange(values);
  const from = hasZero ? LANE : EDGE;
  const to = 100 - (hasBroken ? LANE : EDGE);
  const at = (value: number) => {
    const share = ((isLog ? Math.log10(value) : value) - range.from) / (range.to - range.from);
    return roundTo(4, from + (to - from) * Math.min(1, Math.max(0, share)));
  };
  const ends = band === null ? null : { from: at(band.from), to: at(band.to) };
  const place = { at, isLog, after, content, band };
  return {
    title,
    about: about.replace(/^[: ]+/, ""),
    ticks: range.ticks.map(({ value, label }) => ({ at: at(value), label })),
    band: ends === null || ends.from >= ends.to ? null : ends,
    base: origin === null ? from : at(origin),
    zero: hasZero ? LANE / 2 : null,
    broken: hasBroken ? 100 - LANE / 2 : null,
    rows: rows.map((names) => rowOf(names.flatMap((name) => before.get(name) ?? []), place)),
    isFixed: after.size > 0,
    hasGains: rows.flat().some((name) => gains.has(name)),
  };
}

/** Placement of bars in a panel. */
interface Placing {
  at: (value: number) => number;
  isLog: boolean;
  after: ReadonlyMap<string, number | null>;
  content: PanelContent;
  band: Chart["band"];
}

function rowOf(
  bars: readonly ChartBar[],
  { at, isLog, after, content, band }: Placing,
): BarRow | null {
  const { wrong, gains = new Set(), unjudged = new Set(), isShare = false } = content;
  const known = bars.filter(({ value }) => value !== null);
  if (known.length === 0) return null;
  const say = (value: number | null) => {
    if (value === null) return "";
    return isShare && Number.isFinite(value) ? formatShare(value) : formatNumber(roundTo(2, value));
  };
  const endOf = (value: number | null | undefined) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return null;
    return isLog && value <= 0 ? null : at(value);
  };
  const size = Math.ceil(known.length / MAX_BARS_IN_ROW);
  const shown = partsOf(known, size).map((bars) => worst(bars, wrong));
  const kernels = known.filter(({ label }) => !gains.has(label));
  const own = known.filter(({ label }) => gains.has(label));
  const isMixed = kernels.length > 0 && own.length > 0;
  const first = worst(kernels, wrong) ?? worst(known, wrong);
  const layers = known.map(({ label }) => label);
  const severity = gravestOf(layers, wrong);
  const ends = endsOf(kernels, say);
  const isRange = severity === null && after.size === 0 && ends.length > 1 &&
    kernels.every(({ value }) => hasBar(value));
  return {
    bars: shown.map(({ label, value, gap }) => ({
      at: endOf(value),
      isZero: value === 0 && isLog,
      fixedAt: endOf(after.get(label)),
      wrong: wrong.get(label) ?? null,
      isOutside: band !== null && !wrong.has(label) && !gains.has(label) && !unjudged.has(label) &&
        hasBar(value) && (value < band.from || value > band.to),
      isGain: gains.has(label),
      title: gap ?? say(value),
    })),
    lines: linesOf(isRange ? ends : [say(first.value)], isMixed ? endsOf(own, say) : []),
    figure: Number.isNaN(first.value) ? "NaN" : say(first.value),
    fixed: say(after.get(first.label) ?? null),
    wrong: severity,
    isJudged: !layers.every((name) => unjudged.has(name)),
  };
}

/** Formats the smallest and the largest value; once, if both look the same. */
function endsOf(bars: readonly ChartBar[], say: (value: number | null) => string): string[] {
  const sizes = bars.flatMap(({ value }) => hasBar(value) ? [value!] : []).sort((a, b) => a - b);
  return [...new Set([sizes.at(0) ?? 0, sizes.at(-1) ?? 0].map(say))];
}

/** Writes the figures of kernels and of gains, each a range or one figure, a line for each end. */
function linesOf(kernels: readonly string[], gains: readonly string[]): string[] {
  if (kernels.length === 1 && gains.length === 0) return [];
  return [kernels, gains.map((gain, i) => i === 0 ? `${GAIN_SIGN} ${gain}` : gain)]
    .flatMap((ends) => ends.map((end, i) => i === 0 ? end : `to ${end}`));
}

function gravestOf(names: readonly string[], wrong: PanelContent["wrong"]): Wrong | null {
  const found = names.map((name) => wrong.get(name));
  return GRAVEST.find((one) => found.includes(one)) ?? null;
}

const GRAVITY = { error: 20, warning: 10, changed: 5 };
const GRAVEST: readonly Wrong[] = ["error", "warning", "changed"];

/** Returns the bar with the gravest finding; of several, one that is not finite, then the smallest. */
function worst(bars: readonly ChartBar[], wrong: PanelContent["wrong"]): ChartBar {
  const rank = ({ label, value, position }: ChartBar) => {
    const severity = wrong.get(label);
    const grave = severity === undefined ? 0 : GRAVITY[severity];
    if (!hasBar(value)) return grave + (value === 0 ? 2 : 3);
    return grave + 1 - (position ?? 0);
  };
  return bars.reduce((worst, next) => rank(next) > rank(worst) ? next : worst, bars[0]);
}

/** Range of an axis, in exponents if it is logarithmic, and its marks. */
interface Range {
  from: number;
  to: number;
  ticks: { value: number; label: string }[];
}

/** Returns the range that the values fill, at least two decades. */
function logRange(values: readonly number[], origin: number | null): Range {
  if (values.length === 0) return { from: 0, to: 1, ticks: [] };
  const exponents = [...values, ...origin === null ? [] : [origin]].map(Math.log10);
  let from = exponents.reduce((a, b) => Math.min(a, b), exponents[0] ?? 0);
  let to = exponents.reduce((a, b) => Math.max(a, b), exponents[0] ?? 0);
  const short = Math.max(0, LEAST_DECADES - (to - from));
  from -= short / 2;
  to += short / 2;
  // A bar of the smallest value has a length too.
  const room = (to - from) * 0.06;
  if (short === 0) from -= origin === null ? 2 * room : room;
  if (short === 0) to += room;
  const first = Math.ceil(from);
  const step = Math.max(1, Math.ceil((Math.floor(to) - first + 1) / MAX_TICKS));
  const ticks = [];
  for (let exponent = Math.ceil(from / step) * step; exponent <= to; exponent += step) {
    ticks.push({ value: 10 ** exponent, label: powerOfTen(exponent) });
  }
  return { from, to, ticks };
}

function linearRange(values: readonly number[]): Range {
  const known = values.filter(Number.isFinite);
  const least = known.reduce((a, b) => Math.min(a, b), 0);
  const most = known.reduce((a, b) => Math.max(a, b), 0);
  const end = most === 0 && least === 0 ? 1 : most;
  const ends = [least, (least + end) / 2, end];
  return {
    from: least,
    to: end,
    ticks: ends.map((value) => ({ value, label: formatNumber(roundTo(2, value)) })),
  };
}

/** Height of a row with one bar, and the largest of a row with many. */
const ROW = 22;
const HIGHEST_ROW = 110;
/** Height of a bar that shares its row. */
const THIN = 2.5;
/** Height of one of several figures. */
const LINE = 11;
const AXIS = 20;
/** Per cent of the width within which a label would reach into the column to the left on a phone. */
const NEAR_START = 8;

/** Returns the height of a row: that of its bars or figures in the panel with most of them. */
export function rowHeight(panels: readonly BarPanel[], row: number): number {
  const most = Math.max(1, ...panels.map(({ rows }) => rows[row]?.bars.length ?? 1));
  const lines = Math.max(...panels.map(({ rows }) => rows[row]?.lines.length ?? 0));
  return Math.min(HIGHEST_ROW, Math.max(ROW, lines * LINE, Math.round(most * THIN + 4)));
}

/** Draws the lines of an axis behind all rows of a panel, to be used by each as `#id`. */
export function barGround({ ticks, base, zero, band }: BarPanel, id: string): Markup {
  const line = (at: number, name: string) =>
    markup`<line class="${name}" x1="${at}%" x2="${at}%" y1="0" y2="100%"/>`;
  return markup`<symbol id="${id}">${ticks.map(({ at }) => line(at, "tick"))}${
    zero === null ? null : line(2 * zero, "break")
  }${line(base, "base")}${
    band === null ? null : markup`${line(band.from, "limit")}${line(band.to, "limit")}`
  }</symbol>`;
}

/** Draws the labels of an axis, in a drawing of any width. */
export function drawBarAxis({ ticks, zero, broken }: BarPanel): Markup {
  const label = (at: number, text: string, name: "" | "spare") => {
    const names = `${name}${at < NEAR_START ? " near-start" : ""}`.trim();
    return markup`<text x="${at}%" y="14" text-anchor="middle"${
      names === "" ? null : markup` class="${names}"`
    }>${text}</text>`;
  };
  return markup`<svg class="axis" width="100%" height="${AXIS}" aria-hidden="true">${
    ticks.map(({ at, label: text }, i) => label(at, text, i % 2 === 1 ? "spare" : ""))
  }${zero === null ? null : label(zero, "0", "")}${
    broken === null ? null : label(broken, "NaN", "")
  }</svg>`;
}

/** Draws the bars of a row, in a drawing of any width. */
export function drawBarRow(
  panel: BarPanel,
  row: BarRow | null,
  { height, ground }: { height: number; ground: string },
): Markup {
  const { band } = panel;
  const bars = row?.bars ?? [];
  const thick = bars.length === 1 ? 10 : (height - 4) / bars.length;
  const top = (height - thick * bars.length) / 2;
  return markup`<svg class="bar-row" width="100%" height="${height}" aria-hidden="true">${
    band === null || row === null || !row.isJudged
      ? null
      : markup`<rect class="healthy-band" x="${band.from}%" width="${
        toTenth(band.to - band.from)
      }%" height="100%"/>`
  }<use href="#${ground}"/>${
    bars.map((bar, i) => drawBar(panel, bar, { y: toTenth(top + i * thick), thick }))
  }</svg>`;
}

function drawBar(
  { base, zero, broken }: BarPanel,
  { at, isZero, fixedAt, wrong, isOutside, isGain, title }: PanelBar,
  { y, thick }: { y: number; thick: number },
): Markup {
  const tone = wrong ?? (isOutside ? "outside" : "sound");
  const middle = toTenth(y + thick / 2);
  const isThin = thick < 8;
  const shown = () => {
    if (isZero) {
      return markup`<circle class="nothing ${tone}" cx="${zero!}%" cy="${middle}" r="${
        isThin ? 1 : 4
      }"><title>exactly 0</title></circle>`;
    }
    if (at === null) {
      return markup`<text class="nothing ${tone}" x="${broken ?? 50}%" y="${
        middle + 4
      }" text-anchor="middle">×</text>`;
    }
    if (isGain) {
      return markup`<svg class="gain ${tone}" x="${at}%" y="${middle}">${
        gainMark(isThin ? 2 : 4)
      }<title>${title}</title></svg>`;
    }
    const from = Math.min(base, at);
    return markup`<rect class="bar ${tone}" x="${from}%" y="${y}" width="${
      Math.max(0.6, toTenth(Math.abs(at - base)))
    }%" height="${toTenth(isThin ? thick - 0.5 : thick)}"><title>${title}</title></rect>`;
  };
  const rim = isThin ? 0 : 4;
  return markup`${shown()}${
    fixedAt === null
      ? null
      : markup`<line class="fixed" x1="${fixedAt}%" x2="${fixedAt}%" y1="${toTenth(y - rim)}" y2="${
        toTenth(y + thick + rim)
      }"/>`
  }`;
}

/** Draws the mark of a gain: a diamond, since a ring is a figure of exactly 0. */
export function gainMark(size: number): Markup {
  return markup`<path d="M0-${size}l${size} ${size}-${size} ${size}-${size}-${size}z"/>`;
}

/** Style of bars, in a page or an image. */
export const BAR_STYLE = `
symbol .tick, symbol .base, .bar-row .base { stroke: var(--line); }
symbol .break { stroke: var(--soft); stroke-dasharray: 2 3; }
symbol .limit { stroke: var(--healthy); stroke-opacity: .45; }
.healthy-band { fill: var(--healthy); fill-opacity: .1; }
.bar.sound { fill: var(--data); }
.bar.outside { fill: var(--paper); stroke: var(--data); stroke-width: 1.5; }
.bar.error, text.nothing.error { fill: var(--error); }
.bar.warning, text.nothing.warning { fill: var(--warning); }
.bar.healthy { fill: var(--healthy); }
.bar.changed, text.nothing.changed { fill: var(--changed); }
.gain { overflow: visible; fill: var(--data); }
.gain.error { fill: var(--error); }
.gain.warning { fill: var(--warning); }
.gain.changed { fill: var(--changed); }
circle.nothing { fill: var(--paper); stroke-width: 1.5; stroke: var(--data); }
circle.nothing.error { stroke: var(--error); }
circle.nothing.warning { stroke: var(--warning); }
circle.nothing.changed { stroke: var(--changed); }
text.nothing { font: 700 13px system-ui, sans-serif; }
text.nothing.sound { fill: var(--soft); }
.fixed { stroke: var(--healthy); stroke-width: 2.5; }
.axis text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
`;
