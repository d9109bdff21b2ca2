import type { LayerKind } from "../traits/layers.ts";
import {
  asMeasured,
  type Context,
  type Gradient,
  type LayerRule,
  measuredGradient,
  type NetworkInput,
  type NetworkNode,
  ofInput,
  ofMeasured,
  type Signal,
  type Step,
} from "./signal.ts";
import { kernelRule, poolingRule } from "./window_rules.ts";
import { additionRule, concatenationRule, mergeRule } from "./merging_rules.ts";
import {
  activationRule,
  customRule,
  embeddingRule,
  normalizationRule,
  passingRule,
  rescalingRule,
  selectingRule,
} from "./passing_rules.ts";
import { recurrentRule } from "./recurrent_rule.ts";

/** Theoretical prediction for one node. */
export interface Prediction {
  /** Mean square of z, or `null` if the node has none. */
  preActivations: number | null;
  /** Mean square and mean of a. */
  activations: { meanSquare: number; mean: number };
  /** Squared l2 norm of delta, or `null`. */
  deltas: number | null;
  /** Standard deviation of ln rms(a) and of ln rms(delta), over draws of the weights. */
  doubt: { activations: number; deltas: number };
}

/** Options of {@linkcode propagate}. */
interface PropagateOptions {
  /** Number of examples in the batch. */
  examples: number;
  /** Inputs of the model, by name. */
  inputs: ReadonlyMap<string, NetworkInput>;
  /**
   * True to use the measured signals of each layer with a kernel for its neighbours, so that each
   * prediction covers one step. Default: false.
   */
  anchored?: boolean;
}

const RULES: Partial<Record<LayerKind, LayerRule>> = {
  dense: kernelRule,
  convolution: kernelRule,
  recurrent: recurrentRule,
  embedding: embeddingRule,
  normalization: normalizationRule,
  rescaling: rescalingRule,
  activation: activationRule,
  addition: additionRule,
  concatenation: concatenationRule,
  merge: mergeRule,
  pool: poolingRule,
  passesOn: passingRule,
  selects: selectingRule,
  resamples: selectingRule,
};

/** Kinds that merge several inputs themselves. */
export const MERGING: readonly LayerKind[] = ["addition", "concatenation", "merge"];

/**
 * Predicts the statistics of a network of wide random layers, for any graph: mean square and mean
 * of a going up, squared norm of delta going down, with one rule per kind of layer. Nodes without a
 * rule use their measured values, and theory continues from there; gradients start from those
 * measured at the outputs.
 *
 * @param nodes Layers, in the order of the forward pass.
 * @returns Predictions, by node name; nodes without a rule are left out.
 */
export function propagate(
  nodes: readonly NetworkNode[],
  options: PropagateOptions,
): Map<string, Prediction> {
  const steps = goUp(nodes, options);
  const deltas = goDown(nodes, steps, options);
  const predictions = new Map<string, Prediction>();
  for (const node of nodes) {
    const step = steps.get(node.name);
    if (step === undefined) continue;
    const { z, a } = step;
    const delta = deltas.get(node.name) ?? null;
    predictions.set(node.name, {
      preActivations: z?.meanSquare ?? null,
      activations: { meanSquare: a.meanSquare, mean: a.mean },
      deltas: delta?.square ?? null,
      doubt: { activations: Math.sqrt(a.spread) / 2, deltas: Math.sqrt(delta?.spread ?? 0) / 2 },
    });
  }
  return predictions;
}

function goUp(
  nodes: readonly NetworkNode[],
  { examples, inputs, anchored }: PropagateOptions,
): Map<string, Step> {
  const signals = new Map<string, Signal>();
  const shapes = new Map<string, readonly number[] | null>();
  for (const [name, input] of inputs) {
    signals.set(name, ofInput(input));
    shapes.set(name, input.shape);
  }
  const context: Context = {
    examples,
    shapesOf: ({ inputs }) => inputs.map((name) => shapes.get(name) ?? null),
    settle: (node, z) => anchored === true ? asMeasured(node, z) : z,
  };
  const steps = new Map<string, Step>();
  for (const node of nodes) {
    const step = stepOf(node, signals, context);
    if (step !== null) steps.set(node.name, step);
    const signal = step?.a ?? ofMeasured(node);
    if (signal !== null) signals.set(node.name, signal);
    shapes.set(node.name, node.shape);
  }
  return steps;
}

function stepOf(
  node: NetworkNode,
  signals: ReadonlyMap<string, Signal>,
  context: Context,
): Step | null {
  const rule = node.declared === undefined ? RULES[node.kind] : customRule;
  if (rule === undefined || node.inputs.length === 0) return null;
  const inputs = node.inputs.map((name) => signals.get(name));
  if (!inputs.every((signal) => signal !== undefined)) return null;
  const isMerging = node.declared !== undefined || MERGING.includes(node.kind);
  const step = isMerging || inputs.length === 1
    ? rule(node, inputs, context)
    : joined(rule, node, inputs, context);
  const isSound = step !== null && Number.isFinite(step.a.meanSquare) && step.a.meanSquare >= 0;
  return isSound ? step : null;
}

/**
 * Applies the rule of a single-input layer that reads several layers: a different one in each call,
 * or side by side if a wrapper such as `Bidirectional` concatenates them.
 */
function joined(
  rule: LayerRule,
  node: NetworkNode,
  inputs: readonly Signal[],
  context: Context,
): Step | null {
  const entries = inputs.reduce((sum, signal) => sum + signal.entries, 0);
  const together = concatenationRule({ ...node, entries }, inputs, context);
  const step = together && rule(node, [together.a], context);
  // Layers without entries concatenate nothing.
  if (together === null || step === null) return null;
  const split = ([gradient]: readonly Gradient[]) =>
    gradient === undefined ? [] : together.back(gradient).inputs!;
  return {
    ...step,
    back(gradient) {
      const { delta, inputs } = step.back(gradient);
      return { delta, inputs: inputs === null ? null : split(inputs) };
    },
    ...step.backFromDelta === undefined
      ? {}
      : { backFromDelta: (delta: Gradient) => split(step.backFromDelta!(delta)) },
  };
}

function goDown(
  nodes: readonly NetworkNode[],
  steps: ReadonlyMap<string, Step>,
  { anchored }: PropagateOptions,
): Map<string, Gradient> {
  const readers = new Map<string, number>();
  for (const { inputs } of nodes) {
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const arrived = new Map<string, Gradient[]>();
  const deltas = new Map<string, Gradient>();
  for (const node of nodes.toReversed()) {
    const step = steps.get(node.name);
    const measured = measuredGradient(node, "preActivationGradients");
    const starts = node.isOutput || anchored === true && node.weights.length > 0;
    const gradients = arrived.get(node.name) ?? [];
    // If a reader is unknown, its gradient is too, so the measured gradient is used.
    const isWhole = gradients.length > 0 && gradients.length === readers.get(node.name);
    const above = isWhole && !node.isOutput
      ? sumOf(gradients)
      : measuredGradient(node, "activationGradients");
    const sent = above === null ? null : step?.back(above) ?? null;
    if (sent?.delta != null) deltas.set(node.name, sent.delta);
    const inputs = starts && measured !== null && step?.backFromDelta !== undefined
      ? step.backFromDelta(measured)
      : sent?.inputs ?? null;
    for (const [index, gradient] of inputs?.entries() ?? []) {
      const name = node.inputs[index];
      const known = arrived.get(name);
      if (known === undefined) arrived.set(name, [gradient]);
      else known.push(gradient);
    }
  }
  return deltas;
}

/** Sums the gradients of several readers. They are independent, so their squares add up. */
function sumOf(gradients: readonly Gradient[]): Gradient {
  if (gradients.length === 1) return gradients[0];
  const sum = (key: "square" | "alike" | "near" | "along") =>
    gradients.reduce((total, gradient) => total + gradient[key], 0);
  const square = sum("square");
  const mean = (of: (gradient: Gradient) => number) =>
    square > 0
      ? gradients.reduce((total, gradient) => total + gradient.square / square * of(gradient), 0)
      : 0;
  return {
    square,
    alike: sum("alike"),
    near: sum("near"),
    along: sum("along"),
    spread: mean(({ spread }) => Math.sqrt(spread)) ** 2,
    aligned: mean(({ aligned }) => aligned),
  };
}
