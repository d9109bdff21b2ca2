import type { LayerFigureName, Quartiles, ScaleSummary, VariantSummary } from "../study_summary.ts";
import { byMagnitude, byShare, type ColorOf, DECADES } from "../../pages/color_steps.ts";
import { type ColumnAxis, scaleAxis } from "../../pages/column_axis.ts";
import { CHART } from "../../pages/draw_heat_map.ts";
import { evenly, shortTitle } from "../../pages/markup.ts";

/** Part of a variant that fits into a page. */
export interface VariantView {
  variant: VariantSummary;
  /** Number of the variant in the page, from 1. */
  number: number;
  /** Scales to show. */
  scales: ScaleSummary[];
  /** Axis of the scales. */
  axis: ColumnAxis;
  /** Layers to show, with their place in the network. */
  layers: { place: number; name: string }[];
  /** Index of the best shown scale; `null` if none is healthy. */
  best: number | null;
  /**
   * Index of the scale to show first: the best, else the one at which gradients keep their size,
   * else the middle one.
   */
  start: number;
  /** Scale at which the deltas keep their size in theory; `null` if theory has no prediction. */
  critical: number | null;
}

/** Figures of every shown layer at every shown scale. */
export interface FigureMap {
  title: string;
  about: string;
  kind: "magnitude" | "share";
  colorOf: ColorOf;
  rows: { name: string; place: number; cells: (number | null)[] }[];
}

/** Number of layers in a heat map, and the number if a page is short of room. */
const MOST_LAYERS = 24;
const FEW_LAYERS = 12;
/**
 * Largest number of cells (layers times scales) in a page, at about 100 bytes each, and the number
 * that each variant may always have.
 */
const MOST_CELLS = 9000;
const LEAST_CELLS = 120;

/** Selects the part of a variant that is shown in a page with this number of variants. */
export function viewVariant(
  variant: VariantSummary,
  number: number,
  variants: number,
): VariantView {
  const { scales, best, balanced } = variant;
  const all = scales[0].layers;
  const room = Math.max(LEAST_CELLS, Math.floor(MOST_CELLS / variants));
  const isTight = Math.min(all.length, MOST_LAYERS) * scales.length > room;
  const places = evenly(all.length, isTight ? FEW_LAYERS : MOST_LAYERS);
  const nearest = (scale: number) => {
    const off = scales.map((other) => Math.abs(Math.log(other.scale / scale)));
    return off.indexOf(Math.min(...off));
  };
  const wanted = best?.scale ?? balanced;
  const start = wanted === null ? (scales.length - 1) >> 1 : nearest(wanted);
  const shown = evenly(scales.length, Math.max(8, Math.floor(room / places.length)), [start])
    .map((i) => scales[i]);
  const place = shown.indexOf(scales[start]);
  return {
    variant,
    number,
    scales: shown,
    start: place,
    best: best === null ? null : place,
    axis: scaleAxis(shown.map(({ scale }) => scale), CHART),
    layers: places.map((place) => ({ place, name: all[place].name })),
    critical: crossing(scales, 1, wanted ?? 1),
  };
}

/**
 * Returns the scale, between two measured ones, at which theory's delta ratio crosses a level; the
 * nearest of several.
 */
export function crossing(
  scales: readonly ScaleSummary[],
  level: number,
  near: number,
): number | null {
  const off = ({ predictedRatio }: ScaleSummary) => Math.log((predictedRatio ?? NaN) / level);
  const found = scales.slice(1).flatMap((above, i) => {
    const low = off(scales[i]);
    const high = off(above);
    if (!Number.isFinite(low - high) || low === high || Math.sign(low) * Math.sign(high) > 0) {
      return [];
    }
    const part = low / (low - high);
    return [scales[i].scale ** (1 - part) * above.scale ** part];
  });
  const far = (scale: number) => Math.abs(Math.log(scale / near));
  return found.length === 0 ? null : found.reduce((a, b) => far(b) < far(a) ? b : a);
}

const magnitude = { kind: "magnitude", colorOf: byMagnitude(DECADES) } as const;
const share = { kind: "share", colorOf: byShare } as const;

/**
 * Returns the heat maps of a variant, without figures that no layer has and shares that are 0
 * everywhere.
 */
export function mapsOf(view: VariantView): FigureMap[] {
  const last = view.variant.scales[0].layers.findLastIndex(({ role, figures }) =>
    role === "hidden" && figures.gradient !== null && figures.deltaNorm !== null
  );
  const of = (figure: LayerFigureName) => rowsOf(view, (at) => figuresOf(at, figure)?.median);
  return [
    {
      ...magnitude,
      title: "mean |gradient|",
      about: "of the kernel: healthy where all layers are within a factor of 1000",
      rows: of("gradient"),
    },
    {
      ...magnitude,
      title: "mean |activation|",
      about: "healthy where much the same from layer to layer",
      rows: of("meanActivation"),
    },
    {
      ...magnitude,
      title: "delta ratio",
      about: "l2 of a layer's delta over that of the last hidden layer",
      rows: rowsOf(view, ({ scale, place }) => {
        if (place > last) return null;
        const end = figuresOf({ scale, place: last }, "deltaNorm")?.median;
        const own = figuresOf({ scale, place }, "deltaNorm")?.median;
        return !end || own === undefined ? null : own / end;
      }),
    },
    {
      ...share,
      title: "saturated",
      about: "share of the outputs where the activation is all but flat",
      rows: of("saturated"),
    },
    {
      ...share,
      title: "dead",
      about: "share of the units that are off for every example",
      rows: of("dead"),
    },
  ].filter(({ kind, rows }) =>
    // Without any dead unit, a map is unnecessary.
    kind === "share"
      ? rows.some(({ cells }) => cells.some((cell) => cell !== null && cell !== 0))
      : rows.length > 0
  );
}

interface Place {
  scale: ScaleSummary;
  place: number;
}

/** Returns the quartiles of a figure; `undefined` if no draw has it. */
export function figuresOf({ scale, place }: Place, figure: LayerFigureName): Quartiles | undefined {
  return scale.layers[place]?.figures[figure] ?? undefined;
}

function rowsOf(
  { scales, layers }: VariantView,
  of: (at: Place) => number | null | undefined,
): FigureMap["rows"] {
  return layers.map(({ name, place }) => ({
    name,
    place,
    cells: scales.map((scale) => of({ scale, place }) ?? null),
  })).filter(({ cells }) => cells.some((cell) => cell !== null));
}

/** Number of variants without a healthy scale that the title names. */
const MAX_NAMED = 3;

/** Returns the verdict on a study, in a few words and with a colour. */
export function studyVerdict(
  variants: readonly VariantSummary[],
): { paint: "healthy" | "warning" | "error"; words: string } {
  const all = variants.length;
  const without = variants.filter(({ best }) => best === null).length;
  const isActivation = new Set(variants.map(({ activation }) => activation)).size === all;
  const noun = isActivation ? "activations" : "networks";
  if (without === 0) {
    const forAll = all === 1 ? "" : ` for all ${all} ${noun}`;
    return { paint: "healthy", words: `Healthy scales found${forAll}` };
  }
  if (without === all) return { paint: "error", words: "No scale tried is healthy" };
  const healthy = all - without;
  if (without > MAX_NAMED) {
    return { paint: "warning", words: `Healthy scales found for ${healthy} of ${all} ${noun}` };
  }
  const names = variants.filter(({ best }) => best === null).map(({ label }) => shortTitle(label));
  const others = healthy === 1 ? "the other one does" : `the other ${healthy} ${noun} do`;
  return {
    paint: "warning",
    words: `${names.join(", ")} ${without === 1 ? "has" : "have"} no healthy scale; ${others}`,
  };
}
