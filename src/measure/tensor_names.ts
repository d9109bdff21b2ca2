import type { LayersModel } from "../engine/tensorflow.ts";

/**
 * Names of the model's inputs. A `tf.sequential()` lists none; its one input is called `input`, since
 * what TensorFlow.js makes up for it counts the layers of the whole process.
 */
export function inputName(model: LayersModel, index: number): string {
  return model.inputNames?.[index] ?? (model.inputs.length === 1 ? "input" : `input_${index + 1}`);
}

/** Names of the model's outputs; `output` for that of a `tf.sequential()`. */
export function outputName(model: LayersModel, index: number): string {
  return model.outputNames?.[index] ??
    (model.outputs.length === 1 ? "output" : `output_${index + 1}`);
}
