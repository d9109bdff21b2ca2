import { patchProperty } from "../patching.ts";
import type { Layer, TensorFlow } from "../tensorflow.ts";

/** Period in which a copy of TensorFlow.js was watched: every layer created in it is known. */
interface Watch {
  Layer: TensorFlow["layers"]["Layer"];
  /** Numbers that TensorFlow.js gave to the first layer of the watch, and the first after it. */
  from: number;
  until: number;
}

const watches: Watch[] = [];
const madeUp = new WeakSet<object>();
/** TensorFlow.js's `getClassName` methods, and our replacements. */
const plain = new WeakSet<object>();

/**
 * Returns true if TensorFlow.js generated a layer's name; `null` if unknown, because the layer was
 * created before the engine started or by another copy of TensorFlow.js.
 */
export function isNameMadeUp(layer: Layer): boolean | null {
  if (madeUp.has(layer)) return true;
  const { id } = layer as unknown as { id: number };
  const watched = plain.has(layer.getClassName) &&
    watches.some(({ Layer, from, until }) => layer instanceof Layer && id >= from && id < until);
  return watched ? false : null;
}

/** Marks the name of a layer as generated, e.g. in a copy that was saved and loaded. */
export function takeForMadeUp(layer: Layer): void {
  madeUp.add(layer);
}

/**
 * Starts to record the layers that are created without a name. The name alone is ambiguous: a file
 * saved by TensorFlow.js has `dense_Dense1` as well, and a user can call a model `model1`.
 *
 * A layer that is about to generate a name asks for its class while it has no name. Only
 * `tf.sequential()` always does so; its generated names are `sequential_1`, `sequential_2` ... in
 * the order of use, so any other number was chosen by the user. If a user chose exactly the next
 * name, it counts as generated.
 *
 * @returns A function that stops it; calling it again does nothing.
 */
export function watchNames(tf: TensorFlow): () => void {
  const { Layer } = tf.layers;
  const nextId = () => tf.layers.flatten({ name: "watched" }).id;
  const watch = { Layer, from: nextId(), until: Infinity };
  // If no layer was created before, no number is used up; otherwise one must be created to see it.
  let next = watch.from === 0 ? 1 : Number(new tf.Sequential().name.split("_")[1]) + 1;
  const stock = Layer.prototype.getClassName;
  function getClassName(this: Layer): string {
    if (this.name == null) note(this);
    return stock.call(this);
  }
  const note = (layer: Layer) => {
    // A container is named after the constructor of Layer, which has already generated an unused
    // name.
    const begins = !Object.hasOwn(layer, "name");
    if (begins === layer instanceof tf.LayersModel) return;
    if (!(layer instanceof tf.Sequential)) madeUp.add(layer);
    else {
      onSecondName(layer, (name) => {
        if (name !== `sequential_${next}`) return;
        next++;
        madeUp.add(layer);
      });
    }
  };
  plain.add(stock).add(getClassName);
  watches.push(watch);
  const restore = patchProperty(Layer.prototype, "getClassName", {
    value: getClassName,
    writable: true,
  });
  return () => {
    if (watch.until !== Infinity) return;
    restore();
    watch.until = nextId();
  };
}

/**
 * Calls `decide` with the second name. The first is the one that `tf.LayersModel` generates for a
 * `tf.sequential()`, and is replaced.
 */
function onSecondName(layer: Layer, decide: (name: string) => void): void {
  let names = 0;
  Object.defineProperty(layer, "name", {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(name: string) {
      if (++names < 2) return;
      Object.defineProperty(layer, "name", { value: name, writable: true, enumerable: true });
      decide(name);
    },
  });
}
