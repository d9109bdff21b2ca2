import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { centralDifference } from "./central_difference.ts";
import { drawInput, drawWeight } from "./draw.ts";
import { map, type NdArray, ndArray, randomNormal, randomStream } from "./reference/mod.ts";
import { relativeError } from "./relative_error.ts";
import type { Row, RowLayer } from "./row.ts";

/** How a row came out on one backend. */
export interface Outcome {
  status: "ok" | "wrong" | "no gradient" | "error";
  /** Largest error relative to the largest entry, over the outputs and all gradients. */
  worst: number;
  /** Where the largest error is, or what was thrown. */
  detail: string;
  /** How many tensors the gradient left behind. */
  leaked: number;
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

/** What the reference gives, with the gradients by central differences: the same on every backend. */
const oracles = new WeakMap<Row, { expected: NdArray[]; gradients: NdArray[] }>();

/** Runs a row on the active backend and holds the result against the float64 reference. */
export function runRow(tf: TensorFlow, row: Row): Outcome {
  const name = `${row.subject} ${row.options}`;
  const next = randomStream(name);
  const tolerance = row.tolerance ?? 5e-5;
  const outcome: Outcome = { status: "ok", worst: 0, detail: "", leaked: 0 };
  const note = (error: number, what: string) => {
    if (!(error <= outcome.worst)) [outcome.worst, outcome.detail] = [error, what];
    if (!(error <= tolerance)) outcome.status = "wrong";
  };

  const inputs = row.inputs.map((input) => drawInput(input, next));
  const tensors = inputs.map(({ data, shape }, i): Tensor => {
    const { dtype, draw } = row.inputs[i];
    const type = dtype ?? (draw === "integer" ? "int32" : "float32");
    return tf.tensor(Array.from(data), [...shape], type);
  });
  const kept = [...tensors];
  const call = (): Tensor[] => {
    // Layers that draw noise draw the same each time.
    const original = Math.random;
    Math.random = randomStream(name);
    try {
      return toArray(
        row.call
          ? row.call(tf, layer, tensors)
          : layer.apply(tensors.length === 1 ? tensors[0] : tensors),
      );
    } finally {
      Math.random = original;
    }
  };
  let layer = null as unknown as RowLayer;

  try {
    let weights: NdArray[], observed: NdArray[];
    try {
      if (row.create) layer = row.create(tf);
      inScope(tf, call); // builds the layer
      weights = (layer?.weights ?? []).map((weight) => {
        const value = drawWeight(weight.name, weight.shape, next);
        inScope(tf, () => weight.write(tf.tensor(Array.from(value.data), weight.shape)));
        kept.push(weight.read());
        return value;
      });
      observed = inScope(tf, () => call().map(read));
    } catch (error) {
      return { ...outcome, status: "error", worst: NaN, detail: message(error) };
    }

    const drawn = inputs.map((input) => map(input, (x) => x));
    const forward = () => toArray(row.reference(inputs, weights, observed, drawn));
    const expected = forward();
    compareShapes();
    if (outcome.worst === Infinity) return outcome;
    expected.forEach(({ data }, i) => note(relativeError(observed[i].data, data), "forward"));
    const variables = variablesOf();
    if (row.discrete || variables.length === 0) return outcome;

    // J: the sum of the outputs, each entry times a fixed random number.
    const factors = expected.map(({ shape }) => randomNormal(shape, next));
    const known = oracles.get(row);
    // A row that looks at what was drawn may expect something else here.
    const same = known?.expected.every(({ data }, i) => `${data}` === `${expected[i].data}`);
    const j = () =>
      forward().reduce(
        (total, { data }, i) => data.reduce((s, y, k) => s + y * factors[i].data[k], total),
        0,
      );
    const oracle = same
      ? known!.gradients
      : variables.map(({ value }) => centralDifference(j, value));
    oracles.set(row, { expected, gradients: oracle });
    const before = tf.memory().numTensors;
    let found: (NdArray | null)[];
    try {
      found = inScope(tf, () => {
        const j = () =>
          tf.addN(
            call().map((y, i) =>
              tf.sum(tf.mul(y, tf.tensor(Array.from(factors[i].data), [...factors[i].shape])))
            ),
          );
        const xs = variables.map(({ tensor }) => tensor);
        return tf.engine().gradients(j, xs, undefined, true).grads
          .map((gradient) => gradient ? read(gradient) : null);
      });
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

    function compareShapes() {
      const shapes = (arrays: NdArray[]) => arrays.map(({ shape }) => `[${shape}]`).join(" ");
      if (shapes(observed) !== shapes(expected)) {
        note(Infinity, `output shape ${shapes(observed)}, expected ${shapes(expected)}`);
      }
      if (!layer?.computeOutputShape || tensors.length !== 1) return;
      const promised = layer.computeOutputShape([...tensors[0].shape]);
      const first = Array.isArray(promised[0]) ? promised[0] : promised;
      // A dimension that only the call decides is promised as null.
      const known = expected[0].shape.map((size, axis) => first[axis] === null ? null : size);
      if (`${first}` !== `${known}`) {
        note(Infinity, `computeOutputShape [${first}], expected [${expected[0].shape}]`);
      }
    }

    function variablesOf(): Variable[] {
      const trainable = layer?.trainableWeights ?? [];
      const smooth = ({ fixed, draw, dtype }: Row["inputs"][number]) =>
        !fixed && draw !== "integer" && (dtype ?? "float32") === "float32";
      return [
        ...tensors
          .map((tensor, i) => ({ what: `input ${i + 1}`, tensor, value: inputs[i] }))
          .filter((_, i) => smooth(row.inputs[i])),
        ...(layer?.weights ?? [])
          .map((weight, i) => ({ what: weight.name, tensor: weight.read(), value: weights[i] }))
          .filter((_, i) => trainable.includes(layer.weights[i])),
      ];
    }
  } finally {
    tf.dispose(kept);
  }
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
