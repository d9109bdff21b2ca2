import { formatLayers, type NamedLayers } from "./format_layers.ts";
import { formatFactor, formatNumber } from "../words/numbers.ts";
import { arrayOf, objectWith, requireValue, text } from "../words/requirements.ts";
import type { Cure, CuredWeight } from "./cure.ts";
import { DRAWING_WORDS, namesInComment } from "./drawing_words.ts";
import { initializerFor } from "./initializer_for.ts";
import { requireCure } from "./require_cure.ts";

/** Says in one sentence what a cure does. */
export function describeCure(cure: Cure, all: NamedLayers): string {
  requireCure("cure", cure);
  requireValue("all", all, arrayOf(objectWith({ name: text, className: text })));
  switch (cure.kind) {
    case "rescale": {
      const which = weightsOf(cure.weights, all);
      const factors = cure.weights.map(({ factor }) => factor);
      const by = spread(factors) < 1.5
        ? formatFactor(geometricMean(factors))
        : `${formatFactor(Math.min(...factors))} to ${formatFactor(Math.max(...factors))}`;
      const initializer = cure.initializer === null
        ? ""
        : `, or draw ${cure.weights.length === 1 ? "it" : "them"} with ${
          wordsOf(cure).draw(cure.weights, cure.initializer)
        }`;
      return `Multiply ${which} by ${by}${initializer}.`;
    }
    case "redraw":
      return `Draw ${weightsOf(cure.weights, all)} with ${
        wordsOf(cure).draw(cure.weights, cure.initializer)
      }.`;
    case "set-bias":
      return `Start the ${cure.weights.length === 1 ? "bias" : "biases"} of ` +
        `${layersOf(cure.weights, all)} at ${formatNumber(cure.value)}.`;
    case "normalize-input":
      return normalizing(cure, `the input "${cure.input}"`);
    case "normalize-targets":
      return normalizing(cure, `the targets of ${cure.output}`);
    case "shift-classes":
      return `Number the classes of ${cure.output} from 0: ${
        cure.by < 0 ? `subtract ${formatNumber(-cure.by)} from` : `add ${formatNumber(cure.by)} to`
      } the targets.`;
    case "activation":
      return `Replace ${cure.from} in ${formatLayers(cure.layers, all)} by ${cure.to}, and draw ` +
        `the kernels with kernelInitializer: "${initializerFor(cure.to)}".`;
    case "head":
      return [
        cure.activation === null ? "" : `End ${cure.layer} in ${cure.activation}`,
        cure.loss === null ? "" : `${cure.activation === null ? "U" : "u"}se the loss ${cure.loss}`,
      ].filter((part) => part !== "").join(", and ") + ".";
    case "unfreeze":
      return `Set trainable = true on ${formatLayers(cure.layers, all)}, and on every ` +
        `enclosing model.`;
    case "dropout":
      return `Lower the rate of ${formatLayers(cure.layers, all)}, or leave ${
        cure.layers.length === 1 ? "it" : "them"
      } out: 0.1 to 0.5 between layers is usual.`;
    case "penalties":
      return `Make the penalties of ${
        formatLayers(cure.layers, all)
      } 10 to 100 times weaker, or leave ` +
        `them out.`;
    case "learning-rate":
      return `Train with a learning rate of ${formatNumber(cure.to)} instead of ` +
        `${formatNumber(cure.from)}.`;
    case "rebuild":
      return cure.what;
  }
}

/** Writes a cure as code to paste, or `null` where it is none. */
export function cureCode(cure: Cure): string | null {
  requireCure("cure", cure);
  switch (cure.kind) {
    case "rescale":
      return cure.initializer === null
        ? wordsOf(cure).multiplyCode(cure.weights)
        : wordsOf(cure).drawCode(cure.weights, cure.initializer);
    case "redraw":
      return wordsOf(cure).drawCode(cure.weights, cure.initializer);
    case "set-bias":
      return wordsOf(cure).startCode(cure.weights, cure.value);
    case "normalize-input":
      return normalizingCode(cure, "inputs");
    case "normalize-targets":
      return normalizingCode(cure, "targets");
    case "shift-classes":
      return `targets.add(${cure.by})`;
    case "activation":
      return `activation: "${cure.to}", kernelInitializer: "${initializerFor(cure.to)}"  // in ${
        namesInComment(cure.layers)
      }`;
    case "head":
      return [
        ...cure.activation === null
          ? []
          : [`activation: "${cure.activation}"  // in ${namesInComment([cure.layer])}`],
        ...cure.loss === null ? [] : [`loss: "${cure.loss}"`],
      ].join("\n");
    case "unfreeze":
      return cure.layers.map((layer) =>
        `model.getLayer(${JSON.stringify(layer)}).trainable = true;`
      )
        .join("\n");
    case "dropout":
      return `rate: ${cure.rate}  // in ${namesInComment(cure.layers)}`;
    case "penalties":
      return `kernelRegularizer: undefined  // in ${namesInComment(cure.layers)}`;
    case "learning-rate":
      return `learningRate: ${cure.to}`;
    case "rebuild":
      return null;
  }
}

const wordsOf = ({ framework }: Cure) => DRAWING_WORDS[framework ?? "keras"];

type Normalizing = Extract<Cure, { kind: "normalize-input" | "normalize-targets" }>;

function normalizing({ mean, std, each }: Normalizing, what: string): string {
  if (each === undefined) {
    if (std === 1) return `Subtract ${formatNumber(mean)} from ${what}.`;
    return mean === 0
      ? `Divide ${what} by ${formatNumber(std)}.`
      : `Normalise ${what}: subtract ${formatNumber(mean)} and divide by ${formatNumber(std)}.`;
  }
  return `Normalise each ${each.what} of ${what}: subtract its mean over the training set and divide by ` +
    `its standard deviation.`;
}

function normalizingCode({ mean, std, each }: Normalizing, values: string): string {
  if (each === undefined) {
    return values + (mean === 0 ? "" : `.sub(${number(mean)})`) +
      (std === 1 ? "" : `.div(${number(std)})`);
  }
  // Where nothing varies, a little keeps 0 / 0 away.
  return `const { mean, variance } = tf.moments(${values}, [${each.axes.join(", ")}], true);\n` +
    `${values}.sub(mean).div(variance.sqrt().add(1e-6))`;
}

function weightsOf(weights: readonly CuredWeight[], all: NamedLayers): string {
  return weights.length === 1 ? weights[0].weight : `the kernels of ${layersOf(weights, all)}`;
}

function layersOf(weights: readonly CuredWeight[], all: NamedLayers): string {
  return formatLayers([...new Set(weights.map(({ layer }) => layer))], all);
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function spread(factors: readonly number[]): number {
  return Math.max(...factors) / Math.min(...factors);
}

function geometricMean(factors: readonly number[]): number {
  return Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length);
}
