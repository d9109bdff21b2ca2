import type { LayerMeasurements } from "../../measure/measurements.ts";
import { formatLayers } from "../format_layers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, layersOf } from "./shared.ts";

/**
 * Returns a layer that receives a gradient and passes none on, so that the layers before it are
 * never trained.
 */
export function cutGradient(patient: Patient): Suspect[] {
  const { measurements: { layers }, network: { graph } } = patient;
  return foundBy("vanishing-gradients", patient).filter(({ kind }) => kind === "severed")
    .flatMap((finding): Suspect[] => {
      const found = layersOf([finding], patient);
      const cut = cutAfter(found, patient);
      if (cut === undefined) return [];
      // The head before it is not among the hidden layers that were found.
      const isCut = (layer: LayerMeasurements) =>
        layer.weights.length > 0 && layer.activationGradients?.maxAbs === 0 &&
        graph.isBelow(layer, cut);
      const untrained = layers.filter((layer) => found.includes(layer.name) || isCut(layer))
        .map(({ name }) => name);
      return [{
        kind: "cut-gradient",
        layers: [cut.name],
        message: `${cut.name} (${cut.className}) lets no gradient through: ` +
          `${formatLayers(untrained, layers)} before it ` +
          `${untrained.length === 1 ? "gets" : "get"} exactly 0, and ` +
          `${untrained.length === 1 ? "stays as it was" : "stay as they were"} drawn.`,
        states: [finding],
        explains: ({ rule, layer, layers }) =>
          rule === "gradients-flow" &&
          (layers ?? [layer]).every((name) => name !== null && untrained.includes(name)),
        cures: [{
          kind: "rebuild",
          what:
            `Compute ${cut.name} by operations that have a gradient (rounding, comparing and argMax ` +
            `have none), or give it one with tf.customGrad.`,
        }],
      }];
    });
}

/** Returns the custom layer without a kernel behind layers that get no gradient. */
function cutAfter(
  untrained: readonly string[],
  { measurements: { layers }, network: { graph } }: Patient,
): LayerMeasurements | undefined {
  const isSent = ({ activationGradients: sent }: LayerMeasurements) => (sent?.maxAbs ?? 0) > 0;
  const last = layers.findIndex(({ name }) => name === untrained.at(-1));
  return layers.slice(last + 1).find((layer) => {
    const inputs = graph.inputsOf(layer);
    return layer.kind === "opaque" && isSent(layer) && inputs.length > 0 &&
      !inputs.some(isSent);
  });
}
