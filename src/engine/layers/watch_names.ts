import { patchProperty } from "../patch_property.ts";
import type { Layer, TensorFlow } from "../tensorflow.ts";

/** A time in which one copy of TensorFlow.js was watched: every layer made in it is known. */
interface Watch {
  Layer: TensorFlow["layers"]["Layer"];
  /** TensorFlow.js numbers layers as they are made: the first of the watch, and the first after it. */
  from: number;
  until: number;
}

const watches: Watch[] = [];
const madeUp = new WeakSet<object>();
/** What TensorFlow.js has as `getClassName`, and what we put over it. */
const plain = new WeakSet<object>();

/**
 * Whether TensorFlow.js made up the name that a layer was created with; `null` if nobody watched it,
 * because it was made before the engine started or by another copy of TensorFlow.js.
 */
export function isNameMadeUp(layer: Layer): boolean | null {
  if (madeUp.has(layer)) return true;
  const { id } = layer as unknown as { id: number };
  const watched = plain.has(layer.getClassName) &&
    watches.some(({ Layer, from, until }) => layer instanceof Layer && id >= from && id < until);
  return watched ? false : null;
}

/** Takes the name of a layer for made up, wherever it is from: of a copy that was written and read again. */
export function takeForMadeUp(layer: Layer): void {
  madeUp.add(layer);
}

/**
 * Notes from now on which layers are created without a name. The name alone does not tell: a file that
 * TensorFlow.js saved has `dense_Dense1` as well, and anybody may call a model `model1`.
 *
 * A layer that is about to make up a name asks for its class, while it has no name. A `tf.sequential()`
 * alone does so always; its made-up names are `sequential_1`, `sequential_2` ... in the order in which
 * they are needed, so another number is somebody's choice. One that was given the very name that would
 * be next cannot be told from a made-up one.
 *
 * @returns A function that stops it; calling it again does nothing.
 */
export function watchNames(tf: TensorFlow): () => void {
  const { Layer } = tf.layers;
  const nextId = () => tf.layers.flatten({ name: "watched" }).id;
  const watch = { Layer, from: nextId(), until: Infinity };
  // Where no layer was made before, none has used up a number; else one has to be made to see it.
  let next = watch.from === 0 ? 1 : Number(new tf.Sequential().name.split("_")[1]) + 1;
  const stock = Layer.prototype.getClassName;
  function getClassName(this: Layer): string {
    if (this.name == null) note(this);
    return stock.call(this);
  }
  const note = (layer: Layer) => {
    // A container is named after the constructor of Layer, which has made one up for nothing.
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

/** The first name is the one that `tf.LayersModel` makes up for a `tf.sequential()`, and is replaced. */
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
