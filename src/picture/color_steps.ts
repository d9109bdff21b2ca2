import { type Markup, markup } from "./markup.ts";
import { powerOfTen } from "./path_data.ts";

/**
 * Returns the colour of a figure: the name of a class of the style sheet; `null` without a
 * measurement.
 */
export type ColorOf = (value: number | null) => string | null;

/** Number of steps on each side of the middle. */
const STEPS = 9;
const SHARES = 10;

/** Logarithmic scale of colours. */
export interface Magnitude {
  /** Power of ten in the middle, where the colour is neutral. */
  middle: number;
  /** Number of colour steps per factor of ten. */
  perDecade: number;
}

/** Scale with a step per factor of ten, and 1 in the middle. */
export const DECADES: Magnitude = { middle: 0, perDecade: 1 };

/**
 * Returns colours by size: blue below the middle, orange above it, more saturated further from it.
 * 0 and non-finite figures have their own marks.
 */
export function byMagnitude({ middle, perDecade }: Magnitude): ColorOf {
  return (value) => {
    if (value === null) return null;
    if (!Number.isFinite(value)) return "nan";
    if (value === 0) return "nil";
    const step = Math.round((Math.log10(Math.abs(value)) - middle) * perDecade);
    return step === 0 ? "n0" : `${step < 0 ? "b" : "o"}${Math.min(STEPS, Math.abs(step))}`;
  };
}

/** Returns colours by share; only 0 is without colour. */
export const byShare: ColorOf = (share) => {
  if (share === null) return null;
  return Number.isFinite(share) ? `s${Math.ceil(share * SHARES)}` : "nan";
};

/** Returns all colours of magnitudes side by side, and the labels of both ends. */
export function magnitudeRamp(
  { middle, perDecade }: Magnitude,
): { swatches: Markup; from: string; to: string } {
  const classes = [
    ...Array.from({ length: STEPS }, (_, i) => `b${STEPS - i}`),
    "n0",
    ...Array.from({ length: STEPS }, (_, i) => `o${i + 1}`),
  ];
  const end = STEPS / perDecade;
  return {
    swatches: swatches(classes),
    from: `≤\u00a0${powerOfTen(middle - end)}`,
    to: `≥\u00a0${powerOfTen(middle + end)}, middle\u00a0${powerOfTen(middle)}`,
  };
}

/** Draws the key to the colours of magnitudes. */
export function magnitudeKey(magnitude: Magnitude): Markup {
  const { swatches, from, to } = magnitudeRamp(magnitude);
  return markup`<p class="ramp">${from} ${swatches} ${to}</p>`;
}

/** Draws the key to the colours of shares. */
export function shareKey(): Markup {
  return markup`<p class="ramp">0 % ${
    swatches(Array.from({ length: SHARES + 1 }, (_, i) => `s${i}`))
  } 100 %</p>`;
}

function swatches(classes: readonly string[]): Markup {
  return markup`<svg viewBox="0 0 ${classes.length * 9} 12" width="${
    classes.length * 9
  }" height="12" aria-hidden="true"><g class="cells" stroke-width="12">${
    classes.map((name, i) => markup`<path class="${name}" d="m${i * 9} 6h9"/>`)
  }</g></svg>`;
}

/** A row of colours from the middle to one end. */
interface ColorSide {
  steps: number;
  hue: number;
  /** Chroma at the end. */
  chroma: number;
  /** Lightness at the end, if not that of the others. */
  last?: number;
}

/**
 * Returns the colours in OKLCH, in which equal steps look equal. Readers who are blind to red or
 * green can distinguish blue and orange, and each side of the scale works by lightness alone. The
 * middle is close to the paper, also in dark mode.
 */
const colors = (paper: number, end: number, most = end) => {
  const color = (lightness: number, chroma: number, hue: number) =>
    `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${hue})`;
  const rule = (selector: string, color: string) =>
    `${selector} { fill: ${color}; stroke: ${color}; }`;
  const side = (name: string, { steps, hue, chroma, last = end }: ColorSide) =>
    Array.from({ length: steps }, (_, i) => {
      const share = (i + 1) / steps;
      return rule(
        `.${name}${i + 1}`,
        color(paper + (last - paper) * share, chroma * Math.sqrt(share), hue),
      );
    });
  const neutral = color(paper, 0.004, 250);
  return [
    rule(".n0, .s0", neutral),
    ...side("b", { steps: STEPS, hue: 255, chroma: 0.15 }),
    ...side("o", { steps: STEPS, hue: 55, chroma: 0.14 }),
    ...side("s", { steps: SHARES, hue: 320, chroma: 0.15, last: most }),
  ].join("\n");
};

/** Style of the colours on white. */
const LIGHT_COLORS = colors(0.955, 0.42);

/** Style of the colours on a page, light or dark as the reader prefers. */
export const COLOR_STYLE = `
${LIGHT_COLORS}
@media screen and (prefers-color-scheme: dark) {
${colors(0.3, 0.86, 0.74)}
}
`;
