import { defuse } from "../words/failure.ts";
import { escapeControls } from "../words/show_value.ts";
import type { StudyLayer, StudyPoint } from "./grid_point.ts";

const POINT = [
  "index",
  "seed",
  "activation",
  "initializer",
  "depth",
  "width",
  "scale",
  "objective",
  "deltaRatio",
  "healthy",
  "failed",
] as const;

/** Figures of a layer, in the order of the columns. */
export const LAYER_FIGURES = [
  "sigma",
  "gradient",
  "delta",
  "deltaNorm",
  "meanActivation",
  "saturated",
  "dead",
  "zeroGradients",
  "zeroDeltas",
  "zeroActivations",
] as const satisfies readonly (keyof StudyLayer)[];

const LAYER = ["name", "role", "activation", ...LAYER_FIGURES] as const;

/** Heading of the CSV: one row is one layer at one point. */
export const STUDY_CSV_HEADING = `${
  [...POINT, "layer", "role", "layerActivation", ...LAYER_FIGURES].join(",")
}\n`;

/**
 * Returns the rows of a point (RFC 4180): numbers in full, empty cells where a value does not
 * apply.
 *
 * Invisible characters in a text are written `\x1b` or `\u{202e}`, and a backslash `\\`, so that a
 * row is a line. A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`
 * or `@`), or that begins with `'`, gets a leading `'`.
 */
export function studyCsvRows(point: StudyPoint): string {
  const own = POINT.map((name) => cell(name === "failed" ? point.failed.join(" ") : point[name]));
  return point.layers
    .map((layer) => `${[...own, ...LAYER.map((name) => cell(layer[name]))].join(",")}\n`)
    .join("");
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const visible = defuse(escapeControls(value.replaceAll("\\", "\\\\")));
  const text = /^['=+\-@＝＋－＠]/.test(visible) ? `'${visible}` : visible;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
