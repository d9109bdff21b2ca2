/** Storage type of a field of a record. */
type Field = "usize" | "i32" | "f32";

/** Fields of the records of a recurrent layer, forward and backward. */
const SEQUENCE = {
  cell: "i32",
  activation: "i32",
  gate: "i32",
  after: "i32",
  batch: "i32",
  steps: "i32",
  units: "i32",
  z: "usize",
  a: "usize",
  h: "usize",
  state: "usize",
  active: "usize",
  h0: "usize",
  c0: "usize",
  panels: "usize",
} as const;

/**
 * Records of the operations' arguments: fields in memory order, 4 bytes each. `usize` is a byte
 * address, or a number of bytes.
 */
export const RECORDS = {
  /** Strides in bytes; `flags` is 2 for a relu after the product. */
  MatMul: {
    a: "usize",
    aRow: "usize",
    aColumn: "usize",
    aBatch: "usize",
    b: "usize",
    bRow: "usize",
    bColumn: "usize",
    bBatch: "usize",
    c: "usize",
    batch: "i32",
    m: "i32",
    n: "i32",
    k: "i32",
    bias: "usize",
    flags: "i32",
  },
  Convolution: { x: "usize", y: "usize", result: "usize", bias: "usize", flags: "i32" },
  /**
   * Window moving over [batch, depth, height, width, channels]; in 2d the depth is 1. `top`, `left`
   * and `front` count the zeros around the image.
   */
  Windows: {
    batch: "i32",
    height: "i32",
    width: "i32",
    channels: "i32",
    outHeight: "i32",
    outWidth: "i32",
    outChannels: "i32",
    windowHeight: "i32",
    windowWidth: "i32",
    strideHeight: "i32",
    strideWidth: "i32",
    dilationHeight: "i32",
    dilationWidth: "i32",
    top: "i32",
    left: "i32",
    depth: "i32",
    outDepth: "i32",
    windowDepth: "i32",
    strideDepth: "i32",
    dilationDepth: "i32",
    front: "i32",
  },
  Segments: {
    x: "usize",
    segments: "usize",
    rows: "i32",
    width: "i32",
    count: "i32",
    result: "usize",
  },
  Unary: { from: "usize", to: "usize", count: "i32" },
  Binary: { first: "usize", second: "usize", to: "usize", count: "i32", low: "f32", high: "f32" },
  /** Row of `width` floats, added to each row of x. */
  Sum: { x: "usize", row: "usize", to: "usize", rows: "i32", width: "i32" },
  /**
   * `partials`: sums of blocks of rows, or 0 if mean and variance are given; `isBatch`: 1 if they
   * are computed from x; `lack`: amount by which each mean was rounded up, or 0 if means are given.
   * Fields that only the gradient needs are otherwise 0.
   */
  Normalize: {
    x: "usize",
    dy: "usize",
    to: "usize",
    mean: "usize",
    lack: "usize",
    variance: "usize",
    scale: "usize",
    offset: "usize",
    dScale: "usize",
    dOffset: "usize",
    partials: "usize",
    rows: "i32",
    width: "i32",
    isBatch: "i32",
    epsilon: "f32",
  },
  /** Step of Adam; `rates`: address of the float64 that `assembly/adam.ts` reads. */
  Adam: {
    weights: "usize",
    slopes: "usize",
    first: "usize",
    second: "usize",
    to: "usize",
    count: "i32",
    rates: "usize",
  },
  /** x times a gate of itself, by its number in `activations.ts`. Only the gradient uses `dy`. */
  SelfGate: { gate: "i32", x: "usize", dy: "usize", to: "usize", count: "i32" },
  /** Only the gradient uses `dy`. */
  Softmax: { x: "usize", dy: "usize", to: "usize", rows: "i32", width: "i32" },
  /**
   * Recurrent layer over a sequence, [batch, steps, columns]. `after`: 1 if a GRU resets after its
   * product, to which `bias` then belongs. `mask`: a float per step, 0 for padding; or 0. `last`: c
   * after the last step. `panels`: its packed kernel. Fields that a kind of cell does not use are
   * 0.
   */
  Recurrent: {
    ...SEQUENCE,
    bias: "usize",
    mask: "usize",
    last: "usize",
  },
  /** `kernel` packed for the steps of a sequence, or transposed for its backward pass. */
  RecurrentPanels: { cell: "i32", units: "i32", isBack: "i32", kernel: "usize", panels: "usize" },
  /**
   * Backward pass. `da`, and for an LSTM `dState` and `dActive`, are 0 if they are not observed.
   */
  RecurrentGradient: {
    ...SEQUENCE,
    mask: "usize",
    before: "usize",
    dh: "usize",
    dz: "usize",
    dh0: "usize",
    dc0: "usize",
    da: "usize",
    dState: "usize",
    dActive: "usize",
  },
  Rows: { from: "usize", stride: "usize", rows: "i32", run: "usize", to: "usize" },
  /** Planes that are transposed: `column` bytes between columns of x, `row` between rows of the result. */
  Planes: {
    from: "usize",
    to: "usize",
    planes: "i32",
    rows: "i32",
    columns: "i32",
    fromPlane: "usize",
    toPlane: "usize",
    column: "usize",
    row: "usize",
  },
  Gather: {
    x: "usize",
    indices: "usize",
    batch: "i32",
    outer: "i32",
    size: "i32",
    count: "i32",
    run: "usize",
    to: "usize",
  },
  AxisSums: {
    x: "usize",
    blocks: "i32",
    rows: "i32",
    width: "i32",
    result: "usize",
    divisor: "i32",
    isWide: "i32",
  },
  Run: { from: "usize", count: "i32", result: "usize" },
  /** Run in pieces of `piece` entries; each piece leaves its own sums. */
  Pieces: { from: "usize", count: "i32", piece: "i32", result: "usize" },
  Columns: { x: "usize", row: "usize", rows: "i32", width: "i32", result: "usize" },
  Grouped: {
    from: "usize",
    groups: "i32",
    units: "i32",
    inner: "i32",
    result: "usize",
    low: "f32",
    high: "f32",
  },
} as const satisfies Record<string, Record<string, Field>>;

/**
 * Operations of this project's WASM module, with the records that each takes in order. The position
 * of an operation is its number. `assembly/records.ts` is generated from both tables: `deno task
 * build:native`.
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
  turnPlanes: ["Planes"],
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
  normalizeFewRows: ["Normalize"],
  normalizeFewRowsGradient: ["Normalize"],
  normalizeRows: ["Normalize"],
  normalizeRowsGradient: ["Normalize"],
  sumRowBlocks: ["Normalize"],
  adam: ["Adam"],
} as const satisfies Record<string, readonly (keyof typeof RECORDS)[]>;

export type Operation = keyof typeof OPERATIONS;

type FieldsOf<R> = R extends keyof typeof RECORDS ? keyof (typeof RECORDS)[R] : never;

/** Arguments of an operation: a number for every field of its records. */
export type Arguments<O extends Operation> = Record<
  FieldsOf<(typeof OPERATIONS)[O][number]>,
  number
>;

export type ConvolutionWindows = Record<keyof typeof RECORDS.Windows, number>;

/**
 * Activations of recurrent cells that the module supports, by their numbers in
 * `assembly/activations.ts`.
 */
export const SQUASHES = ["linear", "tanh", "sigmoid", "hardSigmoid", "relu"] as const;

/** Name of such an activation. */
export type Squash = (typeof SQUASHES)[number];

/** Kinds of cells, by their numbers in `assembly/recurrent.ts`. */
const CELLS = ["simple", "gru", "lstm"] as const;

/** Recurrent cell. */
export interface RecurrentCell {
  /** Kind of the cell. */
  kind: (typeof CELLS)[number];
  /** Activation of its state or candidate. */
  activation: Squash;
  /** Activation of its gates; "linear" if it has none. */
  gate: Squash;
  /** True if a GRU resets after its product. */
  after: boolean;
}

/** Returns the numbers that describe a cell in a record. */
export function cellNumbers({ kind, activation, gate, after }: RecurrentCell) {
  return {
    cell: CELLS.indexOf(kind),
    activation: SQUASHES.indexOf(activation),
    gate: SQUASHES.indexOf(gate),
    after: after ? 1 : 0,
  };
}

/** Returns the number of gates of a cell, including the candidate. */
export function gatesOf({ kind }: RecurrentCell): number {
  if (kind === "lstm") return 4;
  return kind === "gru" ? 3 : 1;
}

/** Gates of `x g(x)`, by their numbers in `assembly/activations.ts`: for gelu, gelu_new and swish. */
export const GATES = ["normal", "normalByTanh", "sigmoid"] as const;

export type SelfGate = (typeof GATES)[number];
