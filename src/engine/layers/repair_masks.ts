import type { Tensor } from "../tensorflow.ts";
import { type LayerClass, type LayerMethod, type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

/** What a layer is called with besides its inputs. */
type Arguments = Record<string, unknown> & {
  /** The mask of its first input. */
  mask?: Tensor | null;
  /** Those of all of its inputs, if one has a mask: what an attention needs. */
  masks?: (Tensor | null)[];
};

/** Layers that pass a mask on in Keras 3 (`maskRule` "keras3") and not in TensorFlow.js. */
const PASSING = ["ELU", "LeakyReLU", "Rescaling"];

interface MaskingLayer {
  getClassName(): string;
  supportsMasking: boolean;
  maskRule?: string;
  computeMask(inputs: Tensor[], masks: (Tensor | null)[]): unknown;
}

/** A model that runs now, with those inside it. */
interface Run {
  /** The mask of each tensor that has one. */
  masks: Map<Tensor, Tensor>;
  /** Masks to be freed when all is done: those of a model inside another go on outside of it. */
  made: Tensor[];
  /** Tensors that its layers have put out. */
  put: Set<Tensor>;
  /** Those of them that a layer reads more than once. */
  spared: Tensor[];
  /** Whether the model calls its layers, rather than a layer something of its own. */
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

/** The `dispose` of a tensor, where it is its own and not its class's. */
type Spared = { dispose?: () => void };

const giveDisposalBack = (tensor: Tensor) => void delete (tensor as Spared).dispose;

/**
 * Lets the next disposal of what a layer reads more than once pass by, as the attention of `x` to `x` does.
 * TensorFlow.js counts the readers of a tensor, but takes off one for each time that it is read, and frees the
 * tensor before its last reader comes. What is spared is freed with the scope around the model. What the model is
 * given, and all in training, it frees not at all: the disposal that would pass by there is the last one.
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
 * What a model hands its layers besides their inputs. TensorFlow.js hands all of them one object, and takes
 * nothing back: the mask of an embedding goes to every later layer, however many layers without masks lie
 * between them (and throws where a later sequence is longer), and so does the initial state of a recurrent
 * layer. It also gives every output of a layer the mask of the first one, and a model inside a model no
 * mask of its own. Here each layer gets the mask of its first input, if that has one, and nothing else of
 * another layer's; masks go in and out of a model inside a model.
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
      // The shared object is TensorFlow.js's, or one that `call` below made.
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
          // What the layer or its caller owns is theirs to free.
          const ours = tf.keep(mask.clone());
          made.push(ours);
          masks.set(y, ours);
        });
        return outputs;
      });
    };
  // These two put the states that they are given into the shared object before they call the first.
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
  // What `predict`, `evaluate` and `fit` run; the first of them frees no masks by itself.
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

/** Layers that stand for an operation of Keras: with the `maskRule` "none" they neither heed a mask nor pass one on. */
const OPERATIONS = ["Activation", "Concatenate", "ELU", "LeakyReLU", "Rescaling", "Softmax"];

/**
 * The masks of Add, Multiply, Average, Maximum and Minimum. TensorFlow.js gives them an axis too many and
 * leaves out the last input's. Here a step counts where it counts in every input that has a mask, as in Keras 2. A
 * layer of Keras 3 (`maskRule`) has a mask only if all of its inputs have one, and a step counts where it counts in any.
 * A Concatenate of Keras 3 takes an input without a mask for one that counts everywhere.
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
