import type { RecurrentCell } from "../native/operations.ts";
import { defineOp, type OpContext, type OpRepair } from "./define_op.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/** Attributes of the forward and the backward op of a sequence. */
interface Sequence {
  cell: RecurrentCell;
}

/**
 * `x` is [batch, steps, features]; `c0` and `bias` are absent if the cell has no carry state or no
 * bias.
 */
interface ForwardInputs extends Record<string, TensorInfo | undefined> {
  x: TensorInfo;
  kernel: TensorInfo;
  recurrentKernel: TensorInfo;
  bias?: TensorInfo;
  innerBias?: TensorInfo;
  h0: TensorInfo;
  c0?: TensorInfo;
  /** [batch, steps], 0 for padding. */
  mask?: TensorInfo;
}

/** Result of a product on the heap: `m` rows of `a` times `n` columns of `b`. */
interface Product {
  m: number;
  n: number;
  k: number;
  bias?: number;
}

/** Returns the sizes of a sequence; `columns` covers all gates together. */
function sizesOf(x: TensorInfo, recurrentKernel: TensorInfo) {
  const [batch, steps, features] = x.shape;
  const [units, columns] = recurrentKernel.shape;
  return { batch, steps, features, units, columns, rows: batch * steps };
}

/**
 * Recurrent layer over its whole sequence: x W + b of all steps in one product, then step by step
 * the part that depends on the previous step. Outputs: h of every step; z and a of every gate;
 * intermediate values of the cell (c and act(c) of an LSTM; r h' or h' U + c of a GRU); and c after
 * the last step.
 */
const recurrentSequence = defineOp<Sequence, ForwardInputs>(
  "RecurrentSequence",
  (context, { x, kernel, recurrentKernel, bias, innerBias, h0, c0, mask }, { cell }) => {
    const { backend, native, address, dispose } = context;
    const { batch, steps, features, units, columns, rows } = sizesOf(x, recurrentKernel);
    const make = (width: number) => backend.makeOutput([batch, steps, width], "float32");
    const isSimple = cell.kind === "simple";
    const z = make(columns), h = make(units);
    const a = make(isSimple ? 0 : columns), state = make(isSimple ? 0 : units);
    const isLstm = cell.kind === "lstm";
    const active = make(isLstm ? units : 0);
    const last = backend.makeOutput([batch, 1, isLstm ? units : 0], "float32");
    multiply(context, row(x, features), row(kernel, columns), address(z), {
      m: rows,
      n: columns,
      k: features,
      bias: bias === undefined ? 0 : address(bias),
    });
    const panels = packKernel(context, cell, recurrentKernel, false);
    native.recurrent(cell, { batch, steps, units }, {
      z: address(z),
      a: address(a),
      h: address(h),
      state: address(state),
      active: address(active),
      h0: address(h0),
      c0: c0 === undefined ? 0 : address(c0),
      panels: address(panels),
      bias: innerBias === undefined ? 0 : address(innerBias),
      mask: mask === undefined ? 0 : address(mask),
      last: isLstm ? address(last) : 0,
    });
    dispose(panels);
    return [h, z, a, state, active, last];

    function row(of: TensorInfo, width: number) {
      return { address: address(of), row: 4 * width, column: 4, batch: 0 };
    }
  },
);

interface BackwardInputs extends ForwardInputs {
  h: TensorInfo;
  z: TensorInfo;
  a: TensorInfo;
  state: TensorInfo;
  active: TensorInfo;
  dh: TensorInfo;
  /** dJ/dc of the last step, if it is read. */
  dc?: TensorInfo;
}

/**
 * Backward pass. `isWatched`: true if the inside of the cell is tapped. Outputs: the gradients of
 * x, kernel, recurrent kernel, bias, inner bias, h0 and c0; then those of z, a, state and active.
 */
const recurrentSequenceGradient = defineOp<
  Sequence & { isWatched: boolean },
  BackwardInputs
>("RecurrentSequenceGradient", (context, inputs, { cell, isWatched }) => {
  const { tf, backend, native, address, dispose } = context;
  const { x, kernel, recurrentKernel, h0, c0, mask, h, z, a, state, active, dh, dc } = inputs;
  const { batch, steps, features, units, columns, rows } = sizesOf(x, recurrentKernel);
  const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
  const like = (width: number) => make(batch, steps, width);
  const isGru = cell.kind === "gru", isLstm = cell.kind === "lstm";
  const panels = packKernel(context, cell, recurrentKernel, true);
  const before = like(units), dz = like(columns);
  const da = like(isWatched ? columns : 0);
  const dState = like(isGru || isWatched && isLstm ? units : 0);
  const dActive = like(isWatched && isLstm ? units : 0);
  const dh0 = make(batch, units), dc0 = make(batch, isLstm ? units : 0);
  backend.typedArrayFromHeap(dh0).fill(0);
  if (isLstm) {
    const carried = backend.typedArrayFromHeap(dc0);
    if (dc === undefined) carried.fill(0);
    else carried.set(backend.typedArrayFromHeap(dc));
  }
  const place = (of: TensorInfo) => tf.util.sizeFromShape(of.shape) === 0 ? 0 : address(of);
  native.recurrentGradient(cell, { batch, steps, units }, {
    z: address(z),
    a: address(cell.kind === "simple" ? h : a),
    h: address(h),
    state: address(state),
    active: place(active),
    h0: address(h0),
    c0: c0 === undefined ? 0 : address(c0),
    panels: address(panels),
    before: address(before),
    mask: mask === undefined ? 0 : address(mask),
    dh: address(dh),
    dz: address(dz),
    dh0: address(dh0),
    dc0: place(dc0),
    da: place(da),
    dState: place(dState),
    dActive: place(dActive),
  });
  dispose(panels);

  const dx = like(features), dKernel = make(features, columns);
  const rowsOf = (of: TensorInfo, width: number, from = 0, stride = width) => ({
    address: address(of) + 4 * from,
    row: 4 * stride,
    column: 4,
    batch: 0,
    width,
  });
  const transpose = ({ address, row, column, batch }: ReturnType<typeof rowsOf>) => ({
    address,
    row: column,
    column: row,
    batch,
  });
  multiply(context, rowsOf(dz, columns), transpose(rowsOf(kernel, columns)), address(dx), {
    m: rows,
    n: features,
    k: columns,
  });
  /** Returns a^T b over all steps of all examples. */
  const overSteps = (
    left: ReturnType<typeof rowsOf>,
    right: ReturnType<typeof rowsOf>,
    result: TensorInfo,
  ) =>
    multiply(context, transpose(left), right, address(result), {
      m: left.width,
      n: right.width,
      k: rows,
    });
  overSteps(rowsOf(x, features), rowsOf(dz, columns), dKernel);
  const dRecurrent = isGru ? gruKernel() : make(units, columns);
  if (!isGru) overSteps(rowsOf(before, units), rowsOf(dz, columns), dRecurrent);
  const sums = (of: TensorInfo, width: number) => {
    const result = make(width);
    native.axisSums(
      address(of),
      address(result),
      { blocks: 1, rows, width },
      { divisor: 1, isWide: false },
    );
    return result;
  };
  const dBias = sums(dz, columns);
  const dInner = isGru && cell.after ? sums(dState, units) : make(0);
  dispose(before);
  return [dx, dKernel, dRecurrent, dBias, dInner, dh0, dc0, dz, da, dState, dActive];

  /** The gates read h'; the candidate reads it separately. */
  function gruKernel(): TensorInfo {
    const gates = make(units, 2 * units), candidate = make(units, units);
    overSteps(rowsOf(before, units), rowsOf(dz, 2 * units, 0, columns), gates);
    if (cell.after) overSteps(rowsOf(before, units), rowsOf(dState, units), candidate);
    else overSteps(rowsOf(state, units), rowsOf(dz, units, 2 * units, columns), candidate);
    const both = make(units, columns);
    const target = backend.typedArrayFromHeap(both);
    const [left, right] = [gates, candidate].map((of) => backend.typedArrayFromHeap(of));
    for (let i = 0; i < units; i++) {
      target.set(left.subarray(i * 2 * units, (i + 1) * 2 * units), i * columns);
      target.set(right.subarray(i * units, (i + 1) * units), i * columns + 2 * units);
    }
    dispose(gates, candidate);
    return both;
  }
});

/** Packs the recurrent kernel for all steps; the caller must dispose it. */
function packKernel(
  { backend, native, address }: OpContext,
  cell: RecurrentCell,
  kernel: TensorInfo,
  isBack: boolean,
): TensorInfo {
  const units = kernel.shape[0];
  const panels = backend.makeOutput([native.panelsOf(cell, units, isBack)], "float32");
  native.packKernel(cell, { units, isBack, kernel: address(kernel), panels: address(panels) });
  return panels;
}

/** Multiplies on the heap. */
function multiply(
  { native }: OpContext,
  a: Parameters<OpContext["native"]["matMul"]>[0],
  b: Parameters<OpContext["native"]["matMul"]>[1],
  result: number,
  { m, n, k, bias = 0 }: Product,
): void {
  native.matMul(a, b, result, { batch: 1, m, n, k }, { bias });
}

/** Recurrent layers, which TensorFlow.js composes of about twenty ops per step. */
export const recurrentRepair: OpRepair = {
  kernels: [recurrentSequence, recurrentSequenceGradient],
};
