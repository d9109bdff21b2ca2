import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type LayerClass,
  type LayerMethod,
  type LayerRepair,
  oneTensor,
  storeSettings,
} from "./layer_repair.ts";

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

/** Receives the mask of each output of the model that runs now; `null` if none is requested. */
let showMask: ((output: Tensor, mask: Tensor) => void) | null = null;

/**
 * Runs a model, and shows the mask of each of its outputs that has one. A mask is freed once it was shown.
 */
export function withOutputMasks<T>(
  show: (output: Tensor, mask: Tensor) => void,
  run: () => T,
): T {
  const before = showMask;
  showMask = show;
  try {
    return run();
  } finally {
    showMask = before;
  }
}

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
  // RNN and Bidirectional put given states into the shared object before they call Layer's method.
  for (const layerClass of ["Layer", "RNN", "Bidirectional"]) {
    patch(layerClass, "apply", (original) => maskedApply(tf, original));
  }

  patch(
    "Container",
    "call",
    (original) =>
      function (this: unknown, inputs: Tensor | Tensor[], shared?: Arguments) {
        return runModel(({ masks }) => {
          const { mask, masks: _, ...others } = shared ?? {};
          const first = oneTensor(inputs);
          if (mask != null && !masks.has(first)) masks.set(first, [mask].flat()[0]);
          const outputs = original.call(this, inputs, others);
          for (const output of [outputs].flat() as Tensor[]) {
            const own = masks.get(output);
            if (own !== undefined) showMask?.(output, own);
          }
          return outputs;
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

/** Returns the `apply` that gives each layer the masks of its own inputs, and notes its output's. */
function maskedApply(tf: TensorFlow, original: LayerMethod): LayerMethod {
  return function (this: MaskingLayer, inputs: Tensor | Tensor[], shared?: Arguments) {
    if (!running?.callsLayers) return original.call(this, inputs, shared);
    const run = { ...running, callsLayers: false };
    const list = [inputs].flat();
    if (list.length > 1 && shared?.training !== true) spareRepeated(list, run);
    const given = list.map((x) => run.masks.get(x) ?? null);
    const own: Arguments = { ...shared };
    // The shared object comes from TensorFlow.js, or from `call` of a container.
    delete shared?.mask;
    delete own.mask;
    delete own.masks;
    const heedsMasks = this.maskRule !== "none";
    if (heedsMasks && given[0] !== null) own.mask = given[0];
    if (heedsMasks && given.some((mask) => mask !== null)) own.masks = given;
    return during(run, () => {
      const outputs = original.call(this, inputs, own);
      for (const output of [outputs].flat()) run.put.add(output as Tensor);
      const passes = this.maskRule === "keras3" && PASSING.includes(this.getClassName());
      if (!passes && (!this.supportsMasking || !heedsMasks)) return outputs;
      const computed = passes ? given : this.computeMask(list, given);
      noteMasks(tf, run, [outputs].flat(), [computed].flat() as (Tensor | null | undefined)[]);
      return outputs;
    });
  };
}

/** Notes the masks of a layer's outputs. */
function noteMasks(
  tf: TensorFlow,
  { masks, made }: Run,
  outputs: readonly Tensor[],
  found: readonly (Tensor | null | undefined)[],
): void {
  outputs.forEach((y, i) => {
    const mask = found[i];
    if (mask == null) return;
    // Masks owned by the layer or its caller are theirs to free.
    const ours = tf.keep(mask.clone());
    made.push(ours);
    masks.set(y, ours);
  });
}

/**
 * Merges inputs under their masks.
 *
 * @param masks The mask of each input in its shape, or `null`.
 * @param merge Merges tensors as if they had no masks.
 */
type MaskedMerge = (
  tf: TensorFlow,
  inputs: Tensor[],
  masks: (Tensor | null)[],
  merge: (inputs: Tensor[]) => Tensor,
) => Tensor;

/** The larger or the smaller of those inputs alone whose step counts, one input after the other. */
const mergeOneByOne: MaskedMerge = (tf, inputs, masks, merge) => {
  let output = inputs[0];
  let outputMask = masks[0];
  for (let i = 1; i < inputs.length; i++) {
    const mask = masks[i];
    const x = mask === null ? inputs[i] : tf.where(mask, inputs[i], output);
    if (outputMask !== null) output = tf.where(outputMask, output, x);
    outputMask = mask === null || outputMask === null ? null : tf.logicalOr(outputMask, mask);
    output = merge([output, x]);
  }
  return output;
};

/** Merges of Keras 3 whose output at a masked step is not that of the inputs there. */
const MASKED_MERGES: Readonly<Record<string, MaskedMerge>> = {
  Maximum: mergeOneByOne,
  Minimum: mergeOneByOne,
  // A masked factor is 1; a product of nothing but masked factors is 0.
  Multiply(tf, inputs, masks, merge) {
    const factors = inputs.map((x, i) => masks[i] === null ? x : tf.where(masks[i], x, 1));
    const product = merge(factors);
    const known = masks.filter((mask) => mask !== null);
    if (known.length < masks.length) return product;
    return tf.where(known.reduce((a, b) => tf.logicalOr(a, b)), product, 0);
  },
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
export const repairMergeMasks: LayerRepair = (context) => {
  const { tf, patch } = context;
  storeSettings({ tf, patch }, [...MERGES, ...OPERATIONS], { maskRule: "keras2" });
  repairConcatenateMasks(context);
  repairMaskedMerges(context);
  repairMaskOfMerges(context);
};

const MERGES = ["Add", "Multiply", "Average", "Maximum", "Minimum"];

const repairConcatenateMasks: LayerRepair = ({ tf, patch }) => {
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
};

const repairMaskedMerges: LayerRepair = ({ tf, patch }) => {
  for (const [name, merged] of Object.entries(MASKED_MERGES)) {
    patch(
      name,
      "call",
      (original) =>
        function (this: { maskRule?: string }, inputs: Tensor | Tensor[], kwargs?: Arguments) {
          const all = [inputs].flat();
          const masks = kwargs?.masks;
          if (this.maskRule !== "keras3" || masks?.length !== all.length) {
            return original.call(this, inputs, kwargs);
          }
          const rank = Math.max(...all.map((x) => x.rank));
          return tf.tidy(() => {
            const own = masks.map((mask, i) => {
              // Keras reshapes an input of a lower rank, which loses its mask.
              if (mask === null || all[i].rank < rank) return null;
              return tf.broadcastTo(tf.expandDims(tf.cast(mask, "bool"), -1), all[i].shape);
            });
            return merged(tf, all, own, (some) => original.call(this, some, kwargs));
          });
        },
    );
  }
};

const repairMaskOfMerges: LayerRepair = ({ tf, classOf, patch }) => {
  const known = MERGES.map(classOf).find((layerClass) => layerClass !== undefined);
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

interface Recurrent {
  zeroOutputForMask?: boolean;
  goBackwards: boolean;
  returnSequences: boolean;
  returnState: boolean;
}

interface Pooling {
  keepdims?: boolean;
  maskRule?: string;
  supportsMasking: boolean;
}

type Call = { mask?: Tensor | null } | null;

/**
 * Makes recurrent layers return 0 at masked steps (`zeroOutputForMask`), as Keras does for a
 * Bidirectional that returns sequences. TensorFlow.js repeats the previous output, as do these
 * layers without the setting.
 */
export const repairZeroOutput: LayerRepair = ({ tf, patch }) => {
  const names = ["RNN", "SimpleRNN", "GRU", "LSTM"];
  storeSettings({ tf, patch }, names, { zeroOutputForMask: false });
  patch(
    "RNN",
    "call",
    (original) =>
      function (this: Recurrent, inputs: Tensor | Tensor[], kwargs: Call) {
        const found = original.call(this, inputs, kwargs) as Tensor | Tensor[];
        const mask = kwargs?.mask ?? null;
        if (this.zeroOutputForMask !== true || mask === null) return found;
        const [output, ...states] = [found].flat();
        const own = tf.tidy(() => {
          const steps = tf.cast(tf.cast(mask, "bool"), "float32");
          const inOrder = this.goBackwards ? tf.reverse(steps, 1) : steps;
          if (this.returnSequences) return tf.mul(output, tf.expandDims(inOrder, -1));
          return tf.mul(output, tf.slice(inOrder, [0, inOrder.shape[1]! - 1]));
        });
        return this.returnState ? [own, ...states] : own;
      },
  );
};

/**
 * Makes GlobalAveragePooling1D skip masked steps (`maskRule` "keras3"), as Keras 2 and 3 do.
 * TensorFlow.js ignores the mask.
 */
export const repairMaskedPooling: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["GlobalAveragePooling1D"], { maskRule: "none" });
  patch(
    "GlobalAveragePooling1D",
    "call",
    (original) =>
      function (this: Pooling, inputs: Tensor | Tensor[], kwargs: Call) {
        const mask = kwargs?.mask ?? null;
        if (this.maskRule !== "keras3" || mask === null) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          const steps = tf.expandDims(tf.cast(tf.cast(mask, "bool"), "float32"), -1);
          const kept = this.keepdims === true;
          // Masked entries may be NaN.
          const own = tf.where(tf.broadcastTo(tf.cast(steps, "bool"), x.shape), x, tf.zerosLike(x));
          return tf.div(tf.sum(own, 1, kept), tf.sum(steps, 1, kept));
        });
      },
  );
};
