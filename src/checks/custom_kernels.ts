import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { fans } from "../theory/fans.ts";
import { initializerStd } from "../theory/initializer_std.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { LAYERS } from "../traits/layers.ts";
import { atMost } from "./expected.ts";
import type { Case, Verdict } from "./judge.ts";
import { kernelScaleVerdict } from "./kernel_scale_verdict.ts";
import type { Network } from "./network/network.ts";
import { figure, say, weightName } from "./say.ts";

/** Names of lookup tables. The length of a table says nothing about its initial scale. */
const TABLE = /embed|position|token|table|codebook|memory/i;

type Thresholds = Case<"initScaleFactor" | "initScaleCustom" | "initScaleEmbedding">["thresholds"];

/**
 * Judges the kernels of custom layers by their shape alone, and embeddings. Vectors scale and
 * shift, so they can have any size.
 *
 * @param layer The layer.
 * @param fewest Kernels with fewer entries are not judged.
 * @param dies Returns true if the signal is measured to die, which turns a wrong scale into an
 * error.
 */
export function judgeCustomKernels(
  layer: LayerMeasurements,
  { network, thresholds }: { network: Network; thresholds: Thresholds },
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
    values.std > 1e-12 * values.maxAbs;
}

/** Returns true for a custom layer that is not part of the kernel chain. */
function isCustom({ className, kind, kernelLayout }: LayerMeasurements): boolean {
  const has = ["opaque", "dense", "convolution", "merge", "passesOn"].includes(kind);
  return has && kernelLayout === undefined && !Object.hasOwn(LAYERS, className);
}

function judgeByShape(
  layer: LayerMeasurements,
  weight: WeightMeasurements,
  { network, thresholds }: { network: Network; thresholds: Thresholds },
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

/** Returns true if a layer shrinks its input by a factor. A small matrix beside others does not. */
function shrinks(layer: LayerMeasurements, network: Network, factor: number): boolean {
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
    advice: say`Draw ${weight} with a standard deviation of 1 or less.`,
  }];
}
