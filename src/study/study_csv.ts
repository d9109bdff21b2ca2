import { defuse } from "../ground/words/failure.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { StudyLayer, StudyPoint } from "./grid_point.ts";
import type { PointTraining } from "./growth/growth_types.ts";
import type { StudyHeader } from "./study_document.ts";

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

/** Columns of a training: of its point, of the step, and of the layer at the step. */
const TRAINING = [
  "rate",
  "parameters",
  "embeddingLoss",
  "step",
  "loss",
  "fanIn",
  "std",
  "multiplier",
  "inputSize",
  "activationSize",
  "changeSize",
  "gradientSize",
  "updateSize",
] as const;

const COLUMNS = [...POINT, "layer", "role", "layerActivation", ...LAYER_FIGURES];

/** Heading of the CSV of a study. */
export function studyCsvHeading({ training }: Pick<StudyHeader, "training">): string {
  return `${[...COLUMNS, ...training === undefined ? [] : TRAINING].join(",")}\n`;
}

/**
 * Returns the rows of a point (RFC 4180): one for each layer or, of a training, for each layer at
 * each step. Numbers are in full, and cells empty where a value does not apply.
 *
 * Invisible characters in a text are written `\x1b` or `\u{202e}`, and a backslash `\\`, so that a
 * row is a line. A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`
 * or `@`), or that begins with `'`, gets a leading `'`.
 */
export function studyCsvRows(point: StudyPoint): string {
  const own = POINT.map((name) => cell(name === "failed" ? point.failed.join(" ") : point[name]));
  return point.layers
    .flatMap((layer) => {
      const cells = [...own, ...LAYER.map((name) => cell(layer[name]))];
      if (point.training === undefined) return [cells];
      return trainingCells(point.training, point.rate, layer.name)
        .map((more) => [...cells, ...more.map(cell)]);
    })
    .map((cells) => `${cells.join(",")}\n`)
    .join("");
}

/** Returns the cells of a layer at each step, in the order of the columns. */
function trainingCells(
  { parameters, embeddingLoss, losses, layers }: PointTraining,
  rate: number | undefined,
  name: string,
): Cell[][] {
  const layer = layers.find((one) => one.name === name);
  return losses.map((loss, step) => [
    rate,
    parameters,
    embeddingLoss,
    step,
    loss,
    layer?.fanIn,
    layer?.std,
    layer?.multiplier,
    layer?.inputs[step],
    layer?.activations[step],
    layer?.changes[step - 1],
    layer?.gradients[step],
    layer?.updates[step - 1],
  ]);
}

type Cell = string | number | boolean | null | undefined;

function cell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const visible = defuse(escapeControls(value.replaceAll("\\", "\\\\")));
  const text = /^['=+\-@＝＋－＠]/.test(visible) ? `'${visible}` : visible;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
