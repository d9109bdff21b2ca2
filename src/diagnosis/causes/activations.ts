import { isGate } from "../../checks/network/is_gate.ts";
import { formatLayers } from "../format_layers.ts";
import { activationTraits, isSigmoid } from "../../traits/activation_traits.ts";
import { formatNumber } from "../../words/numbers.ts";
import { gain } from "../../theory/gain.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isConsequence, isOf, layersOf } from "./shared.ts";

/** A row of this many sigmoid layers loses the gradient: each passes a quarter of it at most. */
const MIN_SATURATING_ROW = 3;

/**
 * Returns layers whose work the next kernel could do, since there is no activation between them.
 */
export function missingActivations(patient: Patient): Suspect[] {
  const states = foundBy("architecture", patient).filter(({ kind }) => kind === "no-activation");
  if (states.length === 0) return [];
  const names = layersOf(states, patient);
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
    cures: ["relu", "tanh"].map((to) => ({
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

/**
 * Returns hidden layers that end in a softmax, which is for outputs: the units of each add up to 1,
 * so the layer's information about an example fades with its width. A softmax that weighs other
 * values is attention, and left alone.
 */
export function hiddenSoftmax({ network, measurements: { layers } }: Patient): Suspect[] {
  const found = network.chain.filter(({ layer, output, activation }) =>
    layer.role === "hidden" && activation === "softmax" && !isGate(output, network.graph) &&
    !network.graph.outputsOf(output).some(({ kind }) => kind === "merge" || kind === "opaque")
  );
  if (found.length === 0) return [];
  const names = found.map(({ output }) => output.name);
  const kernels = found.map(({ layer }) => layer.name);
  const [{ units }] = found;
  return [{
    kind: "hidden-softmax",
    layers: names,
    message: `${formatLayers(names, layers)} ${
      names.length === 1 ? "ends" : "end"
    } in a softmax, which is for outputs: the ${units} units ${
      names.length === 1 ? "" : "of a layer "
    }add up to 1, so that little of an example gets through.`,
    states: [],
    explains: (finding) =>
      isConsequence(finding) ||
      finding.rule === "init-scale" && kernels.includes(finding.layer ?? ""),
    cures: ["relu", "tanh"].map((to) => ({
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
    cures: ["tanh", "selu", "relu"].map((to) => ({
      kind: "activation",
      layers: names,
      from: activation,
      to,
      rescale: squashed.map(({ layer, kernel, sigma }) => ({
        layer: layer.name,
        weight: kernel.name,
        factor: gain(to)! / sigma,
      })),
    })),
  }];
}
