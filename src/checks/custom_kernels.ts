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

/** Tables that rows are looked up in: how long one is says nothing of how it is to be drawn. */
const TABLE = /embed|position|token|table|codebook|memory/i;

type Thresholds = Case<"initScaleFactor" | "initScaleCustom" | "initScaleEmbedding">["thresholds"];

/**
 * Judges what no initialiser draws by an activation: the matrices and kernels of custom layers, by their
 * shape alone, and embeddings. Vectors scale and shift, and may be anything.
 *
 * @param layer The layer.
 * @param fewest A kernel of fewer entries is not judged.
 * @param dies Whether the signal is measured to die, so that a wrong scale is more than unusual.
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
  // What is constant is the business of the rule symmetry.
  return isKernel(weight) && !isRow && values.count >= fewest && values.nonFinite === 0 &&
    values.std > 1e-12 * values.maxAbs;
}

/** A layer that TensorFlow.js does not bring along, and that no chain of kernels holds. */
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
  // Of a layer that is declared to multiply by its kernel, the shape says all.
  const isKnown = layer.kind === "dense" || layer.kind === "convolution";
  const threshold = isKnown ? "initScaleFactor" : "initScaleCustom";
  const limit = thresholds[threshold];
  // Which axis is summed over is not known: from the least that any initialiser draws to the most.
  const low = initializerStd("orthogonal", own) / limit;
  const high = Math.sqrt(2 / Math.min(own.fanIn, own.fanOut)) * limit;
  if (!(std > high) && !(std < low && shrinks(layer, network, limit))) return [];
  const severity = dies() ? "error" : "warning";
  return [kernelScaleVerdict(layer, weight, { own, range: [low, high], threshold, severity })];
}

/** Whether a layer makes what it is fed smaller by a factor: a small matrix beside others does not. */
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
