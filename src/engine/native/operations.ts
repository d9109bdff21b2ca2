/** How a field of a record is stored. */
type Field = "usize" | "i32" | "f32";

/**
 * The records that operations take their arguments from: fields in the order in which they lie in memory,
 * 4 bytes each. `usize` is a byte address, or a number of bytes.
 */
export const RECORDS = {
  /** Strides in bytes; `flags` is 2 for a relu behind it. */
  MatMul: {
    ...{ a: "usize", aRow: "usize", aColumn: "usize", aBatch: "usize" },
    ...{ b: "usize", bRow: "usize", bColumn: "usize", bBatch: "usize" },
    ...{ c: "usize", batch: "i32", m: "i32", n: "i32", k: "i32", bias: "usize", flags: "i32" },
  },
  Convolution: { x: "usize", y: "usize", result: "usize", bias: "usize", flags: "i32" },
  /**
   * How a window moves over [batch, depth, height, width, channels]; in 2d the depth is 1. `top`, `left`
   * and `front` count the zeros around the image.
   */
  Windows: {
    ...{ batch: "i32", height: "i32", width: "i32", channels: "i32" },
    ...{ outHeight: "i32", outWidth: "i32", outChannels: "i32" },
    ...{ windowHeight: "i32", windowWidth: "i32", strideHeight: "i32", strideWidth: "i32" },
    ...{ dilationHeight: "i32", dilationWidth: "i32", top: "i32", left: "i32" },
    ...{ depth: "i32", outDepth: "i32", windowDepth: "i32", strideDepth: "i32" },
    ...{ dilationDepth: "i32", front: "i32" },
  },
  Segments: {
    ...{ x: "usize", segments: "usize", rows: "i32", width: "i32", count: "i32", result: "usize" },
  },
  Unary: { from: "usize", to: "usize", count: "i32" },
  Binary: { first: "usize", second: "usize", to: "usize", count: "i32", low: "f32", high: "f32" },
  /** `row`, of `width`, is added to each row of x. */
  Sum: { x: "usize", row: "usize", to: "usize", rows: "i32", width: "i32" },
  /**
   * `partials`: sums of blocks of rows, or 0 where mean and variance are given; `isBatch`: whether they follow
   * from x; `lack`: by how much each mean was rounded up, or 0 where means are given. What belongs
   * to the gradient alone is 0 otherwise.
   */
  Normalize: {
    ...{ x: "usize", dy: "usize", to: "usize", mean: "usize", lack: "usize", variance: "usize" },
    ...{ scale: "usize", offset: "usize", dScale: "usize", dOffset: "usize" },
    ...{ partials: "usize", rows: "i32", width: "i32", isBatch: "i32", epsilon: "f32" },
  },
  /** A step of Adam; `rates`: address of the float64 that `assembly/adam.ts` reads. */
  Adam: {
    ...{ weights: "usize", slopes: "usize", first: "usize", second: "usize", to: "usize" },
    ...{ count: "i32", rates: "usize" },
  },
  /** x times a gate of itself, by its number in `self_gate.ts`. `dy` is for the gradient alone. */
  SelfGate: { gate: "i32", x: "usize", dy: "usize", to: "usize", count: "i32" },
  /** `dy` is for the gradient alone. */
  Softmax: { x: "usize", dy: "usize", to: "usize", rows: "i32", width: "i32" },
  /**
   * A recurrent layer over a sequence, [batch, steps, columns]. `after`: whether a GRU resets after its product,
   * and then `bias` is of that product. `mask`: a float a step, 0 for one that is padding; or 0. `last`: c after
   * the last step. `panels`: its kernel, packed. What a kind of cell has no use for is 0.
   */
  Recurrent: {
    ...{ cell: "i32", activation: "i32", gate: "i32", after: "i32" },
    ...{ batch: "i32", steps: "i32", units: "i32" },
    ...{ z: "usize", a: "usize", h: "usize", state: "usize", active: "usize" },
    ...{ h0: "usize", c0: "usize", panels: "usize", bias: "usize", mask: "usize", last: "usize" },
  },
  /** `kernel` packed for the steps of a sequence, or transposed for its way back. */
  RecurrentPanels: { cell: "i32", units: "i32", isBack: "i32", kernel: "usize", panels: "usize" },
  /** Its way back. `da`, and of an LSTM `dState` and `dActive`, are 0 where nobody looks at them. */
  RecurrentGradient: {
    ...{ cell: "i32", activation: "i32", gate: "i32", after: "i32" },
    ...{ batch: "i32", steps: "i32", units: "i32" },
    ...{ z: "usize", a: "usize", h: "usize", state: "usize", active: "usize" },
    ...{ h0: "usize", c0: "usize", panels: "usize", mask: "usize", before: "usize" },
    ...{ dh: "usize", dz: "usize", dh0: "usize", dc0: "usize" },
    ...{ da: "usize", dState: "usize", dActive: "usize" },
  },
  Rows: { from: "usize", stride: "usize", rows: "i32", run: "usize", to: "usize" },
  Gather: {
    ...{ x: "usize", indices: "usize", batch: "i32", outer: "i32", size: "i32", count: "i32" },
    ...{ run: "usize", to: "usize" },
  },
  AxisSums: {
    ...{ x: "usize", blocks: "i32", rows: "i32", width: "i32", result: "usize" },
    ...{ divisor: "i32", isWide: "i32" },
  },
  Run: { from: "usize", count: "i32", result: "usize" },
  /** A run in pieces of `piece` entries; each piece leaves its own sums behind. */
  Pieces: { from: "usize", count: "i32", piece: "i32", result: "usize" },
  Columns: { x: "usize", row: "usize", rows: "i32", width: "i32", result: "usize" },
  Grouped: {
    ...{ from: "usize", groups: "i32", units: "i32", inner: "i32", result: "usize" },
    ...{ low: "f32", high: "f32" },
  },
} as const satisfies Record<string, Record<string, Field>>;

/**
 * The operations of our own WASM module, and the records that each takes, one after the other. Its place
 * is its number. `assembly/records.ts` is made of both tables: `deno task build:native`.
 */
export const OPERATIONS = {
  matMul: ["MatMul"],
  convolution: ["Convolution", "Windows"],
  convolutionFilterGradient: ["Convolution", "Windows"],
  convolutionInputGradient: ["Convolution", "Windows"],
  depthwise: ["Convolution", "Windows"],
  depthwiseFilterGradient: ["Convolution", "Windows"],
  depthwiseInputGradient: ["Convolution", "Windows"],
  segmentSum: ["Segments"],
  tanh: ["Unary"],
  sums: ["Pieces"],
  flat: ["Grouped"],
  tanhGradient: ["Binary"],
  axisSums: ["AxisSums"],
  clipGradient: ["Binary"],
  copyRows: ["Rows"],
  gatherRows: ["Gather"],
  maxPoolGradient: ["Convolution", "Windows"],
  columnSquares: ["Columns"],
  columns: ["Columns"],
  exponents: ["Run"],
  softmax: ["Softmax"],
  softmaxGradient: ["Softmax"],
  packKernel: ["RecurrentPanels"],
  recurrent: ["Recurrent"],
  recurrentGradient: ["RecurrentGradient"],
  selfGate: ["SelfGate"],
  selfGateGradient: ["SelfGate"],
  relu: ["Unary"],
  reluGradient: ["Binary"],
  add: ["Binary"],
  addRow: ["Sum"],
  maxPool: ["Convolution", "Windows"],
  averagePool: ["Convolution", "Windows"],
  averagePoolGradient: ["Convolution", "Windows"],
  columnSums: ["Normalize"],
  normalizeColumns: ["Normalize"],
  normalizeColumnsGradient: ["Normalize"],
  normalizeRows: ["Normalize"],
  normalizeRowsGradient: ["Normalize"],
  sumRowBlocks: ["Normalize"],
  adam: ["Adam"],
} as const satisfies Record<string, readonly (keyof typeof RECORDS)[]>;

/** The name of an operation. */
export type Operation = keyof typeof OPERATIONS;

type FieldsOf<R> = R extends keyof typeof RECORDS ? keyof (typeof RECORDS)[R] : never;

/** What an operation takes: a number for every field of its records. */
export type Arguments<O extends Operation> = Record<
  FieldsOf<(typeof OPERATIONS)[O][number]>,
  number
>;

/** How the window of a convolution moves. */
export type ConvolutionWindows = Record<keyof typeof RECORDS.Windows, number>;
