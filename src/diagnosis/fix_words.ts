import { layerNames } from "../rules/say.ts";
import { sayPlain } from "../rules/sentence.ts";
import { gain } from "../theory/criticality.ts";
import type { InitializerScheme } from "../theory/initializers.ts";
import { formatFactor, formatNumber } from "../words/numbers.ts";
import { arrayOf, objectWith, requireValue, text } from "../words/requirements.ts";
import { type Cure, type CuredWeight, requireCure } from "./fix.ts";
import { FRAMEWORK_WORDS, namesInComment } from "./framework_words.ts";

/** Describes a fix in one sentence. */
export function describeCure(cure: Cure, all: NamedLayers): string {
  requireCure("cure", cure);
  requireValue("all", all, arrayOf(objectWith({ name: text, className: text })));
  const words = wordsOf(cure);
  switch (cure.kind) {
    case "rescale": {
      const initializer = cure.initializer === null
        ? ""
        : `, or draw ${cure.weights.length === 1 ? "it" : "them"} with ${
          words.draw(cure.weights, cure.initializer)
        }`;
      return `Multiply ${multiplying(cure.weights, all)}${initializer}.`;
    }
    case "redraw":
      return `Draw ${weightsOf(cure.weights, all)} with ${
        words.draw(cure.weights, cure.initializer)
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
      return `Replace ${words.name(cure.from)} in ${formatLayers(cure.layers, all)} by ` +
        `${words.name(cure.to)}, and draw the kernels with ` +
        `${words.draw(cure.rescale, initializerFor(cure.to))}.`;
    case "head":
      return [
        cure.activation === null ? "" : endWords(cure.layer, words.name(cure.activation)),
        cure.loss === null
          ? ""
          : `${cure.activation === null ? "U" : "u"}se the loss ${words.name(cure.loss)}`,
      ].filter((part) => part !== "").join(", and ") + ".";
    case "unfreeze":
      return `Set ${words.trainable} on ${formatLayers(cure.layers, all)}, and on every ` +
        `enclosing model.`;
    case "dropout":
      return `Lower the rate of ${formatLayers(cure.layers, all)}, or leave ${
        cure.layers.length === 1 ? "it" : "them"
      } out: 0.1 to 0.5 between layers is usual.`;
    case "remove-activation":
      return cure.activation === cure.nextActivation
        ? `Remove one of the two: ${words.name(cure.activation)} in \`${cure.layer}\` or in ` +
          `\`${cure.next}\`.`
        : `Remove ${words.name(cure.activation)} from \`${cure.layer}\`: \`${cure.next}\` ` +
          `applies ${words.name(cure.nextActivation)} to what comes out of it.`;
    case "penalties":
      return `Make the penalties of ${formatLayers(cure.layers, all)} at least ` +
        `${formatNumber(cure.by)} times weaker, or leave them out.`;
    case "learning-rate":
      return `Train with a learning rate of ${formatNumber(cure.to)} instead of ` +
        `${formatNumber(cure.from)}.`;
    case "rebuild":
      return cure.what;
  }
}

const endWords = (layer: string, activation: string) =>
  activation === "linear" ? `Remove the activation from ${layer}` : `End ${layer} in ${activation}`;

/** Returns a fix as code to paste, or `null` if there is none. */
export function cureCode(cure: Cure): string | null {
  requireCure("cure", cure);
  const words = wordsOf(cure);
  const inLayers = (layers: readonly string[]) => `  ${words.comment} in ${namesInComment(layers)}`;
  switch (cure.kind) {
    case "rescale":
      return cure.initializer === null
        ? words.multiplyCode(cure.weights)
        : words.drawCode(cure.weights, cure.initializer);
    case "redraw":
      return words.drawCode(cure.weights, cure.initializer);
    case "set-bias":
      return words.startCode(cure.weights, cure.value);
    case "normalize-input":
      return normalizingCode(cure, "inputs");
    case "normalize-targets":
      return normalizingCode(cure, "targets");
    case "shift-classes":
      return words.addCode("targets", cure.by);
    case "activation":
      return `${words.argument("activation", words.name(cure.to))}, ${
        words.draw(cure.rescale, initializerFor(cure.to))
      }${inLayers(cure.layers)}`;
    case "head": {
      const lines = [];
      if (cure.activation !== null) {
        const activation = words.argument("activation", words.name(cure.activation));
        lines.push(`${activation}${inLayers([cure.layer])}`);
      }
      if (cure.loss !== null) lines.push(words.argument("loss", words.name(cure.loss)));
      return lines.join("\n");
    }
    case "unfreeze":
      return cure.layers.map((layer) => words.trainCode(layer)).join("\n");
    case "dropout":
      return `${words.argument("rate", cure.rate)}${inLayers(cure.layers)}`;
    case "remove-activation":
      return `${words.argument("activation", "linear")}${inLayers([cure.layer])}`;
    case "learning-rate":
      return words.argument("learningRate", cure.to);
    case "penalties":
    case "rebuild":
      return null;
  }
}

const wordsOf = ({ framework }: Cure) => FRAMEWORK_WORDS[framework ?? "tensorflowjs"];

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

function normalizingCode(cure: Normalizing, values: string): string {
  const { mean, std, each } = cure;
  const words = wordsOf(cure);
  return each === undefined
    ? words.scaleCode(values, { subtract: rounded(mean), divide: rounded(std) })
    : words.normalizeCode(values, each.axes);
}

/** Maximum number of weights listed with separate factors. */
const MAX_FACTORS_SAID = 4;
/**
 * Factors within this ratio, as happens by chance for kernels of one shape, are stated as their
 * mean.
 */
const ONE_FACTOR = 1.2;

/**
 * Returns the weights with their factors: `the kernels of dense_1 by 2.33 and of dense_2 by 1.1`.
 */
function multiplying(
  weights: readonly (CuredWeight & { factor: number })[],
  all: NamedLayers,
): string {
  const factors = weights.map(({ factor }) => factor);
  const least = Math.min(...factors);
  const most = Math.max(...factors);
  if (most / least < ONE_FACTOR) {
    return `${weightsOf(weights, all)} by ${formatFactor(geometricMean(factors))}`;
  }
  if (weights.length > MAX_FACTORS_SAID) {
    return `${weightsOf(weights, all)} by ${formatFactor(least)} to ${formatFactor(most)}`;
  }
  const groups = [...Map.groupBy(weights, ({ factor }) => formatFactor(factor))];
  const said = groups.map(([factor, own]) =>
    `${own.map(({ weight }) => weight).join(", ")} by ${factor}`
  );
  return `${said.slice(0, -1).join(", ")} and ${said.at(-1)}`;
}

function weightsOf(weights: readonly CuredWeight[], all: NamedLayers): string {
  return weights.length === 1 ? weights[0].weight : `the kernels of ${layersOf(weights, all)}`;
}

function layersOf(weights: readonly CuredWeight[], all: NamedLayers): string {
  return formatLayers([...new Set(weights.map(({ layer }) => layer))], all);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function geometricMean(factors: readonly number[]): number {
  return Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length);
}

/** Layers of a model as sentences need them. */
export type NamedLayers = readonly { name: string; className: string }[];

/** Returns a short list of layers, with a run of neighbours as `dense_2 ... dense_10`. */
export function formatLayers(names: readonly string[], among: NamedLayers): string {
  return sayPlain([layerNames(names, among)]);
}

/** An initialiser of TensorFlow.js that draws kernels for an activation. */
export type KernelInitializer = "heUniform" | "leCunUniform";

/**
 * Returns the initialiser for the kernel before an activation. A sigmoid has no useful gain and
 * gets LeCun's. Both draw uniformly: `heNormal` and `leCunNormal` of TensorFlow.js cut off the
 * tails without a correction, so that they draw 0.88 times what they should, which is a factor of
 * 1/170 over 40 layers.
 */
export function initializerFor(activation: string): KernelInitializer {
  return (gain(activation) ?? 1) > 1 ? "heUniform" : "leCunUniform";
}

/** Scheme of each initialiser. */
export const SCHEME_OF: Readonly<Record<KernelInitializer, InitializerScheme>> = {
  heUniform: "he",
  leCunUniform: "lecun",
};
