import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Measurements, WeightMeasurements } from "../../../src/entry/measure.ts";

/** Outputs of a layer, as the rules of other tools read them. */
export interface LayerOutput {
  name: string;
  /** `relu`, `tanh`, ...; `linear` where it has none. */
  activation: string;
  values: Float32Array;
  /** Entries on the last axis. */
  units: number;
}

/** Pass, as the rules of other tools read it. */
export interface PeerView {
  measurements: Measurements;
  /** Outputs of each layer of the model, in order. */
  outputs: LayerOutput[];
  targets: Float32Array;
  /** Number of classes; `null` where numbers are hit. */
  classes: number | null;
  inputs: Float32Array;
}

/** The weights that an optimizer would move, as TensorFlow.js lists them. */
export function trainedWeights({ measurements }: PeerView): WeightMeasurements[] {
  return measurements.layers.flatMap(({ weights }) => weights).filter((weight) =>
    weight.trainable && weight.gradients !== null
  );
}

/** Weights with two axes or more. */
export function kernels(view: PeerView): WeightMeasurements[] {
  return trainedWeights(view).filter(({ shape }) => shape.length >= 2);
}

/** Looks at what every layer puts out for a batch. */
export function viewOutputs(tf: TensorFlow, model: LayersModel, inputs: Tensor): LayerOutput[] {
  const layers = model.layers.filter((layer) => layer.getClassName() !== "InputLayer");
  const all = tf.model({
    inputs: model.inputs,
    outputs: layers.map(({ output }) => [output].flat()[0]),
  });
  const outputs = tf.tidy(() =>
    [all.predict(inputs)].flat().map((output) => output.dataSync<"float32">().slice())
  );
  return layers.map((layer, i) => ({
    name: layer.name,
    activation: String(layer.getConfig().activation ?? "linear"),
    values: outputs[i],
    units: ([layer.outputShape].flat().at(-1) ?? 1) as number,
  }));
}

/** The share of the units of which so few entries pass a test, of a layer's output. */
export function shareOfUnits(
  { values, units }: LayerOutput,
  active: (value: number) => boolean,
  least: number,
): number {
  const counts = new Float64Array(units);
  values.forEach((value, i) => counts[i % units] += Number(active(value)));
  const entries = values.length / units;
  return counts.filter((count) => count / entries < least).length / units;
}

/** The share of the entries that pass a test. */
export function shareOf(values: Float32Array, test: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) count += Number(test(value));
  return count / values.length;
}
