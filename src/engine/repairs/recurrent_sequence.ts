import type { RecurrentCell } from "../native/operations.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";

/**
 * Observable part of a recurrent cell: the candidate, each of its gates, and the output of an LSTM.
 */
export type CellPart = "candidate" | "gates" | "output";

/** Observer of a recurrent cell whose layer is computed as a whole. */
export interface SequenceTaps {
  /** Names of the cell's own activations, which taps may have replaced. */
  readonly activation: string;
  readonly recurrentActivation: string | null;
  /** Makes the backward pass enter the cell, even if none of its inputs has a gradient. */
  lead(h0: Tensor): Tensor;
  /** Shows z and a of a part, [batch, steps, units]; must not keep or dispose them. */
  forward(part: CellPart, z: Tensor, a: Tensor): void;
  /** Shows their gradients, likewise. */
  backward(part: CellPart, delta: Tensor, gradient: Tensor): void;
}

const taps = new WeakMap<object, SequenceTaps>();

/** Observes a cell until the returned function is called. */
export function tapSequence(cell: object, own: SequenceTaps): () => void {
  taps.set(cell, own);
  return () => void taps.delete(cell);
}

/** Returns the observer of a cell. */
export function sequenceTapsOf(cell: object): SequenceTaps | undefined {
  return taps.get(cell);
}

/** Weights of a recurrent cell; the bias is optional. */
export interface SequenceWeights {
  kernel: Tensor;
  recurrentKernel: Tensor;
  bias?: Tensor;
  /** Bias inside the product, for a GRU that resets after it. */
  innerBias?: Tensor;
}

/** Call of a recurrent layer. */
interface SequenceCall {
  cell: RecurrentCell;
  /** [batch, steps, features]. */
  x: Tensor;
  weights: SequenceWeights;
  /** h before the first step, and c for an LSTM. */
  initial: Tensor[];
  /** [batch, steps], 0 for padding. */
  mask?: Tensor;
  /** True if c after the last step is read. */
  wantsState: boolean;
  taps?: SequenceTaps;
}

/** Runs the ops `RecurrentSequence` and, backwards, `RecurrentSequenceGradient`. */
export function recurrentSequence(
  tf: TensorFlow,
  call: SequenceCall,
): { h: Tensor; last: () => Tensor[] } {
  const { cell, x, weights, initial: [start, c0], mask, wantsState, taps } = call;
  const [batch, steps] = x.shape as [number, number];
  const units = start.shape[1]!;
  const h0 = taps?.lead(start) ?? start;
  const hasCarry = cell.kind === "lstm" && wantsState;
  const inputs: Record<string, Tensor> = { x, ...weights, h0, ...cell.kind === "lstm" && { c0 } };
  const names = Object.keys(inputs);
  const masks: Record<string, Tensor> = mask === undefined ? {} : { mask };
  const stepsOf = (tensor: Tensor) => tf.slice(tensor, [0, 0, 0], [batch, steps, units]);
  const stepOf = (tensor: Tensor, step: number) =>
    tf.slice(tensor, [0, step, 0], [batch, 1, units]);

  // A custom operation can only return one tensor, so c after the last step is appended to h.
  const compute = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const given = Object.fromEntries(names.map((name, i) => [name, args[i] as Tensor]));
    const outputs = runKernel(tf, "RecurrentSequence", { ...given, ...masks }, { cell });
    const [h, z, a, state, active, c] = outputs;
    if (taps !== undefined) {
      eachPart(tf, cell, [z, a, state, active], (part, z, a) => taps.forward(part, z, a));
    }
    save([...args as Tensor[], h, z, a, state, active, ...Object.values(masks)]);
    return {
      value: hasCarry ? tf.concat([h, c], 1) : h,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const ends = hasCarry ? { dh: stepsOf(dy), dc: stepOf(dy, steps) } : { dh: dy };
        return sequenceGradients(tf, call, { names, saved, ...ends });
      },
    };
  });
  const value = compute(...names.map((name) => inputs[name])) as Tensor;
  const flat = (tensor: Tensor) => tf.reshape(tensor, [batch, units]);
  const last = () => [
    flat(stepOf(value, steps - 1)),
    ...hasCarry ? [flat(stepOf(value, steps))] : [],
  ];
  if (hasCarry) return { h: stepsOf(value), last };
  // A reader of the state does not count as a reader of the sequence.
  return { h: wantsState ? tf.clone(value) : value, last };
}

/** Returns the gradients of the inputs called `names`, and shows those inside the cell to its taps. */
function sequenceGradients(
  tf: TensorFlow,
  { cell, taps }: SequenceCall,
  { names, saved, dh, dc }: { names: string[]; saved: Tensor[]; dh: Tensor; dc?: Tensor },
): Tensor[] {
  const [h, z, a, state, active, mask] = saved.slice(names.length);
  const given: Record<string, Tensor> = Object.fromEntries(
    names.map((name, i) => [name, saved[i]]),
  );
  Object.assign(given, { h, z, a, state, active, dh }, mask && { mask }, dc && { dc });
  const isWatched = taps !== undefined;
  const [dx, kernel, recurrentKernel, bias, innerBias, dh0, dc0, dz, da, dState, dActive] =
    runKernel(tf, "RecurrentSequenceGradient", given, { cell, isWatched });
  if (isWatched) {
    eachPart(
      tf,
      cell,
      [dz, da, dState, dActive],
      (part, delta, gradient) => taps.backward(part, delta, gradient),
    );
  }
  const gradients: Record<string, Tensor> = {
    x: dx,
    kernel,
    recurrentKernel,
    bias,
    innerBias,
    h0: dh0,
    c0: dc0,
  };
  return names.map((name) => gradients[name]);
}

function runKernel(
  tf: TensorFlow,
  name: string,
  inputs: Record<string, Tensor>,
  attributes: object,
): Tensor[] {
  return tf.engine().runKernel(name, inputs, attributes as never) as unknown as Tensor[];
}

/**
 * Shows the parts of a cell one by one. The candidate of a gated cell is third, with gates around
 * it.
 *
 * @param arrays All gates before and after their activation; an LSTM's memory, before and after its
 * own.
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
