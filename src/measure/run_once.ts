import { patchProperty } from "../engine/patch_property.ts";
import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";
import { wrapCall } from "./tap.ts";

type SymbolicTensor = LayersModel["inputs"][number];

/** Run of a layer at one node of the graph. */
interface Run {
  /** Ids of its input tensors. */
  given: number[];
  /** Outputs of the layer. */
  outputs: Tensor | Tensor[];
  /** Outputs that TensorFlow.js has requested so far. */
  asked: Set<SymbolicTensor>;
}

/**
 * Makes every node of the graph run its layer once. TensorFlow.js walks the outputs of a graph, not
 * its nodes: it runs a layer (or a nested model, with all of its layers) once for each output that
 * is read, takes some tensors from the first run and others from the last, and so splits the
 * gradient of one tensor over several. The values are the same, the figures of a call are not.
 *
 * @param layers Layers and containers of a model, tapped already.
 * @returns A function that undoes this.
 */
export function runOnce(layers: readonly Layer[]): () => void {
  const restore: (() => void)[] = [];
  for (const layer of layers) {
    const places = layer.inboundNodes.map(({ outputTensors }) => outputTensors)
      .filter((outputs) => outputs.length > 1 && outputs[0].sourceLayer === layer);
    if (places.length === 0) continue;
    let next: SymbolicTensor | null = null;
    const runs = new Map<SymbolicTensor, Run>();
    for (const outputs of places) {
      for (const output of outputs) {
        const { inputs } = output;
        // TensorFlow.js looks up the inputs of an output just before it calls the layer for it.
        const get = () => {
          next = output;
          return inputs;
        };
        restore.push(patchProperty(output, "inputs", { get }));
      }
    }
    restore.push(wrapCall(layer, (call, inputs, kwargs) => {
      const output = next;
      next = null;
      // A wrapper calls the layer itself, outside of the graph.
      if (output === null) return call(inputs, kwargs);
      const [place] = places.find((outputs) => outputs.includes(output))!;
      const given = [inputs].flat().map(({ id }) => id);
      const run = runs.get(place);
      // A second request for the same output belongs to another call of the enclosing model.
      const isSame = run !== undefined && !run.asked.has(output) &&
        given.join() === run.given.join();
      if (isSame) {
        run.asked.add(output);
        return run.outputs;
      }
      const outputs = call(inputs, kwargs);
      runs.set(place, { given, outputs, asked: new Set([output]) });
      return outputs;
    }));
  }
  return () => {
    for (const step of restore.reverse()) step();
  };
}
