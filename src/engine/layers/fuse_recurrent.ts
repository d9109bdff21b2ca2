import { type RecurrentCell, type Squash, SQUASHES } from "../native/recurrent_cell.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";
import { recurrentSequence, type SequenceWeights } from "./recurrent_sequence.ts";
import { type SequenceTaps, sequenceTapsOf } from "./sequence_taps.ts";

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
        const cell = cellOf(tf, this.cell, kwargs?.training ?? false);
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
          const output = this.returnSequences ? h : states[0];
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
function cellOf(tf: TensorFlow, cell: Cell, training: boolean): RecurrentCell | null {
  if (tf.getBackend() !== "wasm") return null;
  if (training && (cell.dropout > 0 || cell.recurrentDropout > 0)) return null;
  const taps = sequenceTapsOf(cell);
  // Someone else wants to see each step.
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
