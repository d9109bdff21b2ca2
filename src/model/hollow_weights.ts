import type { DataType } from "@tensorflow/tfjs";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LayerVariable } from "./weights/model_weights.ts";

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
export class HollowWeights {
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
export type BeforeDrawing = (model: LayersModel) => void;
