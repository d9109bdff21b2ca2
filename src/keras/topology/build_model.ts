import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { showShape } from "../../core/model/layers/shapes.ts";
import type { LoadedModel } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { stemOf } from "../../core/model/names.ts";
import type { LayerVariable } from "../../core/model/weights/model_weights.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Topology } from "./convert_topology.ts";
import { BuildWatch, type Classes } from "./watch_build.ts";
import type { DataType } from "@tensorflow/tfjs";
import { refusal } from "../../ground/words/input_error.ts";

/** Part of an initialiser that TensorFlow.js calls. */
interface Initializer {
  apply(shape: number[], dtype?: DataType): Tensor;
}

/** Part of TensorFlow.js's engine that makes a tensor of existing entries. */
interface TensorMaker {
  backend: {
    write(values: Float32Array | Int32Array | Uint8Array, shape: number[], dtype: string): object;
  };
  makeTensorFromTensorInfo(info: { dataId: object; shape: number[]; dtype: string }): Tensor;
}

const ENTRY = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/**
 * Weights that are drawn once the whole model is built and its size is known. Until then each has
 * its final shape but only one entry: a topology of 300 bytes can ask for gigabytes.
 */
class HollowWeights {
  readonly #tf: TensorFlow;
  readonly #pending: (() => void)[] = [];

  constructor(tf: TensorFlow) {
    this.#tf = tf;
  }

  /**
   * Makes one weight.
   *
   * @param initializer Initialiser that draws it later.
   */
  add(initializer: Initializer, add: (hollow: Initializer) => LayerVariable): LayerVariable {
    let asked: [shape: number[], dtype?: DataType] | undefined;
    const weight = add({
      apply: (shape, dtype) => {
        asked = [shape, dtype];
        return this.#hollow(shape, dtype);
      },
    });
    this.#pending.push(() => {
      this.#tf.tidy(() => {
        const variable = weight.read() as unknown as { assign(value: Tensor): void };
        variable.assign(initializer.apply(...asked!));
      });
    });
    return weight;
  }

  /** Draws all weights, in the order in which they were made. */
  draw(): void {
    for (const draw of this.#pending) draw();
  }

  #hollow(shape: number[], dtype: DataType = "float32"): Tensor {
    const engine = this.#tf.engine() as unknown as TensorMaker;
    const entry = new ENTRY[dtype as keyof typeof ENTRY](1);
    const dataId = engine.backend.write(entry, [1], dtype);
    return engine.makeTensorFromTensorInfo({ dataId, shape, dtype });
  }
}

/** Function called with a built model before its weights are drawn; an error ends the building. */
type BeforeDrawing = (model: LayersModel) => void;

/**
 * Number of entries allowed for any model, regardless of what its file declares: 16 MiB of float32.
 */
const FREE_ENTRIES = 2 ** 22;

/** Arguments of a layer's `addWeight`. */
type WeightArgs = [
  name: string,
  shape: number[],
  dtype: string,
  initializer: unknown,
  ...rest: unknown[],
];

type AddWeight = (this: Layer, ...args: WeightArgs) => unknown;

/** Model whose weights have not been loaded yet. */
interface BuiltModel {
  model: LayersModel;
  /**
   * Frees all its memory. `model.dispose()` does not: it keeps the weights of a layer that is
   * called more than once, and the states of a recurrent one.
   */
  discard(): void;
}

/** Weights of a file, of which some model is built. */
interface DeclaredWeights {
  /** Number of entries of all weights. */
  declared: number;
  /** Declaration of the weights in the file, for messages. */
  declares: string;
  /**
   * Called with the built model before its weights are drawn by its initialisers, because no file
   * has them. Default: weights are all 0, and none is drawn.
   */
  beforeDrawing?: BeforeDrawing | null;
}

/** Describes a model loaded from a file, which does not say how to measure it. */
export function modelOfFile(
  path: string,
  kind: "json" | "keras",
  model: LayersModel,
  topology: Topology,
): LoadedModel {
  return {
    model,
    // If the file has no name, TensorFlow.js counts the models of the process.
    name: topology.config.name === model.name ? model.name : stemOf(path),
    source: path,
    path,
    kind,
    seed: null,
    objective: null,
    createBatch: null,
    recreate: null,
  };
}

/**
 * Builds the model of a topology. All weights are zero, unless they are to be drawn: they are about
 * to be loaded, and a costly initialiser (orthogonal) should not run for nothing.
 *
 * A topology of a few bytes can ask for any amount of memory. Here it gets as much as the weights
 * of the file take, or 16 MiB, whichever is more.
 *
 * @param topology The topology, from `convertTopology`.
 * @returns The model.
 * @throws {ModelError} If TensorFlow.js cannot build it, or it asks for more memory.
 */
export function buildModel(
  tf: TensorFlow,
  topology: Topology,
  { declared, declares, beforeDrawing = null }: DeclaredWeights,
): BuiltModel {
  const budget = Math.max(declared, FREE_ENTRIES);
  requireModestStates(topology, budget);
  breakEndlessLoops(topology);
  const known = classes(tf);
  const prototype = tf.layers.Layer.prototype as unknown as { addWeight: AddWeight };
  const stock = prototype.addWeight;
  const made: LayerVariable[] = [];
  const watch = new BuildWatch(tf, known, topology.places);
  let asked = 0;
  const zeros = new SharedZeros(tf);
  const hollow = new HollowWeights(tf);
  prototype.addWeight = function (...[name, shape, dtype, initializer, ...rest]) {
    // An open axis, null, counts as 0 in a product: TensorFlow.js itself rejects it below.
    asked += shape.reduce((product, size) => product * size, 1);
    if (!(asked <= budget) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new ModelError({
        place: watch.placeOf(this),
        verb: "asks for",
        found: `a weight ${showValue(name)} of shape ${showShape(shape)}`,
        expected: `no more than the ${declared} entries ${declares}`,
      });
    }
    const add = (filled: unknown) =>
      stock.call(this, name, shape, dtype, filled, ...rest) as LayerVariable;
    const weight = beforeDrawing === null
      ? add(zeros)
      : hollow.add(initializer as typeof zeros, add);
    made.push(weight);
    return weight;
  };
  const discard = () => {
    tf.dispose(made.map((weight) => weight.read()));
    for (const layer of watch.layers) tf.dispose((layer as { states_?: Tensor[] }).states_ ?? []);
  };
  try {
    // Like tf.loadLayersModel, but synchronous: nothing else runs while addWeight is replaced.
    let model: LayersModel | undefined;
    tf.tidy(() => {
      const [cls, fromConfig] = known[topology.className];
      model = fromConfig(cls, topology.config, {}) as LayersModel;
    });
    if (beforeDrawing !== null) {
      beforeDrawing(model!);
      hollow.draw();
    }
    return { model: model!, discard };
  } catch (error) {
    discard();
    throw error;
  } finally {
    prototype.addWeight = stock;
    watch.stop();
    zeros.dispose();
  }
}

/** Returns the classes that TensorFlow.js builds models from, by name. */
export function classes(tf: TensorFlow): Classes {
  const { SerializationMap } = tf.serialization as unknown as {
    SerializationMap: { getMap(): { classNameMap: Classes } };
  };
  return SerializationMap.getMap().classNameMap;
}

/** Iterates over all objects within a piece of JSON. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objects(inner);
}

const sizeOf = (value: unknown) => typeof value === "number" ? value : 0;

/**
 * Rejects large states: a stateful recurrent layer keeps one for each example of a batch of fixed
 * size.
 */
function requireModestStates(topology: Topology, budget: number): void {
  const all = [...objects(topology.config)];
  if (!all.some((config) => config.stateful === true)) return;
  const units = all.map(({ units, filters }) => sizeOf(units ?? filters));
  for (const { batchInputShape } of all) {
    if (!Array.isArray(batchInputShape)) continue;
    // A state has neither the time steps nor the features of an input.
    const [examples, _steps, ...rest] = batchInputShape.map(sizeOf);
    const cells = [examples, ...rest.slice(0, -1)].reduce((product, size) => product * size, 1);
    const states = 2 * cells * units.reduce((sum, count) => sum + count, 0);
    if (!(states <= budget)) {
      throw new ModelError({
        place: "modelTopology",
        verb: "asks for",
        found: `batches of [${
          batchInputShape.join(", ")
        }], whose states would be ${states} numbers`,
        expected: `no more than ${budget}`,
      });
    }
  }
}

/**
 * Ends endless loops: TensorFlow.js visits the layers of a functional model again and again until
 * each has its inputs, even if these never come. More rounds than the number of nodes explains are
 * stopped.
 */
function breakEndlessLoops(topology: Topology): void {
  for (const { layers, inputLayers } of objects(topology)) {
    if (!Array.isArray(layers) || !Array.isArray(inputLayers)) continue;
    const nodes = layers.reduce((sum, layer) => sum + layer.inboundNodes.length, 0);
    let rounds = 0;
    Object.defineProperty(layers, Symbol.iterator, {
      value: function* (this: unknown[]) {
        // One round creates the layers, and each further one places at least one node.
        if (rounds++ > nodes + 1) {
          throw new ModelError(
            refusal`modelTopology has layers that depend on each other in a cycle, expected none`,
          );
        }
        for (let i = 0; i < this.length; i++) yield this[i];
      },
    });
  }
}

/**
 * Initialiser of zeros for weights that a file is about to replace. Weights of one shape share
 * their entries; otherwise a large model would fill its whole memory twice.
 */
export class SharedZeros {
  readonly #made = new Map<string, Tensor>();

  readonly #tf: TensorFlow;

  constructor(tf: TensorFlow) {
    this.#tf = tf;
  }

  /** Returns zeros of a shape; called by TensorFlow.js. */
  apply(shape: number[], dtype?: DataType): Tensor {
    const name = `${dtype} ${shape}`;
    const zeros = this.#made.get(name) ?? this.#tf.keep(this.#tf.zeros(shape, dtype));
    this.#made.set(name, zeros);
    return zeros.clone();
  }

  /** Releases its own hold on the entries; weights keep theirs. */
  dispose(): void {
    this.#tf.dispose([...this.#made.values()]);
    this.#made.clear();
  }
}
