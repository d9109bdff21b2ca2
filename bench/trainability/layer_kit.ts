import type * as tfjs from "@tensorflow/tfjs";
import type { Layer, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Plan } from "./plan.ts";

/** Input of a layer. */
export type Symbolic = tfjs.SymbolicTensor;

/** Differences from the plan, or from its kind of layer. */
interface OpOptions {
  activation?: string;
  initializer?: string;
  name?: string;
}

/** Makes the layers of one network: with its initialiser, penalty and dropout, under names that count. */
export class LayerKit {
  readonly #counts = new Map<string, number>();

  constructor(readonly tf: TensorFlow, readonly plan: Plan) {}

  /** `dense_1`, `dense_2`, ...: TensorFlow.js counts over all networks of a process. */
  name(stem: string): string {
    const count = (this.#counts.get(stem) ?? 0) + 1;
    this.#counts.set(stem, count);
    return `${stem}_${count}`;
  }

  apply(layer: Layer, input: Symbolic | Symbolic[]): Symbolic {
    return layer.apply(input) as Symbolic;
  }

  dense(
    x: Symbolic,
    units: number,
    { activation = "linear", initializer = this.plan.initializer, name = "dense" }: OpOptions,
  ): Symbolic {
    const layer = this.tf.layers.dense({
      name: name === "head" ? name : this.name(name),
      units,
      activation: activation as "linear",
      kernelInitializer: initializer as "zeros",
      kernelRegularizer: this.penalty(),
    });
    return this.apply(layer, x);
  }

  conv(
    x: Symbolic,
    filters: number,
    { activation = "linear", initializer = this.plan.initializer }: OpOptions,
    strides = 1,
  ): Symbolic {
    const layer = this.tf.layers.conv2d({
      name: this.name("conv"),
      filters,
      kernelSize: 3,
      strides,
      padding: "same",
      activation: activation as "linear",
      kernelInitializer: initializer as "zeros",
      kernelRegularizer: this.penalty(),
    });
    return this.apply(layer, x);
  }

  /** The plan's normalisation; without one, what comes in. */
  normalize(x: Symbolic, gamma: "ones" | "zeros" = "ones"): Symbolic {
    const { layers } = this.tf;
    switch (this.plan.normalization) {
      case "none":
        return x;
      case "batch":
        // The momentum of PyTorch: with Keras' 0.99 the moving statistics lag behind 300 steps.
        return this.apply(
          layers.batchNormalization({
            name: this.name("batch_norm"),
            momentum: 0.9,
            gammaInitializer: gamma,
          }),
          x,
        );
      case "layer":
        return this.apply(
          layers.layerNormalization({ name: this.name("layer_norm"), gammaInitializer: gamma }),
          x,
        );
    }
  }

  activate(x: Symbolic, activation = this.plan.activation): Symbolic {
    if (activation === "linear") return x;
    const name = this.name("activation");
    return this.apply(
      this.tf.layers.activation({ name, activation: activation as "linear" }),
      x,
    );
  }

  /** Has no seed: with one, TensorFlow.js drops the same entries in each step. */
  drop(x: Symbolic): Symbolic {
    if (this.plan.dropout === 0) return x;
    const name = this.name("dropout");
    return this.apply(this.tf.layers.dropout({ name, rate: this.plan.dropout }), x);
  }

  add(a: Symbolic, b: Symbolic): Symbolic {
    return this.apply(this.tf.layers.add({ name: this.name("add") }), [a, b]);
  }

  flatten(x: Symbolic): Symbolic {
    return x.shape.length === 2
      ? x
      : this.apply(this.tf.layers.flatten({ name: this.name("flatten") }), x);
  }

  penalty() {
    const { l2 } = this.plan;
    return l2 === 0 ? undefined : this.tf.regularizers.l2({ l2 });
  }
}
