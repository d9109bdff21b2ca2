import { varies } from "../statistics.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { criticalGain, gain } from "../../../ground/theory/criticality.ts";
import {
  defaultFanIn,
  fanOutHe,
  type Fans,
  fans,
  initializerStd,
} from "../../../ground/theory/initializers.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { activationTraits } from "../../../ground/traits/activation_traits.ts";
import { LAYERS } from "../../../ground/traits/layers.ts";
import { atMost, between, figure, say, weightName } from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule.ts";
import type { KernelLayer, RecurrentKernel } from "../network/kernel_chain.ts";
import type { NetworkView } from "../network/network_view.ts";

interface KernelScale {
  /** Fans of the kernel, from which LeCun's scale follows. */
  own: Fans;
  /** Smallest and largest standard deviation allowed. */
  range: readonly [low: number, high: number];
  /** Threshold that sets the range. */
  threshold: string;
  severity: Verdict["severity"];
}

/** Reports a kernel whose standard deviation is out of range, as a factor of LeCun's. */
export function kernelScaleVerdict(
  layer: LayerMeasurements,
  { name, values: { std } }: WeightMeasurements,
  { own, range: [low, high], threshold, severity }: KernelScale,
): Verdict {
  const target = initializerStd("lecun", own);
  const expected = between(low / target, high / target);
  const weight = weightName(name, layer.name);
  const figures = {
    std: figure(std, "std(kernel)"),
    factor: figure(std / target, "std(kernel) / std that the scheme draws"),
    target: figure(target, "std(kernel)"),
  };
  return {
    severity,
    kind: std > high ? "too-large" : "too-small",
    layer: layer.name,
    measured: std / target,
    expected,
    threshold,
    figures,
    message:
      say`The standard deviation of ${weight} is ${figures.std}, ${figures.factor} times what LeCun
      initialisation draws for its shape (${figures.target}); expected ${expected} times (${threshold}).`,
    fix: say`Draw ${weight} with a standard deviation of ${figures.target}.`,
  };
}

/** Recommended initialiser of a kernel, and the one that most likely drew it. */
export interface Schemes {
  /** Initialiser that most likely drew the kernel. */
  scheme: string;
  /** Standard deviation of that initialiser. */
  nearest: number;
  /** Initialiser recommended for the activation. */
  targetScheme: string;
  /** Standard deviation of that initialiser. */
  target: number;
}

/**
 * Returns the schemes of a kernel in a chain: any of the usual initialisers, or the critical scale.
 */
export function schemesOf(kernel: KernelLayer): Schemes {
  const wanted = gain(kernel.activation) ?? 1;
  const targetScheme = wanted > 1 ? "He" : "LeCun";
  const target = wanted / Math.sqrt(kernel.fanIn);
  const { scheme, nearest } = nearestTo(kernel.kernel.values.std, {
    [targetScheme]: target,
    Glorot: initializerStd("glorot", kernel.fans),
    orthogonal: wanted * initializerStd("orthogonal", kernel.fans),
    critical: (criticalGain(kernel.activation) ?? 1) / Math.sqrt(kernel.fanIn),
    ...fanOutScheme(kernel),
    ...headScheme(kernel),
  });
  // Depth does not determine the scale of a head.
  return kernel.layer.role === "output"
    ? { scheme, nearest, target: nearest, targetScheme: scheme }
    : { scheme, nearest, target, targetScheme };
}

/** A kernel within this factor of fan-out He's deviation was drawn by it. */
const DRAWN_BY = 1.2;

/**
 * Returns He's scheme by the fan-out if it drew the kernel of a convolution, as in torchvision and
 * `keras.applications`. It counts only if the kernel has this very deviation: a range that reached
 * to it would excuse most faults in kernels with few outputs.
 */
function fanOutScheme({ layer, kernel, fans }: KernelLayer): Record<string, number> {
  const deviation = fanOutHe(fans);
  const off = kernel.values.std / deviation;
  const isDrawn = layer.kind === "convolution" && off < DRAWN_BY && off > 1 / DRAWN_BY;
  return isDrawn ? { "fan-out He": deviation } : {};
}

/**
 * Returns the uniform scheme by the number of classes if it drew a head, as in EfficientNet,
 * MobileNetV3 and MnasNet: a head of 10 classes starts 4 times as large as LeCun's.
 */
function headScheme({ layer, kernel, units }: KernelLayer): Record<string, number> {
  const deviation = 1 / Math.sqrt(3 * units);
  const off = kernel.values.std / deviation;
  const isDrawn = layer.role === "output" && off < DRAWN_BY && off > 1 / DRAWN_BY;
  return isDrawn ? { "fan-out uniform": deviation } : {};
}

/** Deviation of the normal draws of BERT, GPT-2, ViT and ConvNeXt. */
const NORMAL = 0.02;

/**
 * Names the initialiser of PyTorch that drew a kernel smaller than its activation asks for, or
 * returns `null`: `kaiming_uniform_(a=sqrt(5))`, which Linear and Conv draw by default, or a normal
 * one of 0.02. As with fan-out He, only a kernel of this very deviation counts.
 */
export function torchInitializer({ kernel, layer }: KernelLayer): string | null {
  const fanIn = defaultFanIn(kernel.shape, layer.kernelLayout);
  const isOf = (deviation: number) => {
    const off = kernel.values.std / deviation;
    return off < DRAWN_BY && off > 1 / DRAWN_BY;
  };
  if (isOf(1 / Math.sqrt(3 * fanIn))) return "kaiming_uniform_(a=sqrt(5))";
  return isOf(NORMAL) ? "normal_(std=0.02)" : null;
}

/**
 * Returns the schemes of a recurrent kernel. Any initialiser is fine that preserves the size of the
 * state in one of the blocks, or in all together.
 */
export function recurrentSchemesOf({ kernel, fans, deviation }: RecurrentKernel): Schemes {
  const nearest = nearestTo(kernel.values.std, {
    orthogonal: deviation,
    Glorot: initializerStd("glorot", fans),
    LeCun: initializerStd("lecun", fans),
    He: initializerStd("he", fans),
  });
  return { ...nearest, target: deviation, targetScheme: "orthogonal" };
}

/**
 * Returns the initialiser with the nearest standard deviation. Any value between two initialisers
 * is as good as theirs.
 */
function nearestTo(std: number, schemes: Record<string, number>) {
  const deviations = Object.values(schemes);
  const isBetween = std >= Math.min(...deviations) && std <= Math.max(...deviations);
  const distance = (deviation: number) => Math.abs(Math.log(std / deviation));
  const [scheme, nearest] = Object.entries(schemes).reduce((best, candidate) =>
    distance(candidate[1]) < distance(best[1]) ? candidate : best
  );
  return { scheme, nearest: isBetween ? std : nearest };
}

/**
 * Returns true if everything that a kernel may feed is normalised and comes out as large as if the
 * kernel were larger: a DCGAN draws its first convolution small, and the later ones, each
 * normalised.
 */
export function isMadeUpFor(
  { layer, activation }: KernelLayer,
  byDepth: ReadonlyMap<number, readonly KernelLayer[]>,
  factor: number,
): boolean {
  const fed = byDepth.get(layer.depth + 1) ?? [];
  return activationTraits(activation)?.homogeneous === true && fed.length > 0 &&
    fed.every(({ normalizedDeviation }) => normalizedDeviation >= 1 / factor);
}

/** Names of lookup tables. The length of a table says nothing about its initial scale. */
const TABLE = /embed|position|token|table|codebook|memory/i;

type Thresholds = Case<"initScaleFactor" | "initScaleCustom" | "initScaleEmbedding">["thresholds"];

/**
 * Judges the kernels of custom layers by their shape alone, and embeddings. Vectors scale and
 * shift, so they can have any size.
 *
 * @param fewest Kernels with fewer entries are not judged.
 * @param dies Returns true if the signal is measured to die, which turns a wrong scale into an
 * error.
 */
export function judgeCustomKernels(
  layer: LayerMeasurements,
  { network, thresholds }: { network: NetworkView; thresholds: Thresholds },
  fewest: number,
  dies: () => boolean,
): Verdict[] {
  const kernels = layer.weights.filter((weight) => isDrawn(weight, fewest));
  if (layer.kind === "embedding") {
    return kernels.flatMap((weight) => judgeEmbedding(layer, weight, thresholds));
  }
  if (!isCustom(layer)) return [];
  return kernels
    .filter(({ name, trainable }) => trainable && !TABLE.test(name.slice(layer.name.length)))
    .flatMap((weight) => judgeByShape(layer, weight, { network, thresholds }, dies));
}

function isDrawn(weight: WeightMeasurements, fewest: number): boolean {
  const { shape, values } = weight;
  const isRow = shape.slice(0, -1).every((size) => size === 1);
  // Constant kernels are reported by the rule symmetry.
  return isKernel(weight) && !isRow && values.count >= fewest && values.nonFinite === 0 &&
    varies(values);
}

/** Returns true for a custom layer that is not part of the kernel chain. */
function isCustom({ className, kind, kernelLayout }: LayerMeasurements): boolean {
  const has = ["opaque", "dense", "convolution", "merge", "passesOn"].includes(kind);
  return has && kernelLayout === undefined && !Object.hasOwn(LAYERS, className);
}

function judgeByShape(
  layer: LayerMeasurements,
  weight: WeightMeasurements,
  { network, thresholds }: { network: NetworkView; thresholds: Thresholds },
  dies: () => boolean,
): Verdict[] {
  const { shape, values: { std } } = weight;
  const own = fans(shape);
  // If a layer is declared to multiply by its kernel, its shape defines the scale.
  const isKnown = layer.kind === "dense" || layer.kind === "convolution";
  const threshold = isKnown ? "initScaleFactor" : "initScaleCustom";
  const limit = thresholds[threshold];
  // The axis of the sum is unknown, so the range covers every initialiser.
  const low = initializerStd("orthogonal", own) / limit;
  const high = Math.sqrt(2 / Math.min(own.fanIn, own.fanOut)) * limit;
  if (!(std > high) && !(std < low && shrinks(layer, network, limit))) return [];
  const severity = dies() ? "error" : "warning";
  return [kernelScaleVerdict(layer, weight, { own, range: [low, high], threshold, severity })];
}

/** Returns true if a layer shrinks its input by a factor. A small matrix among others does not. */
function shrinks(layer: LayerMeasurements, network: NetworkView, factor: number): boolean {
  const fed = network.graph.inputsOf(layer).map(({ activations }) => activations?.rms ?? 0);
  const size = fed.length === 0 ? network.measurements.batch.inputs.rms : Math.max(...fed);
  return layer.activations !== null && layer.activations.rms * factor < size;
}

function judgeEmbedding(
  layer: LayerMeasurements,
  { name, values: { std } }: WeightMeasurements,
  { initScaleEmbedding }: Thresholds,
): Verdict[] {
  if (std <= initScaleEmbedding) return [];
  const expected = atMost(initScaleEmbedding);
  const weight = weightName(name, layer.name);
  const figures = { std: figure(std, "std(embedding)") };
  return [{
    severity: "warning",
    kind: "too-large",
    layer: layer.name,
    measured: std,
    expected,
    threshold: "initScaleEmbedding",
    figures,
    message: say`The standard deviation of ${weight} is ${figures.std}; expected ${expected}
      (initScaleEmbedding).`,
    fix: say`Draw ${weight} with a standard deviation of 1 or less.`,
  }];
}
