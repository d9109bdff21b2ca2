import { showValue } from "../words/show_value.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { ModelError } from "./model_error.ts";
import type { LayerVariable } from "./model_weights.ts";
import type { WeightSpec } from "./weights_manifest.ts";

/** Returns the weights that a name of the manifest may mean, in the model's order. */
function variablesByName(model: LayersModel): Map<string, LayerVariable[]> {
  const byName = new Map<string, LayerVariable[]>();
  for (const variable of new Set<LayerVariable>(model.weights)) {
    const name = variable.originalName;
    byName.set(name, [...byName.get(name) ?? [], variable]);
  }
  return byName;
}

/**
 * Pairs the weights that the file declares with those of the model.
 *
 * @throws {ModelError} If a weight is missing, left over, or of another shape or type.
 */
export function pairWeights(
  model: LayersModel,
  specs: WeightSpec[],
): Map<WeightSpec, LayerVariable> {
  const open = variablesByName(model);
  const pairs = new Map<WeightSpec, LayerVariable>();
  for (const spec of specs) {
    const variable = (open.get(spec.name) ?? namesakes(spec, open))?.shift();
    const shown = `${spec.place} is ${showValue(spec.name)}`;
    if (variable === undefined) {
      throw new ModelError(`${shown}, expected a weight that the model has`);
    }
    if (variable.shape.join() !== spec.shape.join() || variable.dtype !== spec.dtype) {
      throw new ModelError(
        `${shown} of shape [${spec.shape.join(", ")}] and type ${spec.dtype}, expected ` +
          `[${variable.shape.join(", ")}] and ${variable.dtype} as its layer has`,
      );
    }
    pairs.set(spec, variable);
  }
  const [missing, ...more] = [...open.values()].flat();
  if (missing !== undefined) {
    throw new ModelError(
      `weightsManifest does not have ${showValue(missing.originalName)}` +
        `${
          more.length === 0 ? "" : ` and ${more.length} more`
        }, expected every weight of the model`,
    );
  }
  return pairs;
}

/**
 * Returns the weights that a name written by Keras means. TensorFlow 2.2 and later put the cell's
 * name before the last part (`lstm/lstm_cell/kernel`), Keras 3 the model's name before the first
 * (`sequential/dense/kernel`).
 *
 * @throws {ModelError} If weights of several layers could be meant.
 */
function namesakes(
  { name, place }: WeightSpec,
  open: Map<string, LayerVariable[]>,
): LayerVariable[] | undefined {
  const parts = name.split("/");
  for (let from = 0; from < parts.length - 1; from++) {
    const scopes = parts.slice(from, -1), own = parts.at(-1)!;
    const found = [[...scopes, own], [...scopes.slice(0, -1), own], [...scopes, `depthwise_${own}`]]
      .map((path) => open.get(path.join("/")))
      .find((one) => one !== undefined);
    if (found === undefined) continue;
    if (from > 0 && found.length > 1) {
      throw new ModelError(
        `${place} is ${showValue(name)}, which may be any of the ${found.length} weights ${
          showValue(found[0].originalName)
        } of the model, expected a name that one layer has`,
      );
    }
    return found;
  }
}
