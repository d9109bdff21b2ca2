import { type RecurrentCell, type Squash, SQUASHES } from "../native/operations.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerMethod,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";
import {
  recurrentSequence,
  type SequenceTaps,
  sequenceTapsOf,
  type SequenceWeights,
} from "./recurrent_sequence.ts";

/** Recurrent cell of TensorFlow.js. */
interface Cell {
  units: number;
  kernel: LayerWeight;
  recurrentKernel: LayerWeight;
  bias: LayerWeight | null;
  activation: LayerActivation & { getClassName(): string };
  recurrentActivation?: LayerActivation & { getClassName(): string };
  resetAfter?: boolean;
  dropout: number;
  recurrentDropout: number;
}

interface Layer {
  cell: Cell;
  stateful: boolean;
  states_: Tensor[] | null;
  goBackwards: boolean;
  returnSequences: boolean;
  returnState: boolean;
  resetStates(states: Tensor[], training: boolean): void;
}

interface Call {
  mask?: Tensor | null;
  training?: boolean;
  initialState?: Tensor[] | null;
}

/** Cell classes that can be computed over a whole sequence. */
const KINDS: Record<string, RecurrentCell["kind"]> = {
  SimpleRNNCell: "simple",
  GRUCell: "gru",
  LSTMCell: "lstm",
};

/**
 * Computes recurrent layers over their whole sequence at once. TensorFlow.js runs about twenty ops
 * per step, each recorded on the tape; 64 steps of an LSTM spend half of their time in JavaScript.
 * Here, x W of all steps is one product, and one native operation runs through the steps in each
 * direction.
 *
 * Layers with dropout in training, with an activation that the native module does not know, or on
 * another backend are still computed step by step.
 */
export const fuseRecurrent: LayerRepair = ({ tf, patch }) => {
  patch(
    "RNN",
    "call",
    (original) =>
      function (this: Layer, inputs: Tensor | Tensor[], kwargs: Call | null) {
        const cell = cellOf(tf, this.cell, kwargs);
        const x = oneTensor(inputs);
        const given = kwargs?.initialState ?? (this.stateful ? this.states_ : null);
        const count = cell?.kind === "lstm" ? 2 : 1;
        const mask = kwargs?.mask ?? null;
        const fits = x.rank === 3 && x.dtype === "float32" && (mask?.rank ?? 2) === 2 &&
          (given?.length ?? count) === count;
        if (cell === null || !fits) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const [batch] = x.shape;
          const initial = given ??
            Array.from({ length: count }, () => tf.zeros([batch, this.cell.units]));
          const inOrder = (tensor: Tensor) => this.goBackwards ? tf.reverse(tensor, 1) : tensor;
          const isStep = mask === null ? null : tf.cast(tf.cast(mask, "bool"), "float32");
          const { h, last } = recurrentSequence(tf, {
            cell,
            x: inOrder(x),
            mask: isStep === null ? undefined : inOrder(isStep),
            weights: weightsOf(tf, this.cell, cell),
            initial,
            wantsState: this.returnState || this.stateful,
            taps: sequenceTapsOf(this.cell),
          });
          if (this.returnSequences && !this.returnState && !this.stateful) return h;
          const states = last();
          if (this.stateful) this.resetStates(states, kwargs?.training ?? false);
          // A copy: a model that reads the output and the state would free one with the other.
          const output = this.returnSequences ? h : states[0].clone();
          return this.returnState ? [output, ...states] : output;
        });
      },
  );
};

/**
 * Returns true if a cell is computed over whole sequences, unless it uses dropout in training or
 * its steps are tapped.
 */
export function isSwept(layer: object): boolean {
  return knownCell(layer as Cell) !== null;
}

/** Returns the cell's description, or `null` if the native module cannot compute it. */
function cellOf(
  tf: TensorFlow,
  cell: Cell,
  call: Pick<Call, "training"> | null,
): RecurrentCell | null {
  if (tf.getBackend() !== "wasm") return null;
  if (call?.training && (cell.dropout > 0 || cell.recurrentDropout > 0)) return null;
  const taps = sequenceTapsOf(cell);
  // A tap reads each step.
  if (taps === undefined && Object.hasOwn(cell, "call")) return null;
  return knownCell(cell, taps);
}

/**
 * Returns a cell's description if the native module can compute it, otherwise `null`.
 *
 * @param taps Taps that replace its activations.
 */
function knownCell(cell: Cell, taps?: SequenceTaps): RecurrentCell | null {
  const kind = kindOf(cell);
  if (kind === null) return null;
  const activation = squashOf(taps?.activation ?? cell.activation.getClassName());
  const own = taps === undefined
    ? cell.recurrentActivation?.getClassName()
    : taps.recurrentActivation;
  const gate = own == null ? "linear" : squashOf(own);
  if (activation === null || gate === null) return null;
  return { kind, activation, gate, after: cell.resetAfter ?? false };
}

/** Returns the kind of a TensorFlow.js cell, of any copy; a subclass may compute anything. */
function kindOf({ constructor }: Cell): RecurrentCell["kind"] | null {
  const { className } = constructor as { className?: string };
  const extendsOther = "className" in Object.getPrototypeOf(constructor);
  return className === undefined || extendsOther ? null : KINDS[className] ?? null;
}

function squashOf(name: string): Squash | null {
  return SQUASHES.find((squash) => squash === name) ?? null;
}

/**
 * Returns the weights of a cell. A GRU that resets after its product has two biases, one on each
 * side.
 */
function weightsOf(tf: TensorFlow, cell: Cell, { after }: RecurrentCell): SequenceWeights {
  const weights = { kernel: cell.kernel.read(), recurrentKernel: cell.recurrentKernel.read() };
  const bias = cell.bias?.read();
  if (bias === undefined) return weights;
  if (!after) return { ...weights, bias };
  const { units } = cell;
  const [own, inner] = tf.unstack(bias);
  const [ofGates, ofCandidate] = tf.split(inner, [2 * units, units]);
  const both = tf.add(own, tf.concat([ofGates, tf.zeros([units])]));
  return { ...weights, bias: both, innerBias: ofCandidate };
}

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
