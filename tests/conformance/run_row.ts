import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { centralDifference } from "./central_difference.ts";
import { drawInput, drawWeight } from "./draw.ts";
import { map, type NdArray, ndArray, randomNormal, randomStream } from "./reference/mod.ts";
import { relativeError } from "./relative_error.ts";
import type { Row, RowLayer } from "./row.ts";

/** Result of a row on one backend. */
export interface Outcome {
  status: "ok" | "wrong" | "no gradient" | "error";
  /** Largest error relative to the largest entry, over the outputs and all gradients. */
  worst: number;
  /** Place of the largest error, or the thrown message. */
  detail: string;
  /** Number of tensors that the gradient leaked. */
  leaked: number;
}

/** A row with its numbers, ready to be called again and again. */
interface Prepared {
  row: Row;
  inputs: NdArray[];
  tensors: Tensor[];
  layer: RowLayer;
  weights: NdArray[];
  /** Results of the backend. */
  observed: NdArray[];
  call(): Tensor[];
}

/** Something that J is differentiated with respect to. */
interface Variable {
  what: string;
  tensor: Tensor;
  value: NdArray;
}

const toArray = <T>(value: T | T[]): T[] => Array.isArray(value) ? value : [value];
const read = (tensor: Tensor): NdArray => ndArray(tensor.shape, tensor.dataSync());
const message = (error: unknown) => error instanceof Error ? error.message : String(error);

/** Runs a row on the active backend and holds the result against the float64 reference. */
export function runRow(tf: TensorFlow, row: Row): Outcome {
  const next = randomStream(`${row.subject} ${row.options}`);
  const { tolerance = 5e-5 } = row;
  const outcome: Outcome = { status: "ok", worst: 0, detail: "", leaked: 0 };
  const note = (error: number, what: string) => {
    if (!(error <= outcome.worst)) [outcome.worst, outcome.detail] = [error, what];
    if (!(error <= tolerance)) outcome.status = "wrong";
  };
  const kept: Tensor[] = [];
  try {
    let prepared: Prepared;
    try {
      prepared = prepare(tf, row, next, kept);
    } catch (error) {
      return { ...outcome, status: "error", worst: NaN, detail: message(error) };
    }
    const { inputs, weights, observed } = prepared;
    const drawn = inputs.map((input) => map(input, (x) => x));
    const forward = () => toArray(row.reference(inputs, weights, observed, drawn));
    const expected = forward();
    const misshapen = wrongShape(prepared, expected);
    if (misshapen !== null) {
      return { ...outcome, status: "wrong", worst: Infinity, detail: misshapen };
    }
    expected.forEach(({ data }, i) => note(relativeError(observed[i].data, data), "forward"));
    const variables = variablesOf(prepared);
    if (row.discrete || variables.length === 0) return outcome;

    const factors = expected.map(({ shape }) => randomNormal(shape, next));
    const oracle = oracleOf(row, variables, expected, factors, forward);
    const before = tf.memory().numTensors;
    let found: (NdArray | null)[];
    try {
      found = inScope(tf, () => gradients(tf, prepared, variables, factors));
    } catch (error) {
      // A wrong output is worse than a missing gradient.
      if (outcome.worst > tolerance) return outcome;
      return { ...outcome, status: "no gradient", worst: NaN, detail: message(error) };
    }
    outcome.leaked = tf.memory().numTensors - before;
    for (const [i, { what }] of variables.entries()) {
      const gradient = found[i];
      if (gradient !== null) {
        note(relativeError(gradient.data, oracle[i].data), `gradient of ${what}`);
      } else if (oracle[i].data.some((g) => Math.abs(g) > 1e-6)) {
        return { ...outcome, status: "no gradient", worst: NaN, detail: `none for ${what}` };
      }
    }
    return outcome;
  } finally {
    tf.dispose(kept);
  }
}

/** Draws the numbers of a row, makes its layer and calls it. */
function prepare(tf: TensorFlow, row: Row, next: () => number, kept: Tensor[]): Prepared {
  const inputs = row.inputs.map((input) => drawInput(input, next));
  const tensors = inputs.map(({ data, shape }, i): Tensor => {
    const { dtype, draw } = row.inputs[i];
    const type = dtype ?? (draw === "integer" ? "int32" : "float32");
    return tf.tensor(Array.from(data), [...shape], type);
  });
  kept.push(...tensors);
  // A row without a layer calls an operation.
  const layer = row.create?.(tf) ?? ({ weights: [], trainableWeights: [] } as unknown as RowLayer);
  const call = (): Tensor[] => {
    // Layers that draw noise draw the same each time.
    const original = Math.random;
    Math.random = randomStream(row.subject);
    try {
      return toArray(
        // A model hands its layers a list, of one tensor too.
        row.call ? row.call(tf, layer, tensors) : layer.apply(tensors),
      );
    } finally {
      Math.random = original;
    }
  };
  inScope(tf, call); // builds the layer
  const weights = layer.weights.map((weight) => {
    const value = drawWeight(weight.name, weight.shape, next);
    inScope(tf, () => weight.write(tf.tensor(Array.from(value.data), weight.shape)));
    kept.push(weight.read());
    return value;
  });
  const observed = inScope(tf, () => call().map(read));
  return { row, inputs, tensors, layer, weights, observed, call };
}

/** Returns the fault of the output shapes, or of the one that the layer promises. */
function wrongShape({ observed, layer, tensors }: Prepared, expected: NdArray[]): string | null {
  const shapes = (arrays: NdArray[]) => arrays.map(({ shape }) => `[${shape}]`).join(" ");
  if (shapes(observed) !== shapes(expected)) {
    return `output shape ${shapes(observed)}, expected ${shapes(expected)}`;
  }
  if (!layer.computeOutputShape || tensors.length !== 1) return null;
  const promised = layer.computeOutputShape([...tensors[0].shape]);
  const first = Array.isArray(promised[0]) ? promised[0] : promised;
  // A dimension that only the call decides is promised as null.
  const known = expected[0].shape.map((size, axis) => first[axis] === null ? null : size);
  return `${first}` === `${known}`
    ? null
    : `computeOutputShape [${first}], expected [${expected[0].shape}]`;
}

/** The inputs and weights that are differentiated with respect to. */
function variablesOf({ row, tensors, inputs, layer, weights }: Prepared): Variable[] {
  const smooth = ({ fixed, draw, dtype }: Row["inputs"][number]) =>
    !fixed && draw !== "integer" && (dtype ?? "float32") === "float32";
  return [
    ...tensors
      .map((tensor, i) => ({ what: `input ${i + 1}`, tensor, value: inputs[i] }))
      .filter((_, i) => smooth(row.inputs[i])),
    ...layer.weights
      .map((weight, i) => ({ what: weight.name, tensor: weight.read(), value: weights[i] }))
      .filter((_, i) => layer.trainableWeights.includes(layer.weights[i])),
  ];
}

/** Results of the reference, with gradients by central differences: the same for every backend. */
const oracles = new WeakMap<Row, { expected: NdArray[]; gradients: NdArray[] }>();

/** Gradients of J, the sum of the outputs, each entry times a factor, by central differences. */
function oracleOf(
  row: Row,
  variables: Variable[],
  expected: NdArray[],
  factors: NdArray[],
  forward: () => NdArray[],
): NdArray[] {
  const known = oracles.get(row);
  // A row that looks at what was drawn may expect something else on another backend.
  if (known?.expected.every(({ data }, i) => `${data}` === `${expected[i].data}`)) {
    return known.gradients;
  }
  const j = () =>
    forward().reduce(
      (total, { data }, i) => data.reduce((s, y, k) => s + y * factors[i].data[k], total),
      0,
    );
  const gradients = variables.map(({ value }) => centralDifference(j, value));
  oracles.set(row, { expected, gradients });
  return gradients;
}

/** Gradients of the same J, by TensorFlow.js. */
function gradients(
  tf: TensorFlow,
  { call }: Prepared,
  variables: Variable[],
  factors: NdArray[],
): (NdArray | null)[] {
  const j = () =>
    tf.addN(
      call().map((y, i) =>
        tf.sum(tf.mul(y, tf.tensor(Array.from(factors[i].data), [...factors[i].shape])))
      ),
    );
  const xs = variables.map(({ tensor }) => tensor);
  return tf.engine().gradients(j, xs, undefined, true).grads
    .map((gradient) => gradient ? read(gradient) : null);
}

/** Like `tf.tidy`, for results that hold no tensors. */
function inScope<T>(tf: TensorFlow, f: () => T): T {
  tf.engine().startScope();
  try {
    return f();
  } finally {
    tf.engine().endScope();
  }
}
