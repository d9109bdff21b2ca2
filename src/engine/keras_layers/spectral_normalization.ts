import type { LayerVariable } from "@tensorflow/tfjs";
import { type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Layer, Tensor } from "../tensorflow.ts";
import { showValue } from "../../words/show_value.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";
import type { OpenShape } from "./one_shape.ts";
import { stockClass } from "./stock_class.ts";

/** Arguments of a SpectralNormalization. */
export interface SpectralNormalizationArgs extends LayerArgs {
  /** Layer whose kernel, or table of embeddings, is normalised. */
  layer: Layer;
  /** Steps of the power iteration in each training step. Default: 1. */
  powerIterations?: number;
}

/** Layer with a kernel, or a table. */
type Wrapped = Layer & { kernel?: LayerWeight; embeddings?: LayerWeight };

/** A vector below this counts as 0, as in Keras. */
const MIN_NORM = 1e-7;

/**
 * SpectralNormalization (Miyato et al. 2018): keeps the largest singular value of a layer's kernel
 * at 1. Each training step first divides the kernel by the estimate of a power iteration, which
 * continues from the last step's vector `vector_u`, and stores the result; a kernel of zeros stays.
 * Outside of training the layer uses the kernel as it is.
 *
 * Keras does the same on TensorFlow and PyTorch. On JAX it differentiates through the division, and
 * trains the kernel as it was before.
 */
export const createSpectralNormalization: KerasLayerFactory<SpectralNormalizationArgs> = kerasLayer(
  (tf) => {
    const Wrapper = stockClass<{ layer: Wrapped }, [SpectralNormalizationArgs]>(
      tf,
      "TimeDistributed",
      1,
    );
    const unit = (x: Tensor) => tf.div(x, tf.maximum(tf.norm(x), MIN_NORM));
    return class SpectralNormalization extends Wrapper {
      static className = "SpectralNormalization";
      readonly powerIterations: number;
      vectorU: LayerVariable | null = null;

      constructor(args: SpectralNormalizationArgs) {
        super(args);
        this.powerIterations = args.powerIterations ?? 1;
        if (Number.isInteger(this.powerIterations) && this.powerIterations > 0) return;
        throw new RangeError(
          `powerIterations of ${this.name} is ${
            showValue(args.powerIterations)
          }, expected a whole number from 1`,
        );
      }

      override build(inputShape: OpenShape | OpenShape[]): void {
        const { layer } = this;
        if (!layer.built) layer.build(inputShape as number[]);
        layer.built = true;
        const { shape } = this.#kernel().read();
        this.vectorU = this.addWeight(
          "vector_u",
          [1, shape[shape.length - 1]],
          "float32",
          tf.initializers.truncatedNormal({ stddev: 0.02 }),
          undefined,
          false,
        );
        super.build(inputShape as number[]);
      }

      #kernel(): LayerWeight {
        const { kernel, embeddings, name } = this.layer;
        const weight = kernel ?? embeddings;
        if (weight !== undefined && weight !== null) return weight;
        throw new TypeError(
          `${this.name} wraps ${name} (${this.layer.getClassName()}), expected a layer with a kernel or embeddings`,
        );
      }

      override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
        return tf.tidy(() => {
          if (kwargs?.training) this.#normalize();
          return oneTensor(this.layer.call(inputs, kwargs));
        });
      }

      #normalize(): void {
        const kernel = this.#kernel();
        const value = kernel.read();
        const matrix = tf.reshape(value, [-1, value.shape[value.rank - 1]]);
        if (tf.all(tf.equal(matrix, 0)).dataSync()[0]) return;
        let u = this.vectorU!.read(), v = u;
        for (let i = 0; i < this.powerIterations; i++) {
          v = unit(tf.matMul(u, matrix, false, true));
          u = unit(tf.matMul(v, matrix));
        }
        const largest = tf.matMul(tf.matMul(v, matrix), u, false, true);
        this.vectorU!.write(u);
        kernel.write(tf.div(value, tf.reshape(largest, [])));
      }

      override computeOutputShape(inputShape: OpenShape | OpenShape[]) {
        return this.layer.computeOutputShape(inputShape as number[]);
      }

      override get nonTrainableWeights(): LayerVariable[] {
        return [...super.nonTrainableWeights, ...this.vectorU === null ? [] : [this.vectorU]];
      }

      override getWeights(): Tensor[] {
        return this.weights.map((weight) => weight.read());
      }

      override setWeights(weights: Tensor[]): void {
        tf.layers.Layer.prototype.setWeights.call(this, weights);
      }

      override getConfig() {
        return { ...super.getConfig(), powerIterations: this.powerIterations };
      }
    };
  },
);
