import type { Tensor } from "../tensorflow.ts";
import type { LayerActivation, LayerMethod, LayerRepair, LayerWeight } from "./layer_repair.ts";

interface GruCell {
  resetAfter?: boolean;
  units: number;
  useBias: boolean;
  kernel: LayerWeight;
  recurrentKernel: LayerWeight;
  bias: LayerWeight | null;
  activation: LayerActivation;
  recurrentActivation: LayerActivation;
  dropout: number;
  recurrentDropout: number;
  dropoutMask: Tensor[] | null;
  recurrentDropoutMask: Tensor[] | null;
  built: boolean;
}

type FromConfig = (cls: unknown, config: Record<string, unknown>, ...rest: unknown[]) => unknown;

/**
 * Adds the GRU that resets after the multiplication, `h = z h + (1 - z) tanh(x W + b + r (h U +
 * c))`: the default of Keras and of PyTorch. TensorFlow.js only has the other variant, whose reset
 * gate acts on `h` before the multiplication, and rejects the setting. Here a configuration with
 * `resetAfter` makes a layer that computes it, with a bias of shape [2, 3 units] as in Keras: b,
 * then c.
 */
export const repairGru: LayerRepair = ({ tf, patch }) => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as unknown as {
    classNameMap: Record<string, [cls: unknown, fromConfig: FromConfig]>;
  };
  for (const name of ["GRU", "GRUCell"]) {
    const [cls, fromConfig] = classNameMap[name];
    if (resetting.has(fromConfig)) continue;
    const repaired: FromConfig = (own, { resetAfter, ...config }, ...rest) => {
      const layer = fromConfig(own, config, ...rest) as GruCell & { cell?: GruCell };
      if (resetAfter === true) (layer.cell ?? layer).resetAfter = true;
      return layer;
    };
    resetting.add(repaired);
    classNameMap[name] = [cls, repaired];
  }
  patch("GRUCell", "getConfig", (original) =>
    function (this: GruCell) {
      return { ...original.call(this), resetAfter: this.resetAfter ?? false };
    });
  patch("GRUCell", "build", build);
  patch(
    "GRUCell",
    "call",
    (original) =>
      function (this: GruCell, inputs: Tensor[], kwargs: { training?: boolean }) {
        if (!this.resetAfter) return original.call(this, inputs, kwargs);
        const drop = (x: Tensor, rate: number, key: "dropoutMask" | "recurrentDropoutMask") => {
          if (!(kwargs.training && rate > 0 && rate < 1)) return x;
          // The same mask for all steps; the layer disposes it before its next call.
          this[key] ??= [tf.keep(tf.dropout(tf.onesLike(x), rate))];
          return tf.mul(x, this[key][0]) as Tensor;
        };
        return tf.tidy(() => {
          const x = drop(inputs[0], this.dropout, "dropoutMask");
          const before = drop(inputs[1], this.recurrentDropout, "recurrentDropoutMask");
          let ofInput: Tensor = tf.matMul(x, this.kernel.read());
          let ofState: Tensor = tf.matMul(before, this.recurrentKernel.read());
          if (this.bias !== null) {
            const [own, other] = tf.unstack(this.bias.read());
            ofInput = tf.add(ofInput, own);
            ofState = tf.add(ofState, other);
          }
          const [xz, xr, xh] = tf.split(ofInput, 3, -1);
          const [hz, hr, hh] = tf.split(ofState, 3, -1);
          const z = this.recurrentActivation.apply(tf.add(xz, hz));
          const r = this.recurrentActivation.apply(tf.add(xr, hr));
          const next = this.activation.apply(tf.add(xh, tf.mul(r, hh)));
          const state = tf.add(tf.mul(z, before), tf.mul(tf.sub(1, z), next));
          return [state, state];
        });
      },
  );
};

/** Replacements of `fromConfig`; they do nothing without `resetAfter`. */
const resetting = new WeakSet<object>();

/** Builds two rows of biases instead of one. */
const build = (original: LayerMethod): LayerMethod =>
  // deno-lint-ignore no-explicit-any -- the layer is TensorFlow.js's
  function (this: GruCell & { addWeight: any }, inputShape: unknown) {
    if (!this.resetAfter || !this.useBias) return original.call(this, inputShape);
    const { addWeight } = this;
    this.addWeight = (name: string, shape: number[], ...rest: unknown[]) =>
      addWeight.call(this, name, name === "bias" ? [2, ...shape] : shape, ...rest);
    try {
      return original.call(this, inputShape);
    } finally {
      // deno-lint-ignore no-explicit-any -- restores the method of the class
      delete (this as any).addWeight;
    }
  };
