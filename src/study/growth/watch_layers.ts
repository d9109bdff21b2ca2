import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Layer, LayersModel, Tensor } from "../../engine/tensorflow.ts";
import {
  type ActivationHolder,
  activationObject,
  replaceActivation,
} from "../../core/measure/activation_region.ts";
import { outputsOf } from "../../core/model/keras_outputs.ts";
import { sumTensor } from "../../core/measure/sums.ts";
import { wrapCall } from "../../core/measure/tap.ts";
import { leafLayers } from "../../core/model/layers/leaf_layers.ts";

/** Relative deviation up to which one tensor is a constant times another one in float32. */
const SAME_DIRECTION = 1e-5;

/** Tensor of a layer in a forward pass; the caller disposes of it. */
export interface SeenLayer {
  /** Path of the layer. */
  name: string;
  /** The layer. */
  layer: Layer;
  /** Size of its first input; `null` for integers. */
  input: number | null;
  /** Its pre-activations, or its outputs if it has no activation. */
  values: Tensor;
  /** Constant factor that the layers behind it multiply by. */
  multiplier: number;
  /** True if its output is joined with another one. */
  isBranch: boolean;
}

/** Returns the root mean square of a tensor; NaN if an entry is not finite. */
export function sizeOfTensor(heap: Heap, tensor: Tensor): number {
  const { sumSquares, finite, count } = sumTensor(heap, tensor);
  return finite < count ? NaN : Math.sqrt(sumSquares / Math.max(1, count));
}

/**
 * Runs a model forward in inference mode and keeps the tensors of the layers that have weights or
 * join branches. A layer without weights that multiplies by a constant belongs to the layer before
 * it.
 */
export function watchLayers(heap: Heap, model: LayersModel, inputs: Tensor[]): SeenLayer[] {
  const { tf } = heap;
  const watching = new Watching(heap);
  const restore: (() => void)[] = [];
  try {
    for (const { path, layer } of leafLayers(model)) {
      let z: Tensor | null = null;
      const holder = layer as unknown as ActivationHolder;
      const activation = activationObject(holder, "activation");
      if (layer.weights.length > 0 && activation !== null && !isLinear(activation)) {
        restore.push(replaceActivation(holder, "activation", (x, apply) => {
          z ??= tf.keep(x.clone());
          return apply(x);
        }));
      }
      restore.push(wrapCall(layer, (call, given, kwargs) => {
        const outputs = call(given, kwargs);
        watching.see({ path, layer, z }, [given].flat(), [outputs].flat()[0]);
        return outputs;
      }));
    }
    tf.tidy(() => void outputsOf(tf, model, inputs));
    return watching.seen;
  } catch (error) {
    tf.dispose(watching.seen.map(({ values }) => values));
    throw error;
  } finally {
    for (const step of restore.reverse()) step();
  }
}

/** Layers that were called in a forward pass. */
class Watching {
  readonly seen: SeenLayer[] = [];
  readonly #heap: Heap;
  /** Layer whose output, times a constant, a tensor is. */
  readonly #owners = new Map<number, { row: SeenLayer; output: Tensor }>();
  /** Layer that a tensor comes from, through layers without weights. */
  readonly #sources = new Map<number, SeenLayer>();

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Notes a call of a layer. */
  see(
    called: { path: string; layer: Layer; z: Tensor | null },
    inputs: readonly Tensor[],
    output: Tensor,
  ): void {
    if (called.layer.weights.length > 0 || inputs.length > 1) this.#add(called, inputs, output);
    else this.#follow(inputs[0], output);
  }

  #add(
    { path, layer, z }: { path: string; layer: Layer; z: Tensor | null },
    inputs: readonly Tensor[],
    output: Tensor,
  ): void {
    // A shared layer is shown as it was called first.
    if (this.seen.some((row) => row.layer === layer)) return;
    const { tf } = this.#heap;
    const row: SeenLayer = {
      name: path,
      layer,
      input: inputs[0].dtype === "float32" ? sizeOfTensor(this.#heap, inputs[0]) : null,
      values: z ?? tf.keep(output.clone()),
      multiplier: 1,
      isBranch: false,
    };
    this.seen.push(row);
    this.#owners.set(output.id, { row, output });
    if (layer.weights.length > 0) this.#sources.set(output.id, row);
    else {
      for (const { id } of inputs) {
        const source = this.#sources.get(id);
        if (source !== undefined) source.isBranch = true;
      }
    }
  }

  /** Follows a tensor through a layer without weights. */
  #follow(input: Tensor, output: Tensor): void {
    const source = this.#sources.get(input.id);
    if (source !== undefined) this.#sources.set(output.id, source);
    const owner = this.#owners.get(input.id);
    if (owner === undefined) return;
    const factor = constantFactor(this.#heap, owner.output, output);
    if (factor === null) return;
    owner.row.multiplier *= factor;
    this.#owners.set(output.id, { row: owner.row, output });
  }
}

const isLinear = (activation: { getClassName(): string }) => activation.getClassName() === "linear";

/** Returns the constant that makes one tensor the other, or `null` if there is none. */
function constantFactor({ tf }: Heap, before: Tensor, after: Tensor): number | null {
  if (before.size !== after.size || before.dtype !== "float32") return null;
  const x = heapView(tf, before);
  const y = heapView(tf, after);
  let product = 0, squares = 0;
  for (let i = 0; i < x.length; i++) {
    product += x[i] * y[i];
    squares += x[i] * x[i];
  }
  const factor = product / squares;
  if (!Number.isFinite(factor) || factor === 0) return null;
  let off = 0;
  for (let i = 0; i < x.length; i++) off = Math.max(off, Math.abs(y[i] - factor * x[i]));
  return off <= SAME_DIRECTION * Math.abs(factor) * Math.sqrt(squares / x.length) ? factor : null;
}
