import { layerNames, sayPlain } from "../rules/say.ts";
import { gain } from "../../ground/theory/criticality.ts";
import type { InitializerScheme } from "../../ground/theory/initializers.ts";
import { formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import { list, object, requireValue, string } from "../../ground/words/shape.ts";
import { type Fix, type FixWeight, requireFix } from "./fix.ts";
import { argumentOf, FRAMEWORK_WORDS, namesInComment } from "./framework_words.ts";

/** Describes a fix in one sentence. */
export function describeFix(fix: Fix, all: NamedLayers): string {
  requireFix("fix", fix);
  requireValue("all", all, list(object({ name: string, className: string })));
  const words = wordsOf(fix);
  switch (fix.kind) {
    case "rescale": {
      const initializer = fix.initializer === null
        ? ""
        : `, or draw ${fix.weights.length === 1 ? "it" : "them"} with ${
          words.draw(fix.weights, fix.initializer)
        }`;
      return `Multiply ${multiplying(fix.weights, all)}${initializer}.`;
    }
    case "redraw":
      return `Draw ${weightsOf(fix.weights, all)} with ${
        words.draw(fix.weights, fix.initializer)
      }.`;
    case "set-bias":
      return `Start the ${startedWords(fix.weights)} of ` +
        `${layersOf(fix.weights, all)} at ${formatNumber(fix.value)}${
          words.start(fix.weights, fix.value)
        }.`;
    case "normalize-input":
      return normalizing(fix, `the input "${fix.input}"`);
    case "normalize-targets":
      return normalizing(fix, `the targets of ${fix.output}`);
    case "reshape-targets":
      return `Give the targets the shape of the output, [${fix.shape.join(", ")}]: ` +
        `${words.reshapeCode("targets", fix.shape)}.`;
    case "shift-classes":
      return `Number the classes of ${fix.output} from 0: ${
        fix.by < 0 ? `subtract ${formatNumber(-fix.by)} from` : `add ${formatNumber(fix.by)} to`
      } the targets.`;
    case "activation":
      return `Replace ${words.name(fix.from)} in ${formatLayers(fix.layers, all)} by ` +
        `${words.name(fix.to)}, and draw the kernels with ` +
        `${words.draw(fix.rescale, initializerFor(fix.to))}.`;
    case "head":
      return headWords(fix);
    case "unfreeze":
      return `Set ${words.trainable} on ${formatLayers(fix.layers, all)}, and on every ` +
        `enclosing model.`;
    case "dropout":
      return dropoutWords(fix, all);
    case "remove-activation":
      return fix.activation === fix.nextActivation
        ? `Remove one of the two: ${words.name(fix.activation)} in \`${fix.layer}\` or in ` +
          `\`${fix.next}\`.`
        : `Remove ${words.name(fix.activation)} from \`${fix.layer}\`: \`${fix.next}\` ` +
          `applies ${words.name(fix.nextActivation)} to what comes out of it.`;
    case "penalties":
      return `Make the penalties of ${formatLayers(fix.layers, all)} at least ` +
        `${formatNumber(fix.by)} times weaker, or leave them out.`;
    case "learning-rate":
      return `Train with a learning rate of ${formatNumber(fix.to)} instead of ` +
        `${formatNumber(fix.from)}.`;
    case "rebuild":
      return fix.what;
  }
}

/** Usual rates of a dropout between layers. */
const USUAL_DROPOUT = { least: 0.1, most: 0.5 };

function dropoutWords(
  { layers, rate }: Extract<Fix, { kind: "dropout" }>,
  all: NamedLayers,
): string {
  const { least, most } = USUAL_DROPOUT;
  const why = rate > 0 && rate < least
    ? `this many dropout layers need ${formatNumber(rate)}`
    : `${least} to ${most} between layers is usual`;
  const them = layers.length === 1 ? "it" : "them";
  return `Lower the rate of ${formatLayers(layers, all)}, or leave ${them} out: ${why}.`;
}

function startedWords(weights: readonly FixWeight[]): string {
  if (argumentOf(weights[0]) === "gammaInitializer") return "gamma";
  return weights.length === 1 ? "bias" : "biases";
}

function headWords(fix: Extract<Fix, { kind: "head" }>): string {
  const words = wordsOf(fix);
  return [
    fix.activation === null ? "" : endWords(fix.layer, words.name(fix.activation)),
    fix.loss === null
      ? ""
      : `${fix.activation === null ? "U" : "u"}se the loss ${words.name(fix.loss)}`,
  ].filter((part) => part !== "").join(", and ") + ".";
}

const endWords = (layer: string, activation: string) =>
  activation === "linear" ? `Remove the activation from ${layer}` : `End ${layer} in ${activation}`;

/**
 * Names the way that was tried if a fix offers two, to follow "tried"; empty if there is only one.
 */
export function triedPart(fix: Fix): string {
  switch (fix.kind) {
    case "rescale":
      return fix.initializer === null ? "" : "the multiplication";
    case "dropout":
      return `a rate of ${formatNumber(fix.rate)}`;
    case "remove-activation":
      return fix.activation === fix.nextActivation ? `without that in \`${fix.layer}\`` : "";
    case "penalties":
      return "the weaker penalties";
    default:
      return "";
  }
}

/** Returns a fix as code to paste, or `null` if there is none. */
export function fixCode(fix: Fix): string | null {
  requireFix("fix", fix);
  const words = wordsOf(fix);
  const inLayers = (layers: readonly string[]) => `  ${words.comment} in ${namesInComment(layers)}`;
  switch (fix.kind) {
    case "rescale":
      return fix.initializer === null
        ? words.multiplyCode(fix.weights)
        : words.drawCode(fix.weights, fix.initializer);
    case "redraw":
      return words.drawCode(fix.weights, fix.initializer);
    case "set-bias":
      return words.startCode(fix.weights, fix.value);
    case "normalize-input":
      return normalizingCode(fix, "inputs");
    case "normalize-targets":
      return normalizingCode(fix, "targets");
    case "reshape-targets":
      return words.reshapeCode("targets", fix.shape);
    case "shift-classes":
      return words.addCode("targets", fix.by);
    case "activation":
      return `${words.argument("activation", words.name(fix.to))}, ${
        words.draw(fix.rescale, initializerFor(fix.to))
      }${inLayers(fix.layers)}`;
    case "head": {
      const lines = [];
      if (fix.activation !== null) {
        const activation = words.argument("activation", words.name(fix.activation));
        lines.push(`${activation}${inLayers([fix.layer])}`);
      }
      if (fix.loss !== null) lines.push(words.argument("loss", words.name(fix.loss)));
      return lines.join("\n");
    }
    case "unfreeze":
      return fix.layers.map((layer) => words.trainCode(layer)).join("\n");
    case "dropout":
      return `${words.argument("rate", fix.rate)}${inLayers(fix.layers)}`;
    case "remove-activation":
      return `${words.argument("activation", "linear")}${inLayers([fix.layer])}`;
    case "learning-rate":
      return words.argument("learningRate", fix.to);
    case "penalties":
    case "rebuild":
      return null;
  }
}

const wordsOf = ({ framework }: Fix) => FRAMEWORK_WORDS[framework ?? "tensorflowjs"];

type Normalizing = Extract<Fix, { kind: "normalize-input" | "normalize-targets" }>;

function normalizing({ mean, std, each }: Normalizing, what: string): string {
  if (each === undefined) {
    if (std === 1) return `Subtract ${formatNumber(mean)} from ${what}.`;
    return mean === 0
      ? `Divide ${what} by ${formatNumber(std)}.`
      : `Normalise ${what}: subtract ${formatNumber(mean)} and divide by ${formatNumber(std)}.`;
  }
  return `Normalise each ${each.what} of ${what}: subtract its mean over the training set and divide by ` +
    `its standard deviation, or by 1 if it never varies.`;
}

function normalizingCode(fix: Normalizing, values: string): string {
  const { mean, std, each } = fix;
  const words = wordsOf(fix);
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
  weights: readonly (FixWeight & { factor: number })[],
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

function weightsOf(weights: readonly FixWeight[], all: NamedLayers): string {
  return weights.length === 1 ? weights[0].weight : `the kernels of ${layersOf(weights, all)}`;
}

function layersOf(weights: readonly FixWeight[], all: NamedLayers): string {
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
 * tails without a correction, so that they draw 0.88 times the intended scale, which is a factor of
 * 1/170 over 40 layers.
 */
export function initializerFor(activation: string): KernelInitializer {
  return (gain(activation) ?? 1) > 1 ? "heUniform" : "leCunUniform";
}

export const SCHEME_OF: Readonly<Record<KernelInitializer, InitializerScheme>> = {
  heUniform: "he",
  leCunUniform: "lecun",
};
