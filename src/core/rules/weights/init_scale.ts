import { varies } from "../statistics.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { defineRule } from "../define_rule.ts";
import { between, figure, NOTHING, number, once, say, type Sentence, weightName } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import { networkOf } from "../network/network.ts";
import { isNormalised } from "../network/theory_layers.ts";
import { rescaleFix } from "../signal/rescale_fix.ts";
import { signalDies } from "../signal/signal_dies.ts";
import {
  isMadeUpFor,
  judgeCustomKernels,
  recurrentSchemesOf,
  type Schemes,
  schemesOf,
  torchInitializer,
} from "./kernel_scale.ts";
import { judgeScaleAlone } from "./weights_alone.ts";

/** Smallest kernel whose standard deviation identifies its initialiser. */
const MIN_ENTRIES = 32;

/** The rule `init-scale`: kernels are as large as a known initialiser draws them. */
export const initScale: Rule = defineRule({
  name: "init-scale",
  assertion: "assertInitScale",
  matcher: "toHaveInitScale",
  passes: "has kernels of the right scale",
  tags: ["weights"],
  order: 110,
  causeOrder: 40,
  weightsAlone: true,
  anyBiases: true,
  assertionFailsOnWarnings: ["too-small", "too-large"],
  thresholds: {
    initScaleFactor: {
      default: 2,
      unit: "std(kernel) / the nearest initialiser's",
      range: [1, Infinity],
      source: "neuroscope",
      about: "Largest factor between a kernel's standard deviation and the nearest initialiser's.",
    },
    initScaleError: {
      default: 100,
      unit: "std(kernel) / the nearest initialiser's",
      range: [1, Infinity],
      source:
        "calibrated on the even seeds of bench/trainability: above it, 3 networks fail, 5 are slow, " +
        "none trains",
      about: "The factor above which a kernel that is too large is an error by itself.",
    },
    initScaleWarning: {
      default: 1.4,
      unit: "std(kernel) / the nearest initialiser's",
      range: [1, Infinity],
      source: "neuroscope (0.7 to 1.4)",
      about: "The factor above which the rule warns.",
    },
    initScaleCustom: {
      default: 10,
      unit: "std(weight) / the nearest initialiser's for its shape",
      range: [1, Infinity],
      source:
        "own: matrices of published attention layers are drawn down to 1/8 of LeCun (T5); of 7 " +
        "even seeds of bench/trainability (focus matrices) from 0.08 to 763 times all train: a warning",
      about: "Largest factor between the standard deviation of a custom layer's matrix and any " +
        "initialiser's for its shape.",
    },
    initScaleEmbedding: {
      default: 3,
      unit: "std(embedding)",
      range: [0, Infinity],
      source:
        "own: PyTorch draws embeddings with 1, TensorFlow.js within 0.05; of 23 even seeds of " +
        "bench/trainability (focus embeddings) all 14 networks below it train; above it, 7 train, 2 are slow " +
        "(at 76 and 94): a warning",
      about: "Largest standard deviation of an embedding.",
    },
  },
  problem: "kernels of the wrong scale",
  stage: "initial",
  summary:
    "Each kernel's standard deviation is close to that of an initialiser that fits its shape " +
    "and activation.",
  formula: "1 / initScaleFactor <= std(kernel) / nearest of { gain / sqrt(fan-in) (He for relu, " +
    "LeCun for tanh and selu), Glorot, orthogonal times the gain, selu's critical 0.69 / " +
    "sqrt(fan-in), and every value from the smallest to the largest of these } <= " +
    "initScaleFactor; for a recurrent kernel nearest of { orthogonal, over all of its gates, " +
    "Glorot, LeCun, He, and every value between }. A matrix or kernel of a custom layer: within " +
    "initScaleCustom of what initialisers draw for its shape, whichever axis is summed over " +
    "(initScaleFactor where the class is registered as dense or a convolution); an embedding: " +
    "std <= initScaleEmbedding. Of a file of weights alone: from 1 / " +
    "initScaleCustom of the smallest that He, LeCun, Glorot, orthogonal and PyTorch's default " +
    "1 / sqrt(3 fan-in) draw to initScaleFactor times the largest, and 4 / sqrt(2 entries) beyond " +
    "by chance; N(0, 0.02), N(0, 0.01), fan-out He, and the small second factor of a LoRA pass.",
  source:
    "He et al. 2015; LeCun et al. 1998; Glorot & Bengio 2010; Saxe et al. 2014; the factors " +
    "after neuroscope.",
  misleads:
    "Intended for untrained networks: training can move kernels further. Some kernels are drawn " +
    "small on purpose: a head, the end of a branch that is added to another, the recurrent kernel " +
    "of a cell with gates, and a kernel whose z is scaled up right after, as in sin(30 z) or by " +
    "the normalisation of the next kernel. These fail only if they are too large; a small " +
    "recurrent kernel of a SimpleRNN gives a warning. A kernel under a normalisation and a kernel " +
    "of fewer than 32 entries are not judged. TensorFlow.js draws depthwise kernels as if each " +
    "output summed all channels, so they are too small by the root of the number of channels: " +
    "such a finding is correct. Of a custom layer's weights, " +
    "vectors, single rows and tables (by their name) are not judged, nor is a small one whose " +
    "layer still passes its input on. Adam corrects a wrong scale in a few hundred steps, so a kernel " +
    "up to 100 times too large is only a warning unless the signal is measured to die.",
  fix:
    "Use heUniform with relu, leCunUniform with selu and tanh, orthogonal for recurrent kernels, " +
    "or multiply the kernel. The normal initialisers of TensorFlow.js cut off the tails without " +
    "making up for it: heNormal draws 0.88 times what it should, which adds up over many layers; " +
    "those of Keras do not.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "0 errors and 0 warnings on 50 draws each of SimpleRNN, GRU and LSTM with each fan-based " +
      "initialiser of TensorFlow.js.",
  ),
  asserts: "that each kernel of a dense or convolutional layer has a standard deviation within a " +
    "factor of 2 (`initScaleFactor`) of the nearest of He or LeCun (depending on its " +
    "activation), Glorot and orthogonal initialisation. A recurrent kernel fails only if it " +
    "is too large; one that is too small gives at most a warning. Intended for untrained " +
    "networks.",
  fails: "a kernel is far larger or smaller than an initialiser would draw it",
  throws: "If a kernel is drawn too large or too small.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertInitScale } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertInitScale(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ std: 0.01 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertInitScale(measurements));
      broken.dispose();
    `,
  },
  figure: {
    title: "std of the kernel",
    scale: "log",
    // The last kernel is the recurrent one, if there are two.
    of: ({ weights }) => weights.findLast(isKernel)?.values.std ?? null,
  },
  judge(subject) {
    if (subject.measurements.weightsOnly !== undefined) {
      return judgeScaleAlone(subject, MIN_ENTRIES);
    }
    const { layers, network, thresholds } = subject;
    const dies = once(() => signalDies(subject));
    const rescale = rescaleFix(layers, network);
    const { chain } = network;
    const { initScaleFactor } = thresholds;
    const byDepth = Map.groupBy(chain, ({ layer }) => layer.depth);
    // Weights of PyTorch in a model of another framework are told by their biases.
    const isTorch = once(() =>
      subject.measurements.model.framework === "pytorch" ||
      networkOf(subject.measurements).biases === "drawn"
    );
    const isUsualDraw = (kernel: KernelLayer) =>
      torchInitializer(kernel) !== null && isTorch() && !dies();
    const mayBeSmall = (kernel: KernelLayer) =>
      isUsualDraw(kernel) || kernel.layer.role === "output" || kernel.added ||
      kernel.enlarged > initScaleFactor ||
      isMadeUpFor(kernel, byDepth, initScaleFactor);
    const drawn = [
      ...chain
        .filter(({ normalized, layer }) =>
          !normalized && !isNormalised(layer, network.graph, ["concatenation", "passesOn"])
        )
        .map((kernel): Drawn => ({
          ...kernel,
          schemes: schemesOf(kernel),
          small: mayBeSmall(kernel) ? null : "error",
          fix: kernel.layer.role === "hidden" ? rescale : null,
        })),
      ...network.recurrentKernels
        // Constant kernels are reported by the rule symmetry.
        .filter(({ kernel }) => varies(kernel.values))
        .map((kernel): Drawn => ({
          ...kernel,
          schemes: recurrentSchemesOf(kernel),
          small: kernel.gated ? null : "warning",
          fix: null,
        })),
    ];
    const byLayer = Map.groupBy(drawn, ({ layer }) => layer);
    return layers.flatMap((layer) => [
      ...(byLayer.get(layer) ?? [])
        .filter(({ kernel: { values } }) => values.count >= MIN_ENTRIES && values.nonFinite === 0)
        .flatMap((kernel) => judge(kernel, thresholds, dies)),
      ...judgeCustomKernels(layer, subject, MIN_ENTRIES, dies),
    ]);
  },
});

/** Kernel with its recommended initialiser and its fix. */
interface Drawn {
  layer: LayerMeasurements;
  kernel: WeightMeasurements;
  schemes: Schemes;
  /** Severity if it is too small, or `null` if it may be small. */
  small: "error" | "warning" | null;
  /** Fix, if it is more than redrawing the kernel. */
  fix: Sentence | null;
}

function judge(
  { layer, kernel, schemes, small, fix }: Drawn,
  thresholds: Case<"initScaleFactor" | "initScaleWarning" | "initScaleError">["thresholds"],
  dies: () => boolean,
): Verdict[] {
  const { name, values: { std } } = kernel;
  const { nearest, scheme, target, targetScheme } = schemes;
  const isSmall = std < nearest;
  if (isSmall && small === null) return [];
  const size = isSmall ? nearest / std : std / nearest;
  const fails = size > thresholds.initScaleFactor;
  // Findings that are never errors have a single limit.
  const only = isSmall && small === "warning";
  if (!fails && (only || !(size > thresholds.initScaleWarning))) return [];
  const isHuge = !isSmall && size > thresholds.initScaleError;
  const isError = fails && !only && (isHuge || dies());
  const threshold = fails ? "initScaleFactor" : "initScaleWarning";
  const limit = thresholds[threshold];
  // The factor refers to the recommended scale; an initialiser on this side of it widens the range.
  const off = std / target;
  const isBelow = std < nearest && nearest < target;
  const isAbove = std > nearest && nearest > target;
  const low = (isBelow ? nearest / target : 1) / limit;
  const high = (isAbove ? nearest / target : 1) * limit;
  const expected = between(low, high);
  const weight = weightName(name, layer.name);
  const figures = {
    std: figure(std, "std(kernel)"),
    factor: figure(off, "std(kernel) / std that the scheme draws"),
    target: figure(target, "std(kernel)"),
  };
  return [{
    severity: isError ? "error" : "warning",
    kind: `${fails && !only ? "too-" : ""}${isSmall ? "small" : "large"}`,
    layer: layer.name,
    measured: off,
    expected,
    threshold,
    figures,
    message: say`${weight} is ${isSmall ? say`small` : say`large`}: its standard deviation is
      ${figures.std}, ${figures.factor} times what ${targetScheme} initialisation draws
      (${figures.target}); expected ${expected} times (${threshold}${
      isBelow || isAbove ? say`, counted from the ${number(nearest)} of ${scheme}` : NOTHING
    }).`,
    fix: fix ?? say`Draw ${weight} with a standard deviation of ${figures.target}.`,
  }];
}
