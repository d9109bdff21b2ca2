import type { LayersModel } from "../engine/tensorflow.ts";

/** `input2`, `dense_Dense3_input` and `sequential_1_input`; `dense_Dense3` of an output. */
const MADE_UP =
  /^(?:input\d+|(?:sequential_|model|functional)\d+_input|(\w+)_([A-Z]\w*?)\d+(?:_input)?)$/;

/**
 * Names of the model's inputs. One that nobody chose, or that a `tf.sequential()` does not list, is
 * called `input`, since what TensorFlow.js makes up for it counts the layers of the whole process.
 */
export function inputName(model: LayersModel, index: number): string {
  return nameOf("input", model.inputNames, index, model.inputs.length);
}

/** Names of the model's outputs; likewise. */
export function outputName(model: LayersModel, index: number): string {
  return nameOf("output", model.outputNames, index, model.outputs.length);
}

function nameOf(what: string, names: string[] | undefined, index: number, count: number): string {
  const name = names?.[index];
  return name === undefined || isMadeUp(name) ? count === 1 ? what : `${what}_${index + 1}` : name;
}

function isMadeUp(name: string): boolean {
  const [match, stem, className = ""] = MADE_UP.exec(name) ?? [];
  return match !== undefined &&
    (stem === undefined || stem.replaceAll("_", "") === className.toLowerCase());
}
