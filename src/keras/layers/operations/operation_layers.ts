import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { type OPERATION_TRAITS, operationClass } from "../../../traits/operation_traits.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  type OpenShape,
} from "../keras_layer.ts";
import { ALONG_AXES } from "./along_axes.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import type { Operation, OperationSettings } from "./operation.ts";
import { PRODUCTS } from "./products.ts";
import { REARRANGEMENTS } from "./rearrangements.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** An operand: a tensor that the layer is called with, or a constant, as nested arrays. */
type Operand = { tensor: number } | { value: unknown };

/** Arguments of an operation's layer. */
interface OperationArgs extends LayerArgs {
  /** Operands in their order. Default: the tensors that the layer is called with. */
  operands?: readonly Operand[];
  /** Settings of the operation, with Keras's names in camel case: `axis`, `keepdims`. */
  settings?: OperationSettings;
}

/** Every operation by the name of its Keras class. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...ALONG_AXES,
  ...ELEMENTWISE,
  ...PRODUCTS,
  ...REARRANGEMENTS,
};

type OperationName = keyof typeof OPERATION_TRAITS;

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/**
 * Creates the layer of a Keras operation (`x[:, 0]`, `ops.mean(x, axis=1)`), which Keras lists
 * among the layers of a functional model. A Keras layer passes masks on; an operation does not.
 */
const createOperation = (name: string): KerasLayerFactory<OperationArgs> =>
  kerasLayer((tf: TensorFlow) => {
    const operation = OPERATIONS[name];
    return class OperationLayer extends tf.layers.Layer {
      static className = operationClass(name);
      readonly operands: readonly Operand[] | null;
      readonly settings: OperationSettings;

      constructor(args: OperationArgs = {}) {
        super(args);
        this.operands = args.operands ?? null;
        this.settings = args.settings ?? {};
      }

      /** Returns tensors and constants in the order of the operands. */
      #ordered<T>(tensors: T[], constant: (value: unknown) => T): T[] {
        return this.operands?.map((one) =>
          "tensor" in one ? tensors[one.tensor] : constant(one.value)
        ) ??
          tensors;
      }

      override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
        const list = (Array.isArray(shapes[0]) ? shapes : [shapes]) as OpenShape[];
        return operation.shape(this.#ordered(list, shapeOf), this.settings);
      }

      override call(inputs: Tensor | Tensor[]): Tensor | Tensor[] {
        return tf.tidy(() => {
          const operands = this.#ordered(
            [inputs].flat(),
            (value) => tf.tensor(value as number[], undefined, "float32"),
          );
          return operation.run(tf, operands, this.settings);
        });
      }

      override getConfig() {
        const own = {
          operands: this.operands as tfjs.serialization.ConfigDictArray | null,
          settings: this.settings as tfjs.serialization.ConfigDict,
        };
        return { ...super.getConfig(), ...own };
      }
    };
  });

type OperationLayers = { readonly [name: string]: KerasLayer<OperationArgs> };

/** Factory of each operation's layer. */
export const OPERATION_LAYERS: Readonly<Record<string, KerasLayerFactory<OperationArgs>>> = Object
  .fromEntries(
    Object.keys(OPERATIONS).map((name) => [operationClass(name), createOperation(name)]),
  );
