import type { BarPanel, BarRow, PanelBar } from "./bar_panel.ts";
import { type Markup, markup } from "./markup.ts";

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
        decimal(band.to - band.from)
      }%" height="100%"/>`
  }<use href="#${ground}"/>${
    bars.map((bar, i) => drawBar(panel, bar, { y: decimal(top + i * thick), thick }))
  }</svg>`;
}

function drawBar(
  { base, zero, broken }: BarPanel,
  { at, isZero, fixedAt, wrong, isOutside, isGain, title }: PanelBar,
  { y, thick }: { y: number; thick: number },
): Markup {
  const tone = wrong ?? (isOutside ? "outside" : "sound");
  const middle = decimal(y + thick / 2);
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
      Math.max(0.6, decimal(Math.abs(at - base)))
    }%" height="${decimal(isThin ? thick - 0.5 : thick)}"><title>${title}</title></rect>`;
  };
  const rim = isThin ? 0 : 4;
  return markup`${shown()}${
    fixedAt === null
      ? null
      : markup`<line class="fixed" x1="${fixedAt}%" x2="${fixedAt}%" y1="${decimal(y - rim)}" y2="${
        decimal(y + thick + rim)
      }"/>`
  }`;
}

/** Draws the mark of a gain: a diamond, since a ring is a figure of exactly 0. */
export function gainMark(size: number): Markup {
  return markup`<path d="M0-${size}l${size} ${size}-${size} ${size}-${size}-${size}z"/>`;
}

const decimal = (value: number) => Math.round(value * 10) / 10;

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
