import type { Measurements } from "../measure/measurements.ts";
import { callPlace } from "../model/layers/layer_source.ts";
import type { Fix, FixWeight } from "./fix.ts";

/**
 * Returns a fix in the words of the framework that the network was written in: PyTorch if the
 * weights are those of a state dict or the layers those of a program, Keras if Keras wrote the
 * layers, else TensorFlow.js.
 */
export function inFramework(fix: Fix, measurements: Measurements): Fix {
  const { format = null } = measurements.weightsOnly ?? {};
  if (format === "Keras") return { ...fix, framework: "keras" };
  if (format === "PyTorch" || format === "safetensors") return inTorch(fix, measurements);
  const { framework } = measurements.model;
  if (framework === "pytorch") return inTorch(fix, measurements);
  return framework === undefined ? fix : { ...fix, framework };
}

function inTorch(fix: Fix, { layers }: Measurements): Fix {
  const framework = "pytorch";
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const mark = <T extends FixWeight>(weights: T[]): T[] =>
    weights.map((weight) => {
      const layer = byName.get(weight.layer);
      if (layer === undefined) return weight;
      const marked = { ...weight };
      const { className, kernelLayout = "", source } = layer;
      // A Conv1D is GPT-2's dense layer, with its kernel transposed.
      const isTransposed = className === "Conv1D" || kernelLayout === "transposed" ||
        kernelLayout.startsWith("einsum i");
      if (isTransposed) marked.inputsFirst = true;
      const place = callPlace(source);
      if (place !== null) marked.source = place;
      return marked;
    });
  switch (fix.kind) {
    case "rescale":
      return { ...fix, framework, weights: mark(fix.weights) };
    case "redraw":
      return { ...fix, framework, weights: mark(fix.weights) };
    case "set-bias":
      return { ...fix, framework, weights: mark(fix.weights) };
    default:
      return { ...fix, framework };
  }
}
