import type * as tfjs from "@tensorflow/tfjs";
import {
  arrayOf,
  count,
  orNull,
  type Requirement,
  requireValue,
  text,
} from "../../words/requirements.ts";
import type { EinsumLayout } from "../../traits/kernel_layout.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { oneTensor } from "../layers/layer_repair.ts";
import {
  type EinsumProjection,
  einsumProjection,
  type EinsumSettings,
} from "./einsum_projection.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  type WeightArgs,
} from "./keras_layer.ts";
import { layerParts } from "./layer_parts.ts";

/** Arguments of an EinsumDense, as in `keras.layers.EinsumDense`. */
export interface EinsumDenseArgs extends LayerArgs, WeightArgs, EinsumSettings {
  /** Activation of the sum. Default: linear. */
  activation?: Parameters<TensorFlow["layers"]["dense"]>[0]["activation"];
}

/** A size, or a list of sizes that may be open. */
const sizes: Requirement = (value, place) =>
  Array.isArray(value) ? arrayOf(orNull(count))(value, place) : count(value, place);

type Initializer = ReturnType<typeof tfjs.initializers.zeros>;

/** Product with a kernel along any axes. */
export const createEinsumDense: KerasLayerFactory<EinsumDenseArgs> = kerasLayer((tf) => {
  return class EinsumDense extends tf.layers.Layer {
    static className = "EinsumDense";
    readonly equation: string;
    readonly partialOutputShape: EinsumSettings["outputShape"];
    readonly biasAxes: string | null;
    readonly #parts: ReturnType<typeof layerParts>;
    activation: ReturnType<typeof layerParts>["activation"];
    kernel: tfjs.LayerVariable | null = null;
    bias: tfjs.LayerVariable | null = null;
    /** Axes of the kernel that are summed over, which define its fans. */
    kernelLayout: EinsumLayout | null = null;

    constructor(args: EinsumDenseArgs) {
      super(args);
      requireValue("equation", args.equation, text);
      requireValue("outputShape", args.outputShape, sizes);
      const { equation, outputShape, biasAxes = null } = inLowerCase(args);
      this.equation = equation;
      this.partialOutputShape = outputShape;
      this.biasAxes = biasAxes;
      this.#parts = layerParts(tf, args);
      this.activation = this.#parts.activation;
    }

    #project(shape: tfjs.Shape | tfjs.Shape[]): EinsumProjection {
      const settings = {
        equation: this.equation,
        outputShape: this.partialOutputShape,
        biasAxes: this.biasAxes,
      };
      return einsumProjection(settings, (Array.isArray(shape[0]) ? shape[0] : shape) as tfjs.Shape);
    }

    override build(shape: tfjs.Shape | tfjs.Shape[]) {
      const { kernel, bias, inputAxes, outputAxes } = this.#project(shape);
      const parts = this.#parts;
      this.kernelLayout = `einsum ${
        kernel.map((_, axis) => inputAxes.includes(axis) ? "i" : "o").join("")
      }`;
      this.kernel = this.addWeight(
        "kernel",
        kernel,
        "float32",
        byFans(tf, parts.kernelInitializer, inputAxes, outputAxes),
        parts.kernelRegularizer,
        true,
        parts.kernelConstraint,
      );
      if (bias !== null) {
        this.bias = this.addWeight(
          "bias",
          bias,
          "float32",
          parts.biasInitializer,
          parts.biasRegularizer,
          true,
          parts.biasConstraint,
        );
      }
      this.built = true;
    }

    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]) {
      return this.#project(shape).output;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const sum = tf.einsum(this.equation, oneTensor(inputs), this.kernel!.read());
        const z = this.bias === null ? sum : tf.add(sum, this.bias.read());
        return this.activation.apply(z as Tensor);
      });
    }

    override getConfig() {
      return {
        equation: this.equation,
        outputShape: this.partialOutputShape as number[],
        biasAxes: this.biasAxes,
        ...this.#parts.config,
        ...super.getConfig(),
      };
    }
  };
});

/** TensorFlow.js lowercases text, and would take `aA` for two axes of one letter. */
function inLowerCase(args: EinsumDenseArgs): EinsumSettings {
  const { equation, outputShape, biasAxes } = args;
  const letters = [...new Set(equation.match(/[a-z]/gi) ?? [])];
  if (!/[A-Z]/.test(equation) || letters.length > 26) return { equation, outputShape, biasAxes };
  const lower = (text: string) =>
    text.replace(/[a-z]/gi, (letter) => {
      const index = letters.indexOf(letter);
      return index === -1 ? letter : String.fromCharCode(97 + index);
    });
  return {
    equation: lower(equation),
    outputShape,
    biasAxes: biasAxes == null ? biasAxes : lower(biasAxes),
  };
}

/**
 * Draws a kernel of any number of axes as the equivalent matrix: rows are the axes that are summed
 * over.
 */
function byFans(
  tf: TensorFlow,
  initializer: Initializer,
  inputAxes: readonly number[],
  outputAxes: readonly number[],
): Initializer {
  const order = [...inputAxes, ...outputAxes];
  const apply = (shape: number[], dtype?: tfjs.DataType): Tensor =>
    tf.tidy(() => {
      const size = (axes: readonly number[]) => axes.reduce((all, axis) => all * shape[axis], 1);
      const matrix = initializer.apply([size(inputAxes), size(outputAxes)], dtype);
      const apart = tf.reshape(matrix, order.map((axis) => shape[axis]));
      return tf.transpose(apart, shape.map((_, axis) => order.indexOf(axis)));
    });
  return Object.assign(Object.create(initializer), { apply });
}
