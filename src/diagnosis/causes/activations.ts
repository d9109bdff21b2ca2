import { formatLayers } from "../format_layers.ts";
import { isSigmoid } from "../../traits/activation_traits.ts";
import { gain } from "../../theory/gain.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isOf, layersOf } from "./shared.ts";

/** So many layers of sigmoid in a row lose the gradient: each passes a quarter of it at most. */
const ROW = 3;

/** Layers of which the next kernel could do the work, since no activation stands between. */
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
    // Kernels that were drawn for an activation are too large without one.
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

/** Hidden layers of sigmoid, whose slope is at most 1/4. */
export function activations({ network, measurements: { layers } }: Patient): Suspect[] {
  const squashed = network.chain.filter(({ layer, activation }) =>
    layer.role === "hidden" && isSigmoid(activation)
  );
  if (squashed.length < ROW) return [];
  const names = squashed.map(({ output }) => output.name);
  return [{
    kind: "activation",
    layers: names,
    message: `${formatLayers(names, layers)} end in a ${squashed[0].activation}, which passes at ` +
      `most ${squashed[0].activation === "sigmoid" ? "1/4" : "1/5"} of the gradient each: over ` +
      `${squashed.length} layers almost nothing is left.`,
    states: [],
    explains: isOf(
      ...["vanishing-gradients", "gradients-flow", "activation-scale"],
      ...["gradient-balance", "gradient-ratio"],
    ),
    cures: ["tanh", "selu", "relu"].map((to) => ({
      kind: "activation",
      layers: names,
      from: squashed[0].activation,
      to,
      rescale: squashed.map(({ layer, kernel, sigma }) => ({
        layer: layer.name,
        weight: kernel.name,
        factor: gain(to)! / sigma,
      })),
    })),
  }];
}
