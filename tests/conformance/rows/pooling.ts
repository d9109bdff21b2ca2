import {
  CHANNELS_FIRST,
  CHANNELS_LAST,
  mean,
  type NdArray,
  pool,
  reduce,
  transpose,
  type Window,
} from "../reference/mod.ts";
import type { Row, RowInput } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

const LENGTHS = [[7], [5, 6], [4, 5, 3]];
const largest = (entries: number[]) => Math.max(...entries);

const spread = (value: unknown, rank: number): number[] =>
  Array.isArray(value) ? value : Array(rank).fill(value);

/** On channels-last arrays, whatever the layer's own layout. */
function inLayout(options: Options, rank: number, f: (x: NdArray) => NdArray) {
  if (options.dataFormat !== "channelsFirst") return f;
  return (x: NdArray) => transpose(f(transpose(x, CHANNELS_LAST(rank))), CHANNELS_FIRST(rank));
}

/** The input of a window layer: examples, spatial lengths, channels. */
export interface Extent {
  batch: number;
  space: number[];
  channels: number;
}

/** A row of a pooling layer. */
export function poolingRow(
  kind: "max" | "average",
  rank: number,
  options: Options,
  draw?: RowInput["draw"],
  { batch, space, channels }: Extent = { batch: 2, space: LENGTHS[rank - 1], channels: 2 },
): Row {
  const size = spread(options.poolSize ?? 2, rank);
  const window: Window = {
    strides: spread(options.strides ?? size, rank),
    padding: (options.padding ?? "valid") as Window["padding"],
  };
  const f = inLayout(
    options,
    rank,
    (x) => pool(x, size, window, kind === "max" ? largest : mean),
  );
  return {
    subject: `${kind}Pooling${rank}d`,
    options: describe(options) + (draw === "negative" ? " (all negative)" : ""),
    inputs: [{
      shape: options.dataFormat === "channelsFirst"
        ? [batch, channels, ...space]
        : [batch, ...space, channels],
      draw,
    }],
    create: make(`${kind}Pooling${rank}d`, options),
    reference: ([x]) => f(x),
  };
}

const OPTIONS: Options[] = [
  { poolSize: 2 },
  { poolSize: 2, padding: "same" },
  { poolSize: 3, padding: "same", strides: 1 },
  { poolSize: 3, strides: 2 },
  { poolSize: 3, strides: 2, padding: "same" },
  { poolSize: 1, strides: 2 },
  { poolSize: 2, strides: 3 },
  { poolSize: 2, strides: 3, padding: "same" },
];

const rows = [1, 2, 3].flatMap((rank) =>
  (["max", "average"] as const).flatMap((kind) => [
    ...OPTIONS.map((options) => poolingRow(kind, rank, options)),
    poolingRow(kind, rank, { poolSize: 2 }, "negative"),
    poolingRow(kind, rank, { poolSize: 3, padding: "same", strides: 2 }, "negative"),
    ...(rank === 1 ? [] : [
      poolingRow(kind, rank, { poolSize: 2, dataFormat: "channelsFirst" }),
      poolingRow(kind, rank, {
        poolSize: [1, 2, 3].slice(0, rank),
        strides: [2, 1, 1].slice(0, rank),
      }),
    ]),
  ])
);

function globalRow(kind: "Max" | "Average", rank: number, options: Options): Row {
  const axes = options.dataFormat === "channelsFirst"
    ? Array.from({ length: rank }, (_, i) => i + 2)
    : Array.from({ length: rank }, (_, i) => i + 1);
  return {
    subject: `global${kind}Pooling${rank}d`,
    options: describe(options),
    inputs: [{ shape: [2, 3, 4, 5].slice(0, rank + 2) }],
    create: make(`global${kind}Pooling${rank}d`, options),
    reference: ([x]) => reduce(x, axes, false, kind === "Max" ? largest : mean),
  };
}

/** Every pooling layer of `tf.layers`. */
export const POOLING: Row[] = [
  ...rows,
  ...(["Max", "Average"] as const).flatMap((kind) => [
    globalRow(kind, 1, {}),
    globalRow(kind, 2, {}),
    globalRow(kind, 2, { dataFormat: "channelsFirst" }),
  ]),
];
