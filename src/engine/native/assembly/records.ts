// Made by tools/build_native.ts from ../operations.ts, which explains them: deno task build:native

export const enum Operation {
  matMul,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
  depthwise,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  segmentSum,
  tanh,
  sums,
  flat,
  tanhGradient,
  axisSums,
  clipGradient,
  turnPlanes,
  copyRows,
  gatherRows,
  maxPoolGradient,
  columnSquares,
  columns,
  exponents,
  softmax,
  softmaxGradient,
  packKernel,
  recurrent,
  recurrentGradient,
  selfGate,
  selfGateGradient,
  relu,
  reluGradient,
  add,
  addRow,
  maxPool,
  averagePool,
  averagePoolGradient,
  columnSums,
  normalizeColumns,
  normalizeColumnsGradient,
  normalizeFewRows,
  normalizeFewRowsGradient,
  normalizeRows,
  normalizeRowsGradient,
  sumRowBlocks,
  adam,
}

@unmanaged
export class MatMul {
  a: usize;
  aRow: usize;
  aColumn: usize;
  aBatch: usize;
  b: usize;
  bRow: usize;
  bColumn: usize;
  bBatch: usize;
  c: usize;
  batch: i32;
  m: i32;
  n: i32;
  k: i32;
  bias: usize;
  flags: i32;
}

@unmanaged
export class Convolution {
  x: usize;
  y: usize;
  result: usize;
  bias: usize;
  flags: i32;
}

@unmanaged
export class Windows {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  windowHeight: i32;
  windowWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  top: i32;
  left: i32;
  depth: i32;
  outDepth: i32;
  windowDepth: i32;
  strideDepth: i32;
  dilationDepth: i32;
  front: i32;
}

@unmanaged
export class Segments {
  x: usize;
  segments: usize;
  rows: i32;
  width: i32;
  count: i32;
  result: usize;
}

@unmanaged
export class Unary {
  from: usize;
  to: usize;
  count: i32;
}

@unmanaged
export class Binary {
  first: usize;
  second: usize;
  to: usize;
  count: i32;
  low: f32;
  high: f32;
}

@unmanaged
export class Sum {
  x: usize;
  row: usize;
  to: usize;
  rows: i32;
  width: i32;
}

@unmanaged
export class Normalize {
  x: usize;
  dy: usize;
  to: usize;
  mean: usize;
  lack: usize;
  variance: usize;
  scale: usize;
  offset: usize;
  dScale: usize;
  dOffset: usize;
  partials: usize;
  rows: i32;
  width: i32;
  isBatch: i32;
  epsilon: f32;
}

@unmanaged
export class Adam {
  weights: usize;
  slopes: usize;
  first: usize;
  second: usize;
  to: usize;
  count: i32;
  rates: usize;
}

@unmanaged
export class SelfGate {
  gate: i32;
  x: usize;
  dy: usize;
  to: usize;
  count: i32;
}

@unmanaged
export class Softmax {
  x: usize;
  dy: usize;
  to: usize;
  rows: i32;
  width: i32;
}

@unmanaged
export class Recurrent {
  cell: i32;
  activation: i32;
  gate: i32;
  after: i32;
  batch: i32;
  steps: i32;
  units: i32;
  z: usize;
  a: usize;
  h: usize;
  state: usize;
  active: usize;
  h0: usize;
  c0: usize;
  panels: usize;
  bias: usize;
  mask: usize;
  last: usize;
}

@unmanaged
export class RecurrentPanels {
  cell: i32;
  units: i32;
  isBack: i32;
  kernel: usize;
  panels: usize;
}

@unmanaged
export class RecurrentGradient {
  cell: i32;
  activation: i32;
  gate: i32;
  after: i32;
  batch: i32;
  steps: i32;
  units: i32;
  z: usize;
  a: usize;
  h: usize;
  state: usize;
  active: usize;
  h0: usize;
  c0: usize;
  panels: usize;
  mask: usize;
  before: usize;
  dh: usize;
  dz: usize;
  dh0: usize;
  dc0: usize;
  da: usize;
  dState: usize;
  dActive: usize;
}

@unmanaged
export class Rows {
  from: usize;
  stride: usize;
  rows: i32;
  run: usize;
  to: usize;
}

@unmanaged
export class Planes {
  from: usize;
  to: usize;
  planes: i32;
  rows: i32;
  columns: i32;
  fromPlane: usize;
  toPlane: usize;
  column: usize;
  row: usize;
}

@unmanaged
export class Gather {
  x: usize;
  indices: usize;
  batch: i32;
  outer: i32;
  size: i32;
  count: i32;
  run: usize;
  to: usize;
}

@unmanaged
export class AxisSums {
  x: usize;
  blocks: i32;
  rows: i32;
  width: i32;
  result: usize;
  divisor: i32;
  isWide: i32;
}

@unmanaged
export class Run {
  from: usize;
  count: i32;
  result: usize;
}

@unmanaged
export class Pieces {
  from: usize;
  count: i32;
  piece: i32;
  result: usize;
}

@unmanaged
export class Columns {
  x: usize;
  row: usize;
  rows: i32;
  width: i32;
  result: usize;
}

@unmanaged
export class Grouped {
  from: usize;
  groups: i32;
  units: i32;
  inner: i32;
  result: usize;
  low: f32;
  high: f32;
}
