import {
  activate,
  add,
  map,
  matMul,
  type NdArray,
  ndArray,
  offsetOf,
  reshape,
  softmax,
  transpose,
} from "../reference/mod.ts";
import type { Row, RowInput } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

/** A layer of one input whose reference needs its weights, maybe. */
const row = (
  subject: string,
  options: Options,
  input: RowInput,
  reference: (x: NdArray, weights: NdArray[]) => NdArray,
  more: Partial<Row> = {},
): Row => ({
  subject,
  options: `${describe(options) || "default"} on [${input.shape}]`,
  inputs: [input],
  create: make(subject, options),
  reference: ([x], weights) => reference(x, weights),
  ...more,
});

function dense(options: Options, shape: number[]): Row {
  const units = 4;
  return row("dense", { units, ...options }, { shape }, (x, [kernel, bias]) => {
    const width = shape.at(-1)!;
    let y = matMul(reshape(x, [x.data.length / width, width]), kernel);
    if (bias) y = add(y, bias);
    return activate(
      reshape(y, [...shape.slice(0, -1), units]),
      (options.activation ?? "linear") as string,
    );
  });
}

const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** Two examples of three steps: the second step of the first is 0, the second of the other 0.5. */
const MASKED = [1.5, -2, 0, 0, -1, 0.75, -1, 2, 0.5, 0.5, 0.25, -3];

/** The mask does not move with the input. */
const masking = (options: Options, masked: number[]) =>
  row(
    "masking",
    options,
    { shape: [2, 3, 2], values: MASKED },
    (x) => map(x, (v, i) => masked.includes(i) ? 0 : v),
  );

/** Every activation by its name, alone and inside a Dense layer. */
export function activationRows(names: readonly string[]): Row[] {
  return names.flatMap((activation) => [
    row("activation", { activation }, { shape: [3, 5] }, (x) => activate(x, activation)),
    row(
      "activation",
      { activation },
      { shape: [2, 3], values: [-9, -6.5, -2.25, 2.25, 6.5, 9] },
      (x) => activate(x, activation),
      { options: `activation ${activation}, far from 0` },
    ),
    dense({ activation }, [3, 5]),
  ]);
}

/** A row of a softmax layer over some axes. */
export const softmaxRow = (options: Options, shape: number[], axes: number[]): Row =>
  row("softmax", options, { shape }, (x) => softmax(x, axes));

/** A row of a PReLU. */
export const preluRow = (sharedAxes: number[] | undefined, shape: number[]): Row =>
  row(
    "prelu",
    sharedAxes ? { sharedAxes } : {},
    { shape },
    (x, [alpha]) =>
      ndArray(shape, (index) => {
        const at = index.slice(1).map((i, axis) => alpha.shape[axis] === 1 ? 0 : i);
        const value = x.data[offsetOf(shape, index)];
        return value > 0 ? value : value * alpha.data[offsetOf(alpha.shape, at)];
      }),
  );

const embedding = (options: Options, input: RowInput) =>
  row(
    "embedding",
    { inputDim: 5, outputDim: 3, ...options },
    input,
    (x, [table]) =>
      ndArray(
        [...input.shape, 3],
        Float64Array.from(
          { length: x.data.length * 3 },
          (_, i) => table.data[x.data[Math.floor(i / 3)] * 3 + i % 3],
        ),
      ),
  );

/** The layers without windows, recurrence or several inputs. */
export const CORE: Row[] = [
  dense({}, [3, 5]),
  dense({ useBias: false }, [3, 5]),
  dense({}, [2, 3, 5]),
  dense({ activation: "relu", useBias: false }, [2, 3, 5]),
  dense({}, [2, 2, 3, 4]),
  dense({}, [1, 1]),
  dense({ activation: "relu" }, [2, 60]),

  row("flatten", {}, { shape: [2, 3, 2] }, (x) => reshape(x, [2, 6])),
  row("flatten", {}, { shape: [2, 3, 2, 2] }, (x) => reshape(x, [2, 12])),
  row(
    "flatten",
    { dataFormat: "channelsFirst" },
    { shape: [2, 3, 2, 4] },
    (x) => reshape(transpose(x, [0, 2, 3, 1]), [2, 24]),
  ),
  row("reshape", { targetShape: [3, 4] }, { shape: [2, 12] }, (x) => reshape(x, [2, 3, 4])),
  row("reshape", { targetShape: [-1, 2] }, { shape: [2, 3, 4] }, (x) => reshape(x, [2, 6, 2])),
  row("permute", { dims: [2, 1] }, { shape: [2, 3, 4] }, (x) => transpose(x, [0, 2, 1])),
  row("permute", { dims: [3, 1, 2] }, { shape: [2, 3, 4, 5] }, (x) => transpose(x, [0, 3, 1, 2])),
  row(
    "permute",
    { dims: [4, 2, 1, 3] },
    { shape: [2, 3, 2, 4, 2] },
    (x) => transpose(x, [0, 4, 2, 1, 3]),
  ),
  row(
    "repeatVector",
    { n: 3 },
    { shape: [2, 4] },
    (x) => ndArray([2, 3, 4], ([b, , i]) => x.data[b * 4 + i]),
  ),

  row("elu", {}, { shape: [3, 5] }, (x) => activate(x, "elu")),
  row("reLU", {}, { shape: [3, 5] }, (x) => activate(x, "relu")),
  row("reLU", { maxValue: 0.5 }, { shape: [3, 5] }, (x) => map(x, (v) => clip(v, 0, 0.5))),
  row("leakyReLU", {}, { shape: [3, 5] }, (x) => map(x, (v) => v > 0 ? v : 0.3 * v)),
  row(
    "leakyReLU",
    { alpha: 0.05 },
    { shape: [2, 3, 4] },
    (x) => map(x, (v) => v > 0 ? v : 0.05 * v),
  ),
  row("thresholdedReLU", {}, { shape: [4, 5] }, (x) => map(x, (v) => v > 1 ? v : 0)),
  row("thresholdedReLU", { theta: 0.2 }, { shape: [3, 5] }, (x) => map(x, (v) => v > 0.2 ? v : 0)),
  preluRow(undefined, [3, 5]),
  preluRow(undefined, [2, 3, 2, 4]),
  preluRow([1, 2], [2, 3, 2, 4]),
  preluRow([1], [2, 3, 4]),
  preluRow([2], [2, 3, 2, 4]),
  softmaxRow({}, [3, 5], [1]),
  softmaxRow({ axis: -1 }, [2, 3, 4], [2]),
  softmaxRow({}, [2, 3, 4], [1]),
  softmaxRow({ axis: 2 }, [2, 3, 4, 2], [2]),
  softmaxRow({ axis: -2 }, [2, 3, 4], [1]),
  softmaxRow({ axis: [1] }, [2, 3, 4], [1]),
  softmaxRow({ axis: [1, 2] }, [2, 3, 4], [1, 2]),
  {
    ...softmaxRow({ axis: -1 }, [2, 4], [1]),
    options: "axis -1, mask",
    inputs: [{ shape: [2, 4] }, { shape: [2, 4], dtype: "bool", values: [1, 0, 1, 1, 0, 1, 1, 0] }],
    call: (_tf, layer, [x, mask]) => layer.apply(x, { mask }),
    reference: ([x, mask]) => softmax(map(x, (v, i) => mask.data[i] ? v : -Infinity)),
  },

  embedding({}, { shape: [2, 4], draw: "integer", below: 5 }),
  embedding({}, { shape: [3], draw: "integer", below: 5 }),
  embedding({}, { shape: [2, 3, 2], draw: "integer", below: 5 }),
  embedding({ inputLength: 4 }, { shape: [2, 4], draw: "integer", below: 5 }),
  embedding({ maskZero: true }, { shape: [2, 4], draw: "integer", below: 2 }),
  embedding({}, { shape: [2, 3], values: [1, 1, 1, 4, 4, 1], fixed: true }),
  embedding({ inputDim: 1 }, { shape: [2, 3], draw: "integer", below: 1 }),

  masking({}, [2, 3]),
  masking({ maskValue: 0.5 }, [8, 9]),

  row("rescaling", { scale: 0.5 }, { shape: [2, 3] }, (x) => map(x, (v) => v / 2)),
  row("rescaling", { scale: 2, offset: -1 }, { shape: [2, 3, 2] }, (x) => map(x, (v) => 2 * v - 1)),
];
