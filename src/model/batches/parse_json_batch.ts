import type { LayersModel } from "../../engine/tensorflow.ts";
import { nearest } from "../../words/nearest.ts";
import { showValue } from "../../words/show_value.ts";
import { BatchError } from "../batch_error.ts";
import { isFlatTensor, type ParsedTensor, parseTensor } from "../parse_tensor.ts";
import type { Given } from "./given.ts";

/**
 * Parses a batch in JSON: `{"inputs": T, "targets"?: T}`.
 *
 * @throws {BatchError} If it is not a batch.
 */
export function parseJsonBatch(json: unknown, model: LayersModel): Given {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new BatchError(`The file holds ${showValue(json)}, expected {"inputs", "targets"}`);
  }
  const known = ["inputs", "targets"];
  const unknown = Object.keys(json).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new BatchError(
      `${showValue(unknown)} is not a key of a batch, expected "inputs" and "targets"` +
        nearest(unknown, known),
    );
  }
  const { inputs: rawInputs, targets: rawTargets } = json as { inputs: unknown; targets?: unknown };
  const inputs = parseTensors(rawInputs, "inputs", layerNames(model.inputs));
  const targets = rawTargets === undefined || rawTargets === null
    ? null
    : parseTensors(rawTargets, "targets", layerNames(model.outputs));
  return { inputs, targets };
}

/** Returns names of inputs or outputs; `model.inputNames` is empty for a `tf.sequential()`. */
export const layerNames = (tensors: LayersModel["inputs"]) =>
  tensors.map((tensor) => tensor.sourceLayer.name);

/** Parses one tensor per name, in the order of the names. */
function parseTensors(value: unknown, place: string, names: string[]): ParsedTensor[] {
  if (value === undefined) throw new BatchError(`"${place}" is missing`);
  const byName = typeof value === "object" && value !== null && !Array.isArray(value) &&
    !isFlatTensor(value);
  if (byName) {
    const unknown = Object.keys(value).find((key) => !names.includes(key));
    const missing = names.find((name) => !Object.hasOwn(value, name));
    if (unknown !== undefined || missing !== undefined) {
      throw new BatchError(
        `${place} has ${
          unknown === undefined ? `no ${showValue(missing!)}` : showValue(unknown)
        }, ` +
          `expected ${names.map(showValue).join(", ")}`,
      );
    }
    return names.map((name) =>
      parseTensor((value as Record<string, unknown>)[name], `${place}[${showValue(name)}]`)
    );
  }
  if (names.length === 1) return [parseTensor(value, place)];
  if (!Array.isArray(value) || value.length !== names.length) {
    throw new BatchError(
      `${place} is ${showValue(value)}, expected an array of ${names.length}: ` +
        names.map(showValue).join(", "),
    );
  }
  return value.map((one, i) => parseTensor(one, `${place}[${i}]`));
}
