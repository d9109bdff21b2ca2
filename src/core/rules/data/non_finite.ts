import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import {
  exactFigure,
  exactly,
  inWords,
  joined,
  layerName,
  NOTHING,
  number,
  say,
  type Sentence,
  showName,
  weightName,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { NetworkView } from "../network/network_view.ts";
import type { Rule } from "../rule.ts";

/** Tensor of a layer with its number of non-finite entries. */
interface Culprit {
  what: Sentence;
  /** Phase of the tensor: given to the pass, computed forward, or computed backward. */
  part: "given" | "forward" | "backward";
  statistics: TensorStatistics | null;
  /** Number of entries, in words, if they are a sample. */
  of?: string;
  /** Index of the first such entry, if it is known. */
  first?: number[];
  /** Name of the file that has the weight, if there are several. */
  file?: string;
}

/** The rule `non-finite`: no value is NaN or infinite. */
export const nonFinite: Rule = defineRule({
  name: "non-finite",
  assertion: "assertAllFinite",
  matcher: "toBeFinite",
  passes: "has only finite values",
  tags: ["weights", "signal", "data"],
  order: 10,
  causeOrder: 10,
  weightsAlone: true,
  study: { order: 10, letter: "n", below: "numbers overflow", above: "numbers overflow" },
  problem: "NaN or infinite values",
  summary: "No value that a pass uses or computes is NaN or infinite.",
  formula: "nonFinite = 0 for the inputs, and for the weights, z, a, dJ/da, delta and gradients " +
    "of every layer; J is finite.",
  source: "SageMaker Debugger, TensorVariance and NotANumber; chex.assert_tree_all_finite.",
  misleads:
    "A loss can hide NaN: categorical cross-entropy clips it to 48.35 and relu of NaN is 0 on " +
    "some backends. So the rule checks the weights and z, not only J.",
  fix: "Start at the first place named: a NaN in the inputs or weights, or a z that overflows.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts:
    "that no value that the pass used or computed is NaN or infinite: inputs, weights, z, a, " +
    "dJ/da, delta, gradients and J. The message names the layer where it begins.",
  fails: "a value is NaN or infinite",
  throws: "If a value is not finite.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertAllFinite } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertAllFinite(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: {
    title: "NaN or infinite entries",
    scale: "linear",
    of: (layer) => tensors(layer).reduce((sum, { statistics }) => sum + bad(statistics), 0),
  },
  judge({ layers, measurements, network }) {
    const inputs = measurements.batch.perInput
      .filter(({ values }) => values.nonFinite > 0)
      .map(({ name, values }) =>
        verdict(null, [{ what: say`input ${name}`, part: "given", statistics: values }], {
          isFirst: false,
        })
      );
    const masked = maskedScores(network);
    const found = layers.filter(isBad).map((layer) => ({
      layer,
      culprits: tensors(layer).filter(({ statistics, part }) =>
        bad(statistics) > 0 && !(part === "forward" && masked.has(layer))
      ),
    })).filter(({ culprits }) => culprits.length > 0);
    // Without a topology the layers have no order.
    const first = inputs.length > 0 || measurements.weightsOnly !== undefined
      ? null
      : firstCulprit(found.map(({ layer }) => layer));
    // All share one fix, that of their origin.
    const origin = found.find(({ layer }) => first === null || layer === first);
    const fix = inputs.length > 0
      ? say`Clean the batch: a NaN in an input reaches every layer.`
      : origin && advise(origin.layer, origin.culprits[0]);
    return [
      ...inputs.map((verdict) => ({ ...verdict, fix: fix! })),
      ...found.map(({ layer, culprits }) => ({
        ...verdict(layer, culprits, { isFirst: layer === first }),
        fix: fix!,
      })),
      ...objective(measurements, fix),
    ];
  },
});

/**
 * Operations of PyTorch whose outputs stay finite if closed entries are -Infinity, and not if
 * entries are Infinity or NaN: Mamba 2 and xLSTM mask the exponents of their decays.
 */
const CLOSED_BY_INFINITY: ReadonlySet<string> = new Set(["exp", "amax", "max", "logsumexp"]);

/** Operations of PyTorch that set entries, or add a mask to them. */
const FILLS: ReadonlySet<string> = new Set(
  ["full", "full_like", "new_full", "masked_fill", "where", "shift", "add"],
);

/**
 * Returns the layers whose infinite entries were all set as such, as a mask does, or moved from
 * there.
 */
function filledLayers(
  { layers, graph }: Pick<NetworkView, "layers" | "graph">,
): Set<LayerMeasurements> {
  const filled = new Set<LayerMeasurements>();
  for (const layer of layers) {
    if (bad(layer.activations) === 0) continue;
    const sources = graph.inputsOf(layer).filter(({ activations }) => bad(activations) > 0);
    const isOrigin = sources.length === 0 && FILLS.has(layer.className);
    if (isOrigin || sources.length > 0 && sources.every((source) => filled.has(source))) {
      filled.add(layer);
    }
  }
  return filled;
}

/**
 * Returns the layers whose outputs are only the scores of a softmax, or exponents, that stay
 * finite: a mask closes them by -Infinity, and anything else would make the result NaN or infinite.
 * Other operations hide an overflow too, such as a sigmoid, so they close only what was set as
 * infinite: experts in the routers of Llama 4 and of DeepSeek, by a sigmoid and a `topk`.
 */
function maskedScores({ layers, graph }: NetworkView): Set<LayerMeasurements> {
  const masked = new Set<LayerMeasurements>();
  const filled = filledLayers({ layers, graph });
  for (const layer of layers.toReversed()) {
    const closes = layer.activation === "softmax" || CLOSED_BY_INFINITY.has(layer.className) ||
      graph.inputsOf(layer).some((input) => filled.has(input));
    const isRow = closes && bad(layer.activations) === 0;
    const readers = isRow ? [] : graph.outputsOf(layer);
    if (isRow || readers.length > 0 && readers.every((reader) => masked.has(reader))) {
      masked.add(layer);
    }
  }
  return masked;
}

/** Says of how many entries of a weight a number is, and in a sample, how many all of them have. */
export function outOf({ values: { nonFinite, count }, sample }: WeightMeasurements): string {
  if (sample === undefined) return `${count}`;
  const [least, most] = sample.nonFiniteFraction.map((share) => share * sample.of);
  const range = `${Math.max(nonFinite, Math.floor(least))} to ${Math.ceil(most)}`;
  return `${count} in the sample; ${range} of all ${sample.of} at 95 %`;
}

function tensors(layer: LayerMeasurements): Culprit[] {
  return [
    ...layer.weights.map((weight): Culprit => ({
      first: weight.nonFiniteAt?.first,
      file: weight.nonFiniteAt?.file,
      what: say`weight ${weightName(weight.name, layer.name)}`,
      part: "given",
      statistics: weight.values,
      of: outOf(weight),
    })),
    { what: say`z`, part: "forward", statistics: layer.preActivations },
    { what: say`a`, part: "forward", statistics: layer.activations },
    { what: say`dJ/da`, part: "backward", statistics: layer.activationGradients },
    { what: say`delta`, part: "backward", statistics: layer.preActivationGradients },
    ...layer.weights.map(({ name, gradients }): Culprit => ({
      what: say`gradient of ${weightName(name, layer.name)}`,
      part: "backward",
      statistics: gradients,
    })),
  ];
}

/** Returns true if a layer has non-finite entries, without listing them. */
function isBad(layer: LayerMeasurements): boolean {
  return bad(layer.preActivations) + bad(layer.activations) + bad(layer.activationGradients) +
          bad(layer.preActivationGradients) > 0 ||
    layer.weights.some(({ values, gradients }) => bad(values) + bad(gradients) > 0);
}

function bad(statistics: TensorStatistics | null): number {
  return statistics?.nonFinite ?? 0;
}

/**
 * Returns the first layer in the order of the pass: forward and upwards, then backward and
 * downwards.
 */
function firstCulprit(layers: LayerMeasurements[]): LayerMeasurements | undefined {
  const forward = layers.find(({ weights, preActivations, activations }) =>
    bad(preActivations) + bad(activations) > 0 || weights.some(({ values }) => bad(values) > 0)
  );
  return forward ?? layers[layers.length - 1];
}

function verdict(
  layer: LayerMeasurements | null,
  culprits: Culprit[],
  { isFirst }: { isFirst: boolean },
): Omit<Verdict, "fix"> {
  const listed = culprits.map(({ what, statistics, first, file, of }) =>
    say`${what} (${number(statistics!.nonFinite, "exact")} of
      ${of ?? number(statistics!.count, "exact")}${
      first === undefined ? NOTHING : say`, the first at [${first.join(", ")}]`
    }${file === undefined ? NOTHING : say` in ${showName(file)}`})`
  );
  const where = layer === null ? NOTHING : say`${layerName(layer.name)}: `;
  const sum = culprits.reduce((sum, { statistics }) => sum + statistics!.nonFinite, 0);
  const layerKind = isFirst ? "origin" : "spread";
  return {
    severity: "error",
    kind: layer === null ? "input" : layerKind,
    layer: layer?.name ?? null,
    measured: sum,
    expected: exactly(0),
    figures: { nonFinite: exactFigure(sum, "entries") },
    message: say`${where}NaN or infinite entries in ${joined(listed, ", ")}${
      isFirst ? say`; this is where they begin.` : say`.`
    }`,
  };
}

function advise({ name }: LayerMeasurements, { what, part }: Culprit): Sentence {
  if (part === "given") return say`Look at how the ${what} was initialised, trained or loaded.`;
  return part === "forward"
    ? say`Look for an overflow or a 0/0 in ${layerName(name)}.`
    : say`Look for an overflow or a 0/0 in the backward pass at ${layerName(name)}, or in the
      objective.`;
}

function objective(
  { objective: { name, value }, layers }: Measurements,
  fix?: Sentence,
): Verdict[] {
  if (Number.isFinite(value)) return [];
  const isSigned = layers.some(({ role, activation }) =>
    role === "output" && activation === "linear"
  );
  return [{
    severity: "error",
    kind: "objective",
    layer: null,
    measured: value,
    expected: inWords("a finite J"),
    figures: { objective: exactFigure(value, "J") },
    message: say`The objective "${name}" is ${number(value)}.`,
    fix: fix ??
      (name === "poisson" && isSigned
        ? "End the model in exponential or softplus: the loss takes the logarithm of its outputs, which " +
          "a linear head lets be negative."
        : "Check the outputs and the targets for a logarithm of 0 or an overflow."),
  }];
}
