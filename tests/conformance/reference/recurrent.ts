import { activate } from "./activate.ts";
import { CHANNELS_FIRST, CHANNELS_LAST, convolve, type Window } from "./convolution.ts";
import {
  add,
  map,
  matMul,
  multiply,
  type NdArray,
  ndArray,
  slice,
  stack,
  take,
  transpose,
} from "./nd_array.ts";
import { zip } from "./nd_array.ts";

/** Step: takes the input and the states before it, returns the output and the states after it. */
export type Cell = (x: NdArray, states: NdArray[]) => { output: NdArray; states: NdArray[] };

/** The `i`-th of `n` equal parts of the last axis. */
export function part(a: NdArray, i: number, n: number): NdArray {
  const width = a.shape.at(-1)! / n;
  const begin = a.shape.map(() => 0), size = [...a.shape];
  begin[begin.length - 1] = i * width;
  size[size.length - 1] = width;
  return slice(a, begin, size);
}

/** `h' = phi(x W + h U + b)`. */
export function simpleRnnCell([kernel, recurrent, bias]: NdArray[], phi: string): Cell {
  return (x, [h]) => {
    let z = add(matMul(x, kernel), matMul(h, recurrent));
    if (bias) z = add(z, bias);
    const output = activate(z, phi);
    return { output, states: [output] };
  };
}

/** Gates in the order z (update), r (reset), candidate; the reset gate acts before the product. */
export function gruCell([kernel, recurrent, bias]: NdArray[], phi: string, gate: string): Cell {
  return (x, [h]) => {
    let input = matMul(x, kernel);
    if (bias) input = add(input, bias);
    const z = activate(add(part(input, 0, 3), matMul(h, part(recurrent, 0, 3))), gate);
    const r = activate(add(part(input, 1, 3), matMul(h, part(recurrent, 1, 3))), gate);
    const inner = matMul(multiply(r, h), part(recurrent, 2, 3));
    const candidate = activate(add(part(input, 2, 3), inner), phi);
    const output = add(multiply(z, h), multiply(map(z, (v) => 1 - v), candidate));
    return { output, states: [output] };
  };
}

/** Gates in the order i (input), f (forget), candidate, o (output). */
export function lstmCell([kernel, recurrent, bias]: NdArray[], phi: string, gate: string): Cell {
  return (x, [h, c]) => {
    let z = add(matMul(x, kernel), matMul(h, recurrent));
    if (bias) z = add(z, bias);
    return lstmStep([0, 1, 2, 3].map((i) => part(z, i, 4)), c, phi, gate);
  };
}

/** An LSTM whose products are convolutions; the recurrent one is always `same`, stride 1. */
export function convLstmCell(
  [kernel, recurrent, bias]: NdArray[],
  phi: string,
  gate: string,
  window: Window,
  channelsFirst = false,
): Cell {
  const last = (a: NdArray) => channelsFirst ? transpose(a, CHANNELS_LAST(2)) : a;
  const first = (a: NdArray) => channelsFirst ? transpose(a, CHANNELS_FIRST(2)) : a;
  return (x, [h, c]) => {
    let z = add(
      convolve(last(x), kernel, window),
      convolve(last(h), recurrent, { strides: [1, 1], padding: "same" }),
    );
    if (bias) z = add(z, bias);
    const step = lstmStep([0, 1, 2, 3].map((i) => part(z, i, 4)), last(c), phi, gate);
    return { output: first(step.output), states: step.states.map(first) };
  };
}

function lstmStep([i, f, g, o]: NdArray[], c: NdArray, phi: string, gate: string) {
  const carry = add(
    multiply(activate(f, gate), c),
    multiply(activate(i, gate), activate(g, phi)),
  );
  const output = multiply(activate(o, gate), activate(carry, phi));
  return { output, states: [output, carry] };
}

/** Cells on top of each other; the states are listed from the top cell down. */
export function stackedCell(cells: Cell[], statesOf: number[]): Cell {
  return (x, states) => {
    const left = [...states];
    const mine = statesOf.toReversed().map((n) => left.splice(0, n)).toReversed();
    const after: NdArray[][] = [];
    let output = x;
    cells.forEach((cell, i) => {
      const step = cell(output, mine[i]);
      output = step.output;
      after.push(step.states);
    });
    return { output, states: after.toReversed().flat() };
  };
}

/** Options of {@linkcode unroll}. */
export interface Unroll {
  goBackwards?: boolean;
  /** 1 where a step counts, 0 where the states stay as they were, [batch, time]. */
  mask?: NdArray;
}

/** Runs a cell over axis 1 of the input. */
export function unroll(
  x: NdArray,
  cell: Cell,
  initial: NdArray[],
  { goBackwards = false, mask }: Unroll = {},
): { last: NdArray; sequence: NdArray; states: NdArray[] } {
  const steps = x.shape[1];
  let states = initial;
  const outputs: NdArray[] = [];
  for (let i = 0; i < steps; i++) {
    const t = goBackwards ? steps - 1 - i : i;
    const step = cell(take(x, 1, t), states);
    if (mask) {
      const keep = take(mask, 1, t);
      const shaped = (a: NdArray) =>
        ndArray([keep.shape[0], ...a.shape.slice(1).map(() => 1)], keep.data);
      const blend = (after: NdArray, before: NdArray) =>
        zip(
          zip(after, shaped(after), (v, m) => v * m),
          zip(before, shaped(before), (v, m) => v * (1 - m)),
          (p, q) => p + q,
        );
      const output = blend(step.output, states[0]);
      states = step.states.map((after, k) => blend(after, states[k]));
      outputs.push(output);
    } else {
      states = step.states;
      outputs.push(step.output);
    }
  }
  return { last: outputs.at(-1)!, sequence: stack(outputs, 1), states };
}
