import type { Matrix } from "../native/native_module.ts";
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
    native.matMul(rowsAt(address(x), features), rowsAt(address(kernel), columns), address(z), {
      batch: 1,
      m: rows,
      n: columns,
      k: features,
      bias: bias === undefined ? 0 : address(bias),
    });
    const panels = packKernel(context, cell, { kernel: recurrentKernel, isBack: false });
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

interface BackwardSequence extends Sequence {
  /** True if the inside of the cell is tapped. */
  isWatched: boolean;
}

/**
 * Backward pass. Outputs: the gradients of x, kernel, recurrent kernel, bias, inner bias, h0 and c0;
 * then those of z, a, state and active.
 */
const recurrentSequenceGradient = defineOp<BackwardSequence, BackwardInputs>(
  "RecurrentSequenceGradient",
  (context, inputs, sequence) => {
    const { backend, native, address, dispose } = context;
    const { x, kernel, recurrentKernel } = inputs;
    const { cell } = sequence;
    const { batch, steps, features, units, columns, rows } = sizesOf(x, recurrentKernel);
    const { before, dz, da, dState, dActive, dh0, dc0 } = walkBack(context, inputs, sequence);
    const make = (...shape: number[]) => backend.makeOutput(shape, "float32");
    const deltas = rowsAt(address(dz), columns);
    const dx = make(batch, steps, features), dKernel = make(features, columns);
    native.matMul(deltas, transpose(rowsAt(address(kernel), columns)), address(dx), {
      batch: 1,
      m: rows,
      n: features,
      k: columns,
    });
    overSteps(context, rowsAt(address(x), features), deltas, { to: dKernel, rows });
    const isGru = cell.kind === "gru";
    const dRecurrent = isGru
      ? gruKernelGradient(context, inputs, { before, dz, dState, after: cell.after })
      : make(units, columns);
    if (!isGru) {
      overSteps(context, rowsAt(address(before), units), deltas, { to: dRecurrent, rows });
    }
    const sums = (of: TensorInfo, width: number) => {
      const result = make(width);
      const size = { blocks: 1, rows, width };
      native.axisSums(address(of), address(result), size, { divisor: 1, isWide: false });
      return result;
    };
    const dBias = sums(dz, columns);
    const dInner = isGru && cell.after ? sums(dState, units) : make(0);
    dispose(before);
    return [dx, dKernel, dRecurrent, dBias, dInner, dh0, dc0, dz, da, dState, dActive];
  },
);

/**
 * Walks back through the steps, as far as each depends on the next. Returns h before every step,
 * which the caller must dispose, and the gradients of all that the steps compute.
 */
function walkBack(
  context: OpContext,
  { x, recurrentKernel, h0, c0, mask, h, z, a, state, active, dh, dc }: BackwardInputs,
  { cell, isWatched }: BackwardSequence,
) {
  const { tf, backend, native, address, dispose } = context;
  const { batch, steps, units, columns } = sizesOf(x, recurrentKernel);
  const like = (width: number) => backend.makeOutput([batch, steps, width], "float32");
  const isGru = cell.kind === "gru", isLstm = cell.kind === "lstm";
  const panels = packKernel(context, cell, { kernel: recurrentKernel, isBack: true });
  const before = like(units), dz = like(columns);
  const da = like(isWatched ? columns : 0);
  const dState = like(isGru || isWatched && isLstm ? units : 0);
  const dActive = like(isWatched && isLstm ? units : 0);
  const dh0 = backend.makeOutput([batch, units], "float32");
  const dc0 = backend.makeOutput([batch, isLstm ? units : 0], "float32");
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
  return { before, dz, da, dState, dActive, dh0, dc0 };
}

/**
 * Returns the gradient of a GRU's recurrent kernel. The gates read h'; the candidate reads it
 * separately.
 */
function gruKernelGradient(
  context: OpContext,
  { x, recurrentKernel, state }: BackwardInputs,
  { before, dz, dState, after }: {
    before: TensorInfo;
    dz: TensorInfo;
    dState: TensorInfo;
    after: boolean;
  },
): TensorInfo {
  const { backend, address, dispose } = context;
  const { units, columns, rows } = sizesOf(x, recurrentKernel);
  const gates = backend.makeOutput([units, 2 * units], "float32");
  const candidate = backend.makeOutput([units, units], "float32");
  const rowsBefore = rowsAt(address(before), units);
  overSteps(context, rowsBefore, rowsAt(address(dz), 2 * units, columns), { to: gates, rows });
  const left = after ? rowsBefore : rowsAt(address(state), units);
  const right = after
    ? rowsAt(address(dState), units)
    : rowsAt(address(dz) + 8 * units, units, columns);
  overSteps(context, left, right, { to: candidate, rows });
  const both = backend.makeOutput([units, columns], "float32");
  const target = backend.typedArrayFromHeap(both);
  const ofGates = backend.typedArrayFromHeap(gates);
  const ofCandidate = backend.typedArrayFromHeap(candidate);
  for (let i = 0; i < units; i++) {
    target.set(ofGates.subarray(i * 2 * units, (i + 1) * 2 * units), i * columns);
    target.set(ofCandidate.subarray(i * units, (i + 1) * units), i * columns + 2 * units);
  }
  dispose(gates, candidate);
  return both;
}

/** Rows on the heap, one for each step of each example. */
interface Rows extends Matrix {
  width: number;
}

/** Returns rows of `width` floats that begin `stride` floats apart. */
function rowsAt(address: number, width: number, stride = width): Rows {
  return { address, row: 4 * stride, column: 4, batch: 0, width };
}

function transpose({ address, row, column, batch, width }: Rows): Rows {
  return { address, row: column, column: row, batch, width };
}

/** Computes left^T right over all steps of all examples. */
function overSteps(
  { native, address }: OpContext,
  left: Rows,
  right: Rows,
  { to, rows }: { to: TensorInfo; rows: number },
): void {
  const size = { batch: 1, m: left.width, n: right.width, k: rows };
  native.matMul(transpose(left), right, address(to), size);
}

/** Packs the recurrent kernel for all steps; the caller must dispose it. */
function packKernel(
  { backend, native, address }: OpContext,
  cell: RecurrentCell,
  { kernel, isBack }: { kernel: TensorInfo; isBack: boolean },
): TensorInfo {
  const units = kernel.shape[0];
  const panels = backend.makeOutput([native.panelsOf(cell, { units, isBack })], "float32");
  native.packKernel(cell, { units, isBack, kernel: address(kernel), panels: address(panels) });
  return panels;
}

/** Recurrent layers, which TensorFlow.js builds from about twenty ops per step. */
export const recurrentRepair: OpRepair = {
  kernels: [recurrentSequence, recurrentSequenceGradient],
};
