import { oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { EinsumLayout } from "../../ground/traits/layers.ts";
import {
  either,
  list,
  nullable,
  positive,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  layerParts,
  type WeightArgs,
} from "../../engine/keras_layer.ts";
import type * as tfjs from "@tensorflow/tfjs";
import { InputError, refusal } from "../../ground/words/input_error.ts";

/** Arguments of an EinsumDense, as in `keras.layers.EinsumDense`. */
export interface EinsumDenseArgs extends LayerArgs, WeightArgs, EinsumSettings {
  /** Activation of the sum. Default: linear. */
  activation?: Parameters<TensorFlow["layers"]["dense"]>[0]["activation"];
}

/** A size, or a list of sizes that may be open. */
const sizes = either({
  test: Array.isArray,
  schema: { type: "array" },
  yes: list(nullable(positive)),
  no: positive,
});

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
      requireValue("equation", args.equation, string);
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

type Shape = readonly (number | null)[];

/** Shapes of an EinsumDense for a given input shape. */
interface EinsumProjection {
  output: (number | null)[];
  kernel: number[];
  /** `null` if there is none. */
  bias: number[] | null;
  /** Axes of the kernel that are summed over, and the others. */
  inputAxes: number[];
  outputAxes: number[];
}

/** Configuration of an EinsumDense. */
export interface EinsumSettings {
  /** Input, kernel and output: `"abc,cd->abd"`, `"...x,xy->...y"` or `"ab...,bc->ac..."`. */
  equation: string;
  /**
   * Axes of the output after the first, without those that `...` stands for: `null` takes the size
   * from the input. A single number stands for one axis.
   */
  outputShape: number | readonly (number | null)[];
  /** Letters of the output that have a bias each. Default: no bias. */
  biasAxes?: string | null;
}

const FORMS =
  /^(?:([a-z]+),([a-z]+)->([a-z]+)|(\.\.\.)([a-z]+),([a-z]+)->\.\.\.([a-z]+)|([a-z]{2,})\.\.\.,([a-z]+)->([a-z]+)\.\.\.)$/i;

/**
 * Returns the shapes of an EinsumDense.
 *
 * @throws {Error} If the equation is of another form, or does not fit the shapes.
 */
function einsumProjection(
  { equation, outputShape, biasAxes }: EinsumSettings,
  input: Shape,
): EinsumProjection {
  const wrong = (expected: string) =>
    new InputError({ place: "equation", found: `"${equation}"`, expected });
  const groups = equation.replace(/\s/g, "").match(FORMS)?.slice(1);
  if (groups === undefined) {
    throw wrong('the form "abc,cd->abd", "...x,xy->...y" or "ab...,bc->ac..."');
  }
  const isLeft = groups[3] !== undefined;
  const [from, by, to] = groups.filter((one) => one !== undefined && one !== "...");
  const elided = Array.from(
    { length: Math.max(0, input.length - from.length) },
    (_, i) => `...${i}`,
  );
  const around = (letters: string) => isLeft ? [...elided, ...letters] : [...letters, ...elided];
  const hasDots = equation.includes("...");
  const read = hasDots ? around(from) : [...from];
  const made = hasDots ? around(to) : [...to];
  if (read.length !== input.length) {
    throw wrong(`one for an input of ${input.length} axes`);
  }
  const sizes = new Map(read.map((label, axis) => [label, input[axis]]));
  const given = typeof outputShape === "number" ? [outputShape] : outputShape;
  const told = made.slice(1).filter((label) => !elided.includes(label));
  if (told.length !== given.length) {
    throw new InputError(
      refusal`outputShape has ${given.length} sizes, expected the ${told.length} after the first of "${to}"`,
    );
  }
  told.forEach((label, i) => {
    const size = given[i];
    const known = sizes.get(label) ?? null;
    if (size !== null && known !== null && size !== known) {
      throw new InputError(
        refusal`outputShape has ${size} for ${label}, expected ${known} as in the input`,
      );
    }
    sizes.set(label, size ?? known);
  });
  const kernel = [...by].map((label) => {
    const size = sizes.get(label) ?? null;
    if (size !== null) return size;
    throw wrong(`a size for ${label} of the kernel`);
  });
  const lost = made.find((label) => !sizes.has(label));
  if (lost !== undefined) throw wrong(`${lost} in the input or the kernel, too`);
  const isOut = [...by].map((label) => made.includes(label));
  return {
    output: made.map((label) => sizes.get(label)!),
    kernel,
    bias: biasAxes == null ? null : biasShape(to, biasAxes, sizes, isLeft ? 0 : elided.length),
    inputAxes: isOut.flatMap((out, axis) => out ? [] : [axis]),
    outputAxes: isOut.flatMap((out, axis) => out ? [axis] : []),
  };
}

/**
 * Returns the shape of the bias, starting at its first axis, with size 1 for every axis without
 * biases.
 */
function biasShape(
  to: string,
  biasAxes: string,
  sizes: ReadonlyMap<string, number | null>,
  after: number,
): number[] {
  const strange = [...biasAxes].find((letter) => !to.includes(letter));
  if (strange !== undefined || biasAxes === "") {
    throw new InputError(
      refusal`biasAxes is "${biasAxes}", expected letters of the output "${to}"`,
    );
  }
  const first = Math.min(...[...biasAxes].map((letter) => to.indexOf(letter)));
  const shape = [...to.slice(first)].map((letter) => {
    const size = biasAxes.includes(letter) ? sizes.get(letter)! : 1;
    if (size !== null) return size;
    throw new InputError(refusal`biasAxes is "${biasAxes}", expected a size for ${letter}`);
  });
  return [...shape, ...new Array(after).fill(1)];
}
