import type { Finding } from "../../rules/finding.ts";
import type { Attention } from "../../rules/network/attentions.ts";
import { isGate } from "../../rules/network/graph.ts";
import { hiddenSoftmaxes } from "../../rules/weights/architecture_notes.ts";
import { gain } from "../../../ground/theory/criticality.ts";
import { activationTraits, isSigmoid } from "../../../ground/traits/activation_traits.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { formatLayers } from "../fix_words.ts";
import { foundBy, isConsequence, isOf, layersOf } from "./shared.ts";

/** A row of this many sigmoid layers loses the gradient: each passes a quarter of it at most. */
const MIN_SATURATING_ROW = 3;

/** Activations that a layer without one is given, the likeliest first. */
const GIVEN = ["relu", "tanh"] as const;

/** A kernel of some hundred entries exceeds the scale that it is drawn with by this factor at most. */
const BY_CHANCE = 1.1;

const lacking = (patient: Patient) =>
  foundBy("architecture", patient).filter(({ kind }) => kind === "no-activation");

/**
 * Returns findings about kernels that are too large only because their layer has no activation:
 * with one that they were drawn for, their scale is right.
 */
export function drawnForActivation(patient: Patient): Finding[] {
  const bare = layersOf(lacking(patient), patient);
  const most = BY_CHANCE * Math.max(...GIVEN.map((to) => gain(to)!));
  return foundBy("init-scale", patient).filter(({ layer, measured }) =>
    bare.includes(layer ?? "") && measured! > 1 && measured! <= most
  );
}

/**
 * Returns layers whose work the next kernel could do, since there is no activation between them.
 */
export function missingActivations(patient: Patient): Suspect[] {
  const stated = lacking(patient);
  if (stated.length === 0) return [];
  const states = [...stated, ...drawnForActivation(patient)];
  const names = layersOf(stated, patient);
  const kernels = patient.network.chain.filter(({ layer }) => names.includes(layer.name));
  return [{
    kind: "no-activation",
    layers: names,
    message: states[0].message,
    states,
    // Kernels drawn for an activation are too large without one.
    explains: isOf(
      ...["exploding-gradients", "activation-scale", "gradient-balance", "gradient-ratio"],
      ...["vanishing-gradients", "initial-loss"],
    ),
    fixes: GIVEN.map((to) => ({
      kind: "activation",
      layers: names,
      from: "linear",
      to,
      rescale: kernels.filter(({ sigma }) => sigma > 0).map(({ layer, kernel, sigma }) => ({
        layer: layer.name,
        weight: kernel.name,
        factor: gain(to)! / sigma,
      })),
    })),
  }];
}

/** Returns hidden layers that end in a softmax, which is for outputs. */
export function hiddenSoftmax(patient: Patient): Suspect[] {
  const states = foundBy("architecture", patient).filter(({ kind }) => kind === "hidden-softmax");
  const [state] = states;
  if (state === undefined) return [];
  const names = layersOf(states, patient);
  const found = hiddenSoftmaxes(patient.network).filter(({ output }) =>
    names.includes(output.name)
  );
  const kernels = found.map(({ layer }) => layer.name);
  return [{
    kind: "hidden-softmax",
    layers: names,
    message: state.message,
    states,
    explains: (finding) =>
      isConsequence(finding) ||
      finding.rule === "init-scale" && kernels.includes(finding.layer ?? ""),
    fixes: ["relu", "tanh"].map((to) => ({
      kind: "activation",
      layers: names,
      from: "softmax",
      to,
      rescale: found.filter(({ sigma }) => sigma > 0).map(({ layer, kernel, sigma }) => ({
        layer: layer.name,
        weight: kernel.name,
        factor: gain(to)! / sigma,
      })),
    })),
  }];
}

/** Returns hidden layers of sigmoid, whose slope is at most 1/4, or of similar activations. */
export function activations({ network, measurements: { layers } }: Patient): Suspect[] {
  const squashed = network.chain.filter(({ layer, output, activation }) =>
    layer.role === "hidden" && isSigmoid(activation) && !isGate(output, network.graph)
  );
  if (squashed.length < MIN_SATURATING_ROW) return [];
  const names = squashed.map(({ output }) => output.name);
  const [{ activation }] = squashed;
  // All of them are steepest at 0.
  const slope = activationTraits(activation)!.curve!.derivative(0);
  return [{
    kind: "activation",
    layers: names,
    message: `${formatLayers(names, layers)} end in a ${activation}, which passes at most ` +
      `1/${formatNumber(1 / slope)} of the gradient each: over ${squashed.length} layers almost ` +
      `nothing is left.`,
    states: [],
    explains: isOf(
      ...["vanishing-gradients", "gradients-flow", "activation-scale"],
      ...["gradient-balance", "gradient-ratio"],
    ),
    fixes: ["tanh", "selu", "relu"].map((to) => ({
      kind: "activation",
      layers: names,
      from: activation,
      to,
      rescale: squashed.filter(({ sigma }) => sigma > 0).map(({ layer, kernel, sigma }) => ({
        layer: layer.name,
        weight: kernel.name,
        factor: gain(to)! / sigma,
      })),
    })),
  }];
}

/**
 * Returns queries and keys that are too large for the softmax between them, and blocks that make
 * all tokens alike.
 */
export function attention(patient: Patient): Suspect[] {
  const found = foundBy("attention", patient);
  return [
    ...largeScores(found.filter(({ kind }) => kind === "one-hot"), patient),
    ...found.filter(({ kind }) => kind === "tokens-alike").map((finding) =>
      alikeTokens(finding, patient)
    ),
  ];
}

function largeScores(findings: Finding[], patient: Patient): Suspect[] {
  if (findings.length === 0) return [];
  const names = layersOf(findings, patient);
  const collapsed = patient.network.attentions.filter(({ layer }) => names.includes(layer.name));
  const weights = collapsed.flatMap(smaller);
  const layers = weights.map(({ layer }) => layer);
  const fixes: Fix[] = weights.length === 0
    ? []
    : [{ kind: "rescale", initializer: null, weights }];
  return [{
    kind: "attention-scores",
    layers: layers.length === 0 ? names : layers,
    message:
      `The scores of ${
        formatLayers(names, patient.measurements.layers)
      } are so large that each query ` +
      "looks at one key alone, where a softmax has no slope.",
    states: findings,
    explains: isOf("exploding-gradients", "gradient-ratio", "gradient-balance", "gradients-flow"),
    fixes: [...fixes, {
      kind: "rebuild",
      what: "Normalise the inputs of queries and keys, or draw their kernels smaller.",
    }],
  }];
}

/**
 * Returns kernels that give the scores a standard deviation of 1: each takes half of the factor.
 */
function smaller({ asking, layer: { preActivations } }: Attention) {
  const std = preActivations?.std ?? NaN;
  if (!(std > 1) || !Number.isFinite(std)) return [];
  return asking.map(({ layer, kernel }) => ({
    layer: layer.name,
    weight: kernel.name,
    factor: std ** (-1 / asking.length),
  }));
}

function alikeTokens(finding: Finding, patient: Patient): Suspect {
  const names = layersOf([finding], patient);
  return {
    kind: "alike-tokens",
    layers: names,
    message:
      `From ${
        names[0]
      } on all places of a sequence have one direction: attention takes means, and nothing ` +
      "adds back what they leave out.",
    states: [finding],
    explains: isOf("vanishing-gradients", "gradient-ratio", "gradient-balance", "architecture"),
    fixes: [{
      kind: "rebuild",
      what: "Put a residual connection around each attention and each block of dense layers.",
    }],
  };
}
