import type { RecurrentCell } from "../native/recurrent_cell.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import type { CellPart, SequenceTaps } from "./sequence_taps.ts";

/** The weights of a recurrent cell; without bias it has none. */
export interface SequenceWeights {
  kernel: Tensor;
  recurrentKernel: Tensor;
  bias?: Tensor;
  /** Of a GRU that resets after its product: the bias of the candidate's. */
  innerBias?: Tensor;
}

/** A recurrent layer that is called. */
interface SequenceCall {
  cell: RecurrentCell;
  /** [batch, steps, features]. */
  x: Tensor;
  weights: SequenceWeights;
  /** h before the first step, and c of an LSTM. */
  initial: Tensor[];
  /** [batch, steps], 0 where a step is padding. */
  mask?: Tensor;
  /** Whether anything reads c after the last step. */
  wantsState: boolean;
  taps?: SequenceTaps;
}

/** The outputs of {@linkcode recurrentSequence}. */
interface SequenceOutputs {
  /** h of every step, [batch, steps, units]. */
  h: Tensor;
  /** Makes the state after the last one. */
  last: () => Tensor[];
}

/** Runs the kernels `RecurrentSequence` and, on the way back, `RecurrentSequenceGradient`. */
export function recurrentSequence(
  tf: TensorFlow,
  { cell, x, weights, initial: [start, c0], mask, wantsState, taps }: SequenceCall,
): SequenceOutputs {
  const [batch, steps] = x.shape as [number, number];
  const units = start.shape[1]!;
  const h0 = taps?.lead(start) ?? start;
  const hasCarry = cell.kind === "lstm" && wantsState;
  const inputs: Record<string, Tensor> = { x, ...weights, h0, ...cell.kind === "lstm" && { c0 } };
  const names = Object.keys(inputs);
  const runKernel = (name: string, given: Record<string, Tensor>, attributes: object) =>
    tf.engine().runKernel(name, given, attributes as never) as unknown as Tensor[];
  const masks: Record<string, Tensor> = mask === undefined ? {} : { mask };

  // One tensor is all that an operation of one's own may put out: c after the last step goes behind h.
  const compute = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const given = Object.fromEntries(names.map((name, i) => [name, args[i] as Tensor]));
    const outputs = runKernel("RecurrentSequence", { ...given, ...masks }, { cell });
    const [h, z, a, state, active, c] = outputs;
    if (taps !== undefined) {
      eachPart(tf, cell, [z, a, state, active], (part, z, a) => taps.forward(part, z, a));
    }
    save([...args as Tensor[], h, z, a, state, active, ...Object.values(masks)]);
    return {
      value: hasCarry ? tf.concat([h, c], 1) : h,
      gradFunc: (dy: Tensor, saved: Tensor[]) => differentiate(dy, saved),
    };
  });
  const value = compute(...names.map((name) => inputs[name])) as Tensor;
  const flat = (tensor: Tensor) => tf.reshape(tensor, [batch, units]);
  const last = () => [
    flat(stepOf(value, steps - 1)),
    ...hasCarry ? [flat(stepOf(value, steps))] : [],
  ];
  if (hasCarry) return { h: tf.slice(value, [0, 0, 0], [batch, steps, units]), last };
  // What reads the state is no reader of the sequence.
  return { h: wantsState ? tf.clone(value) : value, last };

  function stepOf(tensor: Tensor, step: number): Tensor {
    return tf.slice(tensor, [0, step, 0], [batch, 1, units]);
  }

  function differentiate(dy: Tensor, saved: Tensor[]): Tensor[] {
    const [h, z, a, state, active, ...rest] = saved.slice(names.length);
    const optional: Record<string, Tensor> = Object.fromEntries(rest.map((mask) => ["mask", mask]));
    const given = Object.fromEntries(names.map((name, i) => [name, saved[i]]));
    const dh = hasCarry ? tf.slice(dy, [0, 0, 0], [batch, steps, units]) : dy;
    if (hasCarry) optional.dc = stepOf(dy, steps);
    const isWatched = taps !== undefined;
    const [dx, kernel, recurrentKernel, bias, innerBias, dh0, dc0, dz, da, dState, dActive] =
      runKernel(
        "RecurrentSequenceGradient",
        { ...given, h, z, a, state, active, dh, ...optional },
        { cell, isWatched },
      );
    if (isWatched) {
      eachPart(
        tf,
        cell,
        [dz, da, dState, dActive],
        (part, delta, gradient) => taps.backward(part, delta, gradient),
      );
    }
    const gradients: Record<string, Tensor> = {
      ...{ x: dx, kernel, recurrentKernel, bias, innerBias, h0: dh0, c0: dc0 },
    };
    return names.map((name) => gradients[name]);
  }
}

/**
 * Shows the parts of a cell one by one. A gated cell has its candidate third in the row, with gates around it.
 *
 * @param arrays Of all gates before and after their activation; of what an LSTM keeps, before and after its own.
 */
function eachPart(
  tf: TensorFlow,
  { kind }: RecurrentCell,
  [before, after, state, active]: Tensor[],
  see: (part: CellPart, before: Tensor, after: Tensor) => void,
): void {
  if (kind === "simple") return see("candidate", before, after);
  const count = kind === "gru" ? 3 : 4;
  const units = before.shape[2]! / count;
  for (let gate = 0; gate < count; gate++) {
    const [b, a] = [before, after].map((tensor) =>
      tf.slice(tensor, [0, 0, gate * units], [...tensor.shape.slice(0, 2), units])
    );
    see(gate === 2 ? "candidate" : "gates", b, a);
    tf.dispose([b, a]);
  }
  if (kind === "lstm") see("output", state, active);
}
