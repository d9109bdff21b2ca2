import { TONES } from "../core/text/verdicts.ts";
import { formatShare } from "../ground/words/numbers.ts";
import { type Markup, markup, powerOfTen } from "./markup.ts";

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
  /** Powers of ten on each side of the middle that are neutral too. Default: 0. */
  sound?: number;
}

/** Scale with a step per factor of ten, and 1 in the middle. */
export const DECADES: Magnitude = { middle: 0, perDecade: 1 };

/**
 * Returns colours by size: blue below the middle, orange above it, more saturated further from it.
 * 0 and non-finite figures have their own marks.
 */
export function byMagnitude({ middle, perDecade, sound = 0 }: Magnitude): ColorOf {
  return (value) => {
    if (value === null) return null;
    if (!Number.isFinite(value)) return "nan";
    if (value === 0) return "nil";
    const off = Math.log10(Math.abs(value)) - middle;
    const beyond = Math.max(0, Math.abs(off) - sound) * perDecade;
    const step = Math.sign(off) * (sound === 0 ? Math.round(beyond) : Math.ceil(beyond));
    return step === 0 ? "n0" : `${step < 0 ? "b" : "o"}${Math.min(STEPS, Math.abs(step))}`;
  };
}

/** Returns colours by share; only 0 is without colour. */
export const byShare: ColorOf = (share) => {
  if (share === null) return null;
  return Number.isFinite(share) ? `s${Math.ceil(share * SHARES)}` : "nan";
};

/** Size of a colour in a key, and the room for half a label at both ends. */
const SWATCH = { width: 12, height: 12, margin: 16 };
/** Smallest distance of two labels below a key. */
const LEAST_SPACING = 32;

/** Draws the key to the colours of magnitudes, with powers of ten below. */
export function drawMagnitudes({ middle, perDecade, sound = 0 }: Magnitude): Markup {
  const side = (name: string) => Array.from({ length: STEPS }, (_, i) => `${name}${i + 1}`);
  const neutral = Math.max(1, Math.round(2 * sound * perDecade));
  const classes = [
    ...side("b").reverse(),
    ...Array.from({ length: neutral }, () => "n0"),
    ...side("o"),
  ];
  const center = classes.length / 2;
  const reach = STEPS / perDecade + sound;
  const every = Math.ceil(LEAST_SPACING / (SWATCH.width * perDecade));
  const from = Math.ceil(middle - reach);
  const exponents = Array.from(
    { length: Math.floor(middle + reach) - from + 1 },
    (_, i) => from + i,
  )
    .filter((exponent) => (exponent - Math.ceil(middle)) % every === 0);
  return drawSwatches(
    classes,
    exponents.map((exponent) => ({
      at: center + (exponent - middle) * perDecade,
      label: powerOfTen(exponent),
    })),
  );
}

/** Draws the key to the colours of magnitudes. */
export function magnitudeKey(magnitude: Magnitude): Markup {
  return markup`<p class="ramp">${drawMagnitudes(magnitude)}</p>`;
}

/** Draws the key to the colours of shares. */
export function shareKey(): Markup {
  const classes = Array.from({ length: SHARES + 1 }, (_, i) => `s${i}`);
  return markup`<p class="ramp">${
    drawSwatches(
      classes,
      [0, 0.5, 1].map((share) => ({
        at: 0.5 + share * SHARES,
        label: formatShare(share),
      })),
    )
  }</p>`;
}

function drawSwatches(
  classes: readonly string[],
  labels: readonly { at: number; label: string }[],
): Markup {
  const { width: unit, height, margin } = SWATCH;
  const x = (at: number) => margin + Math.round(at * unit);
  const width = 2 * margin + classes.length * unit;
  return markup`<svg viewBox="0 0 ${width} 30" width="${width}" height="30" aria-hidden="true"><g class="cells" stroke-width="${height}">${
    classes.map((name, i) => markup`<path class="${name}" d="m${x(i)} 6h${unit}"/>`)
  }</g><path class="tick" d="${labels.map(({ at }) => `M${x(at)} ${height}v4`).join("")}"/>${
    labels.map(({ at, label }) =>
      markup`<text x="${x(at)}" y="28" text-anchor="middle">${label}</text>`
    )
  }</svg>`;
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

/** Colours that say nothing of a network, on light and on dark paper. */
const NEUTRAL = {
  paper: { light: "#fff", dark: "#14161a" },
  panel: { light: "#f5f6f8", dark: "#1c1f25" },
  line: { light: "#dfe2e6", dark: "#343a42" },
  ink: { light: "#1b1e23", dark: "#e6e8eb" },
  soft: { light: "#59616b", dark: "#a3abb5" },
  data: { light: "#5b7aa8", dark: "#7f9fce" },
  link: { light: "#1f4f93", dark: "#9dc0f5" },
  pick: { light: "#fff3c4", dark: "#443a12" },
};

/** All colours, by the names of their variables: `--error`, `--paper` ... */
export const PALETTE: Readonly<Record<string, { light: string; dark: string }>> = {
  ...NEUTRAL,
  ...TONES,
};

const variables = (scheme: "light" | "dark") =>
  Object.entries(PALETTE).map(([name, color]) => `--${name}: ${color[scheme]};`).join(" ");

/**
 * Returns the style that defines the colours below an element, light or dark as the reader prefers
 * and light on paper: the same for pages, images and notebooks.
 */
export function paletteStyle(selector: string): string {
  return `
${selector} { ${variables("light")} }
@media screen and (prefers-color-scheme: dark) { ${selector} { ${variables("dark")} } }
.error { color: var(--error); }
.warning { color: var(--warning); }
.changed { color: var(--changed); }
.unjudged { color: var(--unjudged); }
.healthy { color: var(--healthy); }
`;
}
