import type { Tensor } from "../tensorflow.ts";
import { type LayerClass, type LayerMethod, type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

/** Arguments of a layer call besides its inputs. */
type Arguments = Record<string, unknown> & {
  /** Mask of the first input. */
  mask?: Tensor | null;
  /** Masks of all inputs, if any has one; used by attention. */
  masks?: (Tensor | null)[];
};

/** Layers that pass on a mask in Keras 3 (`maskRule` "keras3"), but not in TensorFlow.js. */
const PASSING = ["ELU", "LeakyReLU", "Rescaling"];

interface MaskingLayer {
  getClassName(): string;
  supportsMasking: boolean;
  maskRule?: string;
  computeMask(inputs: Tensor[], masks: (Tensor | null)[]): unknown;
}

/** Running model, with the models inside it. */
interface Run {
  /** Mask of each tensor that has one. */
  masks: Map<Tensor, Tensor>;
  /** Masks to free at the end: those of an inner model are still used outside of it. */
  made: Tensor[];
  /** Output tensors of its layers. */
  put: Set<Tensor>;
  /** Outputs that a layer reads more than once. */
  spared: Tensor[];
  /** True while the model calls its layers, rather than a layer calling inner ones. */
  callsLayers: boolean;
}

let running: Run | null = null;

function during<T>(run: Run | null, action: () => T): T {
  const before = running;
  running = run;
  try {
    return action();
  } finally {
    running = before;
  }
}

function runModel<T>(action: (run: Run) => T): T {
  const own = { put: new Set<Tensor>(), spared: [], callsLayers: true };
  const run: Run = { masks: new Map(), made: [], ...running, ...own };
  try {
    return during(run, () => action(run));
  } finally {
    for (const tensor of run.spared) giveDisposalBack(tensor);
    if (running === null) { for (const mask of run.made) mask.dispose(); }
  }
}

/** `dispose` of a tensor, if overridden. */
type Spared = { dispose?: () => void };

const giveDisposalBack = (tensor: Tensor) => void delete (tensor as Spared).dispose;

/**
 * Skips the next disposal of a tensor that a layer reads more than once, as in the attention of `x`
 * to `x`. TensorFlow.js counts the readers of a tensor but subtracts one for each read, and so
 * frees it before its last reader. Spared tensors are freed with the scope around the model. Inputs
 * of the model, and all tensors in training, are never freed this way: skipping a disposal there
 * would skip the last one.
 */
function spareRepeated(inputs: readonly Tensor[], { put, spared }: Run): void {
  for (const tensor of new Set(inputs)) {
    const isRepeated = inputs.indexOf(tensor) !== inputs.lastIndexOf(tensor);
    if (!isRepeated || !put.has(tensor) || Object.hasOwn(tensor, "dispose")) continue;
    tensor.dispose = () => giveDisposalBack(tensor);
    spared.push(tensor);
  }
}

/**
 * Repairs the arguments that a model passes to its layers. TensorFlow.js passes all of them one
 * object, and removes nothing: the mask of an embedding goes to every later layer, even across
 * layers without masks (and throws if a later sequence is longer), and so does the initial state of
 * a recurrent layer. It also gives every output of a layer the mask of the first one, and inner
 * models no mask. Here each layer gets the mask of its first input, if that has one, and nothing of
 * other layers; masks go in and out of inner models.
 */
export const repairMasks: LayerRepair = ({ tf, patch }) => {
  const oneByOne = (original: LayerMethod): LayerMethod =>
    function (this: MaskingLayer, inputs: Tensor | Tensor[], shared?: Arguments) {
      if (!running?.callsLayers) return original.call(this, inputs, shared);
      const run = { ...running, callsLayers: false };
      const { masks, made, put } = run;
      const list = [inputs].flat();
      if (list.length > 1 && shared?.training !== true) spareRepeated(list, run);
      const given = list.map((x) => masks.get(x) ?? null);
      const own: Arguments = { ...shared };
      // The shared object comes from TensorFlow.js, or from `call` below.
      delete shared?.mask;
      delete own.mask;
      delete own.masks;
      const heedsMasks = this.maskRule !== "none";
      if (heedsMasks && given[0] !== null) own.mask = given[0];
      if (heedsMasks && given.some((mask) => mask !== null)) own.masks = given;
      return during(run, () => {
        const outputs = original.call(this, inputs, own);
        for (const output of [outputs].flat()) put.add(output as Tensor);
        const passes = this.maskRule === "keras3" && PASSING.includes(this.getClassName());
        if (!passes && (!this.supportsMasking || !heedsMasks)) return outputs;
        const computed = passes ? given : this.computeMask(list, given);
        const found = [computed].flat() as (Tensor | null | undefined)[];
        [outputs].flat().forEach((y: Tensor, i) => {
          const mask = found[i];
          if (mask == null) return;
          // Masks owned by the layer or its caller are theirs to free.
          const ours = tf.keep(mask.clone());
          made.push(ours);
          masks.set(y, ours);
        });
        return outputs;
      });
    };
  // RNN and Bidirectional put given states into the shared object before they call Layer's method.
  for (const layerClass of ["Layer", "RNN", "Bidirectional"]) patch(layerClass, "apply", oneByOne);

  patch(
    "Container",
    "call",
    (original) =>
      function (this: unknown, inputs: Tensor | Tensor[], shared?: Arguments) {
        return runModel(({ masks }) => {
          const { mask, masks: _, ...others } = shared ?? {};
          const first = oneTensor(inputs);
          if (mask != null && !masks.has(first)) masks.set(first, [mask].flat()[0]);
          return original.call(this, inputs, others);
        });
      },
  );
  // `predict`, `evaluate` and `fit` run this; `predict` does not free masks itself.
  patch("Model", "execute", (original) =>
    function (this: unknown, ...args: unknown[]) {
      return tf.tidy(() => runModel(() => original.apply(this, args)));
    });
  patch("Model", "predictLoop", (original) =>
    function (this: unknown, ...args: unknown[]) {
      return runModel(() => original.apply(this, args));
    });
  patch("Model", "makeTrainFunction", (original) =>
    function (this: unknown) {
      const train = original.call(this);
      return (data: unknown) => runModel(() => train(data));
    });
  patch(
    "Model",
    "makeTestFunction",
    (original) =>
      function (this: { testFunction: (data: unknown) => unknown }) {
        original.call(this);
        const test = this.testFunction;
        this.testFunction = (data) => runModel(() => test(data));
      },
  );
};

/**
 * Layers that correspond to an operation of Keras: with `maskRule` "none" they neither use nor pass
 * on a mask.
 */
const OPERATIONS = ["Activation", "Concatenate", "ELU", "LeakyReLU", "Rescaling", "Softmax"];

/**
 * Repairs the masks of Add, Multiply, Average, Maximum and Minimum. TensorFlow.js gives them an
 * extra axis and omits the last input's. Here a step counts if it counts in every input with a
 * mask, as in Keras 2. A Keras 3 layer (`maskRule`) has a mask only if all its inputs have one, and
 * a step counts if it counts in any. A Keras 3 Concatenate treats an input without a mask as
 * unmasked.
 */
export const repairMergeMasks: LayerRepair = ({ tf, classOf, patch }) => {
  const names = ["Add", "Multiply", "Average", "Maximum", "Minimum"];
  storeSettings({ tf, patch }, [...names, ...OPERATIONS], { maskRule: "keras2" });
  patch("Concatenate", "computeMask", (original) =>
    function (
      this: { maskRule?: string; axis: number },
      inputs: Tensor[],
      mask?: (Tensor | null)[] | null,
    ) {
      if (this.maskRule !== "keras3" || !mask?.some((one) => one != null)) {
        return original.call(this, inputs, mask);
      }
      return tf.tidy(() => {
        const masks = inputs.map((x, i) => {
          const own = mask[i];
          if (own == null) return tf.cast(tf.onesLike(x), "bool");
          const isSmaller = own.rank < x.rank;
          return isSmaller ? tf.broadcastTo(tf.expandDims(tf.cast(own, "bool"), -1), x.shape) : own;
        });
        return tf.any(tf.concat(masks, this.axis), -1);
      });
    });
  const known = names.map(classOf).find((layerClass) => layerClass !== undefined);
  const merge = known && Object.getPrototypeOf(known) as LayerClass;
  patch(
    merge,
    "computeMask",
    () =>
      function (
        this: { maskRule?: string },
        _inputs: unknown,
        mask?: (Tensor | null)[] | Tensor | null,
      ) {
        const all = [mask ?? []].flat();
        const masks = all.filter((m) => m != null);
        const isKeras3 = this.maskRule === "keras3";
        if (masks.length === 0 || isKeras3 && masks.length < all.length) return null;
        return tf.tidy(() =>
          masks.reduce((a, b) => isKeras3 ? tf.logicalOr(a, b) : tf.logicalAnd(a, b))
        );
      },
  );
};
