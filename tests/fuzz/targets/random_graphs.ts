import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import {
  measure,
  MeasureError,
  type Measurements,
  type MeasureOptions,
  type TensorStatistics,
} from "../../../src/entry/measure.ts";
import type { Chance } from "../chance.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { buildModel } from "../graphs/build_model.ts";
import { compareFigure } from "../graphs/compare_figures.ts";
import { drawInputs, drawModel, leafPlans } from "../graphs/draw_model.ts";
import { evaluateModel, type Notes } from "../graphs/evaluate_model.ts";
import type { ModelPlan } from "../graphs/layer_plan.ts";
import { type Scalar, type Scalars, scalars, ScalarTape } from "../graphs/scalar_tape.ts";

/** Beyond it float32 has no digits left to compare. */
const LARGEST_VALUE = 1e4;

interface Subject {
  plan: ModelPlan;
  inputs: Tensor[];
  targets: Tensor[];
  options: MeasureOptions;
  /** Outputs that the objective reads. */
  read: number[];
}

function toScalars(tape: ScalarTape, tensor: Tensor): Scalars {
  const values = tensor.dataSync();
  return scalars(tensor.shape, (_, flat) => tape.make(values[flat]));
}

/** J, as `options.objective` says. */
function objective(
  tape: ScalarTape,
  outputs: Scalars[],
  { options, read, targets }: Subject,
): Scalar {
  if (options.objective === "sum") return tape.add(...outputs.flatMap(({ at }) => at));
  if (options.objective === "meanSquaredError") {
    return tape.add(...outputs.map(({ at }, i) => {
      const wanted = targets[i].dataSync();
      const errors = at.map((x, flat) => tape.add(x, tape.make(-wanted[flat])));
      return tape.scale(tape.add(...errors.map((x) => tape.mul(x, x))), 1 / at.length);
    }));
  }
  return tape.add(...read.flatMap((i) => outputs[i].at.map((x) => tape.mul(x, x))));
}

/** The reference, on a tape that rounds as it is told. */
function evaluate(subject: Subject, round?: (x: number) => number) {
  const { plan, inputs, options } = subject;
  const tape = new ScalarTape(round);
  const [examples] = inputs[0].shape;
  const mode = options.batchNormalization;
  const notes: Notes = { rows: new Map(), weights: new Map(), read: new Map() };
  const outputs = evaluateModel(tape, plan, inputs.map((input) => toScalars(tape, input)), {
    notes,
    onBatch: (isUnmoved) => mode === "training" || mode === undefined && isUnmoved && examples > 1,
  });
  const value = objective(tape, outputs, subject);
  return { tape, notes, value, ...tape.derivatives(value) };
}

/** Returns true if two computations of some scalars differ so much that float32 decides nothing. */
function differ(
  exact: ArrayLike<number>,
  rounded: ArrayLike<number>,
  at: readonly Scalar[],
  largest: number,
) {
  const meanSquare = (of: (x: Scalar) => number) =>
    at.reduce((sum, x) => sum + (of(x) || 0) ** 2, 0) / at.length;
  const off = Math.sqrt(meanSquare((x) => exact[x] - rounded[x]));
  return off > 1e-4 * Math.sqrt(meanSquare((x) => exact[x])) + 2e-6 * largest;
}

/**
 * Compares every figure with the reference, unless a value is too near to a kink or too large, or
 * the graph amplifies rounding so much (one batch normalisation of constants after another) that
 * the reference itself changes in float32.
 */
function compare(measurements: Measurements, subject: Subject): void {
  const { plan } = subject;
  const { tape, notes, value, slopes, isSurelyZero } = evaluate(subject);
  const rows = [...notes.rows];
  const gradientsOf = (at: readonly Scalar[]) =>
    at.length === 0 || at.every((x) => Number.isNaN(slopes[x]))
      ? null
      : at.map((x) => Number.isNaN(slopes[x]) ? 0 : slopes[x]);
  const compareGradient = (
    name: string,
    actual: TensorStatistics | null,
    at: readonly Scalar[] | null,
  ) => {
    const expected = at === null ? null : gradientsOf(at);
    compareFigure(name, actual, expected, backward, (entry) => isSurelyZero(at![entry]));
  };
  const valuesOf = (at: readonly Scalar[]) =>
    at.length === 0 ? null : at.map((x) => tape.values[x]);
  const largestOf = (list: (number[] | null)[]) =>
    list.flat().reduce<number>((most, x) => Math.max(most, Math.abs(x ?? 0)), 0);
  const weights = [...notes.weights.values()].flat();
  const forward = largestOf(rows.flatMap(([, { z, a }]) => [valuesOf(z), valuesOf(a)]));
  const backward = largestOf([
    ...rows.flatMap(([, { z, a }]) => [gradientsOf(z), gradientsOf(a)]),
    ...weights.map(({ at }) => gradientsOf(at)),
  ]);
  if (tape.nearKink || !(Math.max(forward, backward) < LARGEST_VALUE)) return;
  const rounded = evaluate(subject, Math.fround);
  const isUncertain = [...rows.flatMap(([, { z, a }]) => [z, a]), ...weights.map(({ at }) => at)]
    .some((at) =>
      differ(tape.values, rounded.tape.values, at, forward) ||
      differ(slopes, rounded.slopes, at, backward)
    );
  if (isUncertain) return;

  const found = new Map(measurements.layers.map((layer) => [layer.name, layer]));
  const names = (list: Iterable<string>) => [...list].sort().join(" ");
  if (names(found.keys()) !== names(notes.rows.keys())) {
    throw new Error(`rows ${names(found.keys())}, expected ${names(notes.rows.keys())}`);
  }
  const { value: actual } = measurements.objective;
  const near = Math.abs(actual - tape.values[value]) <= 1e-4 * (Math.abs(actual) + forward);
  if (!near) throw new Error(`J is ${actual}, expected ${tape.values[value]}`);
  for (const [name, { calls, z, a }] of rows) {
    const layer = found.get(name)!;
    if (layer.calls !== calls) throw new Error(`${name}: ${layer.calls} calls, expected ${calls}`);
    compareFigure(`z of ${name}`, layer.preActivations, valuesOf(z), forward);
    compareFigure(`a of ${name}`, layer.activations, valuesOf(a), forward);
    compareGradient(`dJ/da of ${name}`, layer.activationGradients, a);
    compareGradient(`delta of ${name}`, layer.preActivationGradients, z);
  }
  for (const { path, layer, trainable } of leafPlans(plan)) {
    const measured = found.get(path + (layer.inner ?? ""))!.weights;
    layer.weights.forEach((weight, i) => {
      const name = `${path}${layer.inner ?? ""}/${weight.name}`;
      const { at, shape } = notes.weights.get(layer)![i];
      const one = measured.find((other) => other.name === name);
      compareFigure(name, one?.values, [...weight.values], forward);
      const scalars = trainable && weight.trainable ? at : null;
      compareGradient(`dJ/d ${name}`, one!.gradients, scalars);
      if (weight.name !== "embeddings") return;
      const isRead = (entry: number) => notes.read.get(layer)!.has(Math.floor(entry / shape[1]));
      const used = scalars !== null && gradientsOf(at) !== null
        ? at.filter((_, entry) => isRead(entry))
        : null;
      compareGradient(`used rows of ${name}`, one!.gradientsOfUsedRows, used);
    });
  }
}

/** Draws a model, a batch, and how to measure. */
function draw(
  chance: Chance,
  tensor: (values: number[], shape: number[], isInteger: boolean) => Tensor,
) {
  let named = 0;
  const given = drawInputs(chance);
  const plan = drawModel(chance, (kind) => `${kind}_${++named}_`, given, 2);
  const examples = chance.integer(1, 4);
  const numbers = (shape: readonly number[], make: () => number) =>
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, make);
  const inputs = given.map(({ sizes, rows }) => {
    const shape = [examples, ...sizes];
    if (rows === null) return tensor(numbers(shape, () => chance.normal()), shape, false);
    const isInteger = chance.happens(0.5);
    // TensorFlow.js cuts a fraction off.
    const index = () => chance.integer(0, rows - 1) + (isInteger ? 0 : 0.9 * chance.uniform());
    return tensor(numbers(shape, index), shape, isInteger);
  });
  const shapes = plan.outputs.map((sizes) => [examples, ...sizes]);
  const targets = shapes.map((shape) =>
    tensor(numbers(shape, () => chance.normal()), shape, false)
  );
  const read = shapes.map((_, i) => i).filter(() => chance.happens(0.7));
  const chosen = read.length > 0 ? read : [0];
  const squares = (outputs: Tensor[]) =>
    chosen.map((i) => outputs[i].cast("float32").square().sum() as Tensor).reduce((sum, x) =>
      sum.add(x)
    );
  const options: MeasureOptions = {
    objective: chance.one(["sum", "meanSquaredError", squares] as const),
    batchNormalization: chance.one([undefined, undefined, "training", "inference"] as const),
  };
  return { plan, inputs, targets, options, read: chosen };
}

/** Whatever a model looks like, `measure` gives what a float64 reference computes from its graph. */
export const target: FuzzTarget = {
  name: "random_graphs",
  about: "every figure of measure() is that of a float64 reference, for models of any graph",
  shortRun: 40,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const runs = (model: LayersModel, inputs: Tensor[]) => {
      try {
        tf.tidy(() => void model.apply(inputs.length === 1 ? inputs[0] : inputs));
        return true;
      } catch {
        return false;
      }
    };
    return {
      async tryOne(chance) {
        const tensors: Tensor[] = [];
        const subject = draw(chance, (values, shape, isInteger) => {
          const tensor = tf.tensor(values, shape, isInteger ? "int32" : "float32");
          tensors.push(tensor);
          return tensor;
        });
        const model = buildModel(
          tf,
          subject.plan,
          subject.inputs.map(({ dtype }) => dtype === "int32"),
        );
        const { inputs, targets, options } = subject;
        try {
          const held = tf.memory().numTensors;
          const first = await measure(model, { inputs, targets }, options);
          if (tf.memory().numTensors !== held) throw new Error("measure() leaves tensors behind");
          compare(first, subject);
          const second = await measure(model, { inputs, targets }, options);
          if (JSON.stringify(second) !== JSON.stringify(first)) {
            throw new Error("a second measure() gives other figures");
          }
        } catch (error) {
          // TensorFlow.js hands an initial state on to every later recurrent layer, and then refuses it.
          if (!(error instanceof MeasureError) || runs(model, inputs)) throw error;
        } finally {
          tf.dispose(tensors);
          // Disposing of a model that is nested at two places leaves its weights behind.
          tf.disposeVariables();
        }
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  },
};
