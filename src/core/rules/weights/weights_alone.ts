import { KERNEL_KINDS } from "../network/theory_layers.ts";
import { isConstant } from "../statistics.ts";
import type {
  LayerMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import {
  fanOutHe,
  fans,
  initializerStd,
  MEAN_ABS_RATIOS,
} from "../../../ground/theory/initializers.ts";
import { isKernel, isRecurrentWeight } from "../../../ground/theory/weight_kinds.ts";
import { anyOf } from "../../../ground/words/show_value.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule.ts";
import { judgeCustomKernels, kernelScaleVerdict } from "./kernel_scale.ts";

/** Distribution that may have produced a kernel. */
interface Draw {
  name: string;
  std: number;
  /** Shape, if there is only one; the usual initialisers come in both. */
  shape?: "uniform" | "normal";
}

/** Number of standard deviations that count as chance. */
const CHANCE = 4;

/**
 * Returns the distributions that kernels of a shape are drawn from. PyTorch draws Linear and Conv
 * kernels by `kaiming_uniform_(a=sqrt(5))`, which is uniform up to 1 / sqrt(fan-in), recurrent
 * kernels uniformly up to 1 / sqrt(hidden), and embeddings from N(0, 1) (torch.nn.modules,
 * `reset_parameters`).
 */
function drawsFor(
  layer: LayerMeasurements,
  { shape }: Pick<WeightMeasurements, "shape">,
): Draw[] {
  const usual: Draw[] = [0.02, 0.01].map((std) => ({ name: `N(0, ${std})`, std, shape: "normal" }));
  if (layer.kind === "embedding") {
    return [{ name: "N(0, 1), PyTorch's default", std: 1, shape: "normal" }, ...usual];
  }
  const own = fans(shape, layer.kernelLayout);
  const hidden = layer.weights.find(({ name }) => isRecurrentWeight(name))?.shape[0];
  const limit = 1 / Math.sqrt(layer.kind === "recurrent" ? hidden ?? own.fanIn : own.fanIn);
  return [
    { name: "PyTorch's default", std: limit / Math.sqrt(3), shape: "uniform" },
    { name: "Glorot", std: initializerStd("glorot", own) },
    { name: "He", std: initializerStd("he", own) },
    { name: "LeCun", std: initializerStd("lecun", own) },
    { name: "orthogonal", std: initializerStd("orthogonal", own), shape: "normal" },
    ...layer.kind === "convolution" ? [{ name: FAN_OUT_HE, std: fanOutHe(own) }] : [],
    ...usual,
  ];
}

/** Scheme of torchvision's convolutions, `kaiming_normal_(mode="fan_out")`. */
const FAN_OUT_HE = "fan-out He";

const { normal, cutNormal, uniform } = MEAN_ABS_RATIOS;
/** Ratios mean |x| / rms of each shape. */
const SHAPES = { normal: [normal, cutNormal], uniform: [uniform] };

/** Returns the shapes that fit the entries. */
function shapesOf({ meanAbs, rms, count }: TensorStatistics): ("normal" | "uniform")[] {
  const strays = CHANCE * 0.25 / Math.sqrt(count);
  return (["uniform", "normal"] as const).filter((shape) =>
    SHAPES[shape].some((ratio) => Math.abs(meanAbs / rms - ratio) <= strays)
  );
}

/**
 * Returns true if no kernel that is large enough has the shape of a draw, normal or uniform:
 * training has changed them.
 */
export function haveOtherShapes(layers: readonly LayerMeasurements[]): boolean {
  const kernels = layers.filter(({ kind }) => KERNEL_KINDS.includes(kind))
    .flatMap(({ weights }) => weights.filter(isKernel))
    .filter(({ values }) => values.count >= MIN_SHAPED && values.nonFinite === 0 && values.rms > 0);
  return kernels.length > 0 && kernels.every(({ values }) => shapesOf(values).length === 0);
}

/** Smallest number of entries whose shape tells: it is uncertain by 0.06, a twelfth. */
const MIN_SHAPED = 256;

/**
 * Names the initialisers that may have drawn a kernel, `Glorot or LeCun uniform`: all whose scale
 * matches up to chance. Returns `null` if none does.
 */
export function drawnBy(layer: LayerMeasurements, weight: WeightMeasurements): string | null {
  const { values } = weight;
  if (values.nonFinite > 0 || values.count < 32) return null;
  const shapes = shapesOf(values);
  // The standard error of the deviation of numbers that are uniform is smaller.
  const spread = shapes.includes("normal") ? 0.5 : 0.2;
  const near = CHANCE * Math.sqrt(spread / values.count);
  const found = drawsFor(layer, weight).filter(({ std, shape }) =>
    Math.abs(values.std / std - 1) <= near &&
    (shape === undefined ? shapes.length > 0 : shapes.includes(shape))
  );
  if (found.length === 0) return null;
  const ends = found.some(({ shape }) => shape === undefined) && shapes.length === 1
    ? ` ${shapes[0]}`
    : "";
  const named = found.filter(({ shape }) => shape === undefined).map(({ name }) => name);
  const others = found.filter(({ shape }) => shape !== undefined).map(({ name }) => name);
  return anyOf([...others, ...named.length > 0 ? [`${anyOf(named)}${ends}`] : []]);
}

/**
 * Returns the usual draw whose scale is nearest to that of a kernel in a file of weights alone, or
 * `null` if there is none: a normalisation has gains, and weights of 8 bits have scales of their own.
 */
export function nearestDraw(
  layer: LayerMeasurements,
  { shape, type, values }: WeightMeasurements,
): { name: string; std: number; isUniform: boolean } | null {
  const isDrawn = KERNEL_KINDS.includes(layer.kind) || layer.kind === "embedding";
  if (!isDrawn || type?.startsWith("float8") || !(values.std > 0)) return null;
  const distance = ({ std }: Draw) => Math.abs(Math.log(values.std / std));
  const [{ name, std, shape: of }] = drawsFor(layer, { shape })
    .toSorted((a, b) => distance(a) - distance(b));
  return { name: name.startsWith("N(") ? "a usual" : name, std, isUniform: of === "uniform" };
}

/**
 * Name of the second factor of a LoRA, which starts at 0 and may stay small: peft's, kohya's and
 * diffusers'.
 */
const LORA_UP = /(^|[._])lora[._](B|up|embedding_B)([._]|$)/i;

/**
 * Returns the standard deviation of a layer's kernel as a multiple of LeCun's, which the rule states;
 * `null` if the layer has no kernel that multiplies its inputs.
 */
export function lecunFactor(layer: LayerMeasurements): number | null {
  const kernel = layer.weights.find(isKernel);
  if (kernel === undefined || !KERNEL_KINDS.includes(layer.kind)) return null;
  return kernel.values.std / initializerStd("lecun", fans(kernel.shape, layer.kernelLayout));
}

/**
 * Judges the scale of a layer's kernels without knowing the surrounding network. A kernel is too
 * large beyond `initScaleFactor` times He, the largest usual initialiser, and too small below the
 * smallest one by `initScaleCustom`, because heads and ends of branches are drawn small on purpose.
 * Beyond `initScaleError` times it is an error, unless a layer of the file normalises.
 */
export function judgeScaleAlone(subject: ScaleCase, fewest: number): Verdict[] {
  return subject.layers.flatMap((layer) =>
    layer.kind === "embedding"
      ? judgeCustomKernels(layer, subject, fewest, () => false)
      : judgeLayer(layer, subject, fewest)
  );
}

type ScaleCase = Case<
  "initScaleFactor" | "initScaleCustom" | "initScaleError" | "initScaleEmbedding"
>;

function judgeLayer(
  layer: LayerMeasurements,
  { measurements, thresholds }: ScaleCase,
  fewest: number,
): Verdict[] {
  if (!KERNEL_KINDS.includes(layer.kind)) return [];
  const normalises = measurements.layers.some(({ kind }) => kind === "normalization");
  return layer.weights.filter((weight) => isKernel(weight) && weight.trainable).flatMap(
    (weight) => {
      const { values } = weight;
      const { std } = values;
      // Weights of 8 bits are multiplied by scales that another tensor holds.
      if (weight.type?.startsWith("float8")) return [];
      if (isConstant(values) || values.count < fewest || values.nonFinite > 0) return [];
      // These do not depend on the number of inputs.
      if (/N\(0|fan-out/.test(drawnBy(layer, weight) ?? "")) return [];
      const deviations = drawsFor(layer, weight)
        .filter(({ name }) => !name.startsWith("N(") && name !== FAN_OUT_HE)
        .map(({ std }) => std);
      const low = Math.min(...deviations);
      const high = Math.max(...deviations);
      // The spread of a small tensor is uncertain.
      const chance = CHANCE / Math.sqrt(2 * values.count);
      const range = [
        low / thresholds.initScaleCustom / (1 + chance),
        high * thresholds.initScaleFactor * (1 + chance),
      ] as const;
      const isLarge = std > range[1];
      if (!isLarge && (std >= range[0] || LORA_UP.test(layer.name))) return [];
      const isError = isLarge && !normalises && std > high * thresholds.initScaleError;
      return [kernelScaleVerdict(layer, weight, {
        own: fans(weight.shape, layer.kernelLayout),
        range,
        threshold: isLarge ? "initScaleFactor" : "initScaleCustom",
        severity: isError ? "error" : "warning",
      })];
    },
  );
}
