import type { Layer, Tensor, TensorFlow } from "../../../src/engine/mod.ts";
import type { Chance } from "../chance.ts";
import { activateRow, ACTIVATIONS } from "./activate_scalars.ts";
import type { Evaluation, LayerPlan, Sizes, WeightPlan } from "./layer_plan.ts";
import { pick, rowsOf, type Scalar, type Scalars, scalars } from "./scalar_tape.ts";

/** A weight with numbers of a given spread around a mean. */
export function weight(
  chance: Chance,
  name: string,
  shape: number[],
  { mean = 0, spread = 1, trainable = true } = {},
): WeightPlan {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => mean + spread * chance.normal(),
  );
  return { name, shape, values, trainable };
}

/** Notes one call with its z and a, as they are. */
export function note(evaluation: Evaluation, z: readonly Scalar[] | null, a: readonly Scalar[]) {
  const row = evaluation.row("");
  row.calls++;
  row.a.push(...a);
  if (z !== null) row.z.push(...z);
}

const last = (sizes: Sizes) => sizes[sizes.length - 1];

/** z and a of a layer that applies an activation along the last axis. */
export function activated(evaluation: Evaluation, z: Scalars, activation: string): Scalars {
  // Nothing stands between z and a of a linear layer: they are one tensor.
  const at = activation === "linear"
    ? [...z.at]
    : rowsOf(z).flatMap((row) => activateRow(evaluation.tape, row, activation));
  note(evaluation, z.at, at);
  return { shape: z.shape, at };
}

/** The same scalars as a tensor of its own. */
export const copied = ({ tape }: Evaluation, x: Scalars, shape = x.shape): Scalars => ({
  shape,
  at: x.at.map((scalar) => tape.copy(scalar)),
});

/** A layer without weights and without z. */
function plain(
  name: string,
  inputs: Sizes[],
  outputs: Sizes[],
  make: (tf: TensorFlow) => Layer,
  compute: (evaluation: Evaluation, inputs: Scalars[]) => Scalars[],
): LayerPlan {
  return {
    name,
    inputs,
    outputs,
    weights: [],
    trainable: true,
    make,
    evaluate(evaluation, given) {
      const results = compute(evaluation, given);
      note(evaluation, null, results[0].at);
      return results;
    },
  };
}

export function dense(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const units = chance.integer(1, 4), activation = chance.one(ACTIVATIONS);
  const useBias = chance.happens(0.8);
  const weights = [weight(chance, "kernel", [last(sizes), units], { spread: 0.7 })];
  if (useBias) weights.push(weight(chance, "bias", [units], { spread: 0.3 }));
  return {
    name,
    inputs: [sizes],
    outputs: [[...sizes.slice(0, -1), units]],
    weights,
    trainable: chance.happens(0.85),
    make: (tf) => tf.layers.dense({ name, units, activation: activation as "tanh", useBias }),
    evaluate(evaluation, [x]) {
      const [kernel, bias] = evaluation.weights;
      const rows = rowsOf(x);
      const z = scalars([...x.shape.slice(0, -1), units], (index, flat) => {
        const row = rows[Math.floor(flat / units)], unit = index[index.length - 1];
        const column = row.map((_, i) => pick(kernel, i, unit));
        return evaluation.tape.dot(row, column, useBias ? [bias.at[unit]] : []);
      });
      return [activated(evaluation, z, activation)];
    },
  };
}

export function activation(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const kind = chance.one(["activation", "reLU", "leakyReLU", "softmax", "elu"]);
  const applied = {
    activation: chance.one(ACTIVATIONS),
    reLU: "relu",
    leakyReLU: "leakyRelu(0.1)",
    softmax: "softmax",
    elu: "elu",
  }[kind]!;
  // Left out, the axis of a softmax layer is 1.
  const more = { leakyReLU: { alpha: 0.1 }, softmax: { axis: -1 } }[kind];
  return {
    name,
    inputs: [sizes],
    outputs: [sizes],
    weights: [],
    trainable: true,
    make: (tf) =>
      kind === "activation"
        ? tf.layers.activation({ name, activation: applied as "tanh" })
        : tf.layers[kind as "reLU"]({ name, ...more }),
    evaluate: (evaluation, [x]) => [activated(evaluation, copied(evaluation, x), applied)],
  };
}

export function dropout(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const rate = chance.uniform();
  return plain(
    name,
    [sizes],
    [sizes],
    (tf) => tf.layers.dropout({ name, rate }),
    (evaluation, [x]) => [copied(evaluation, x)],
  );
}

export function flatten(_: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const size = sizes.reduce((a, b) => a * b, 1);
  return plain(
    name,
    [sizes],
    [[size]],
    (tf) => tf.layers.flatten({ name }),
    (evaluation, [x]) => [copied(evaluation, x, [x.shape[0], size])],
  );
}

export function merge(chance: Chance, name: string, inputs: Sizes[]): LayerPlan {
  const kind = chance.one(["add", "multiply", "average", "maximum", "concatenate"] as const);
  const width = inputs.reduce((sum, sizes) => sum + last(sizes), 0);
  const output = kind === "concatenate" ? [...inputs[0].slice(0, -1), width] : inputs[0];
  return plain(name, inputs, [output], (tf) => tf.layers[kind]({ name }), ({ tape }, xs) => {
    if (kind === "concatenate") {
      const rows = xs.map(rowsOf);
      const at = rows[0].flatMap((_, i) => rows.flatMap((one) => one[i]));
      return [{ shape: [xs[0].shape[0], ...output], at: at.map((x) => tape.copy(x)) }];
    }
    const join = {
      add: (all: Scalar[]) => tape.add(...all),
      multiply: (all: Scalar[]) => all.reduce((product, x) => tape.mul(product, x)),
      average: (all: Scalar[]) => tape.scale(tape.add(...all), 1 / all.length),
      maximum: (all: Scalar[]) => tape.max(all),
    }[kind];
    return [scalars(xs[0].shape, (_, flat) => join(xs.map(({ at }) => at[flat])))];
  });
}

/** A custom layer with two outputs, of which the first is measured. */
export function split(_: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const make = (tf: TensorFlow) => {
    class Split extends tf.layers.Layer {
      static readonly className = "Split";
      override computeOutputShape(shape: never) {
        return [shape, shape] as never;
      }
      override call(inputs: Tensor | Tensor[]): Tensor[] {
        const x = [inputs].flat()[0];
        return [x.mul(2), x.square()];
      }
    }
    return new Split({ name }) as unknown as Layer;
  };
  return plain(name, [sizes], [sizes, sizes], make, ({ tape }, [x]) => [
    scalars(x.shape, (_, flat) => tape.scale(x.at[flat], 2)),
    scalars(x.shape, (_, flat) => tape.mul(x.at[flat], x.at[flat])),
  ]);
}

const EPSILON = 1e-3;

export function batchNormalization(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const width = last(sizes), isUnmoved = chance.happens(0.5);
  const still = { trainable: false, spread: 0 };
  const moving = isUnmoved
    ? [
      weight(chance, "moving_mean", [width], still),
      weight(chance, "moving_variance", [width], { ...still, mean: 1 }),
    ]
    : [
      weight(chance, "moving_mean", [width], { ...still, spread: 0.5 }),
      weight(chance, "moving_variance", [width], { ...still, mean: 0.5 + chance.uniform() }),
    ];
  return {
    name,
    inputs: [sizes],
    outputs: [sizes],
    trainable: chance.happens(0.85),
    weights: [
      weight(chance, "gamma", [width], { mean: 1, spread: 0.2 }),
      weight(chance, "beta", [width], { spread: 0.2 }),
      ...moving,
    ],
    make: (tf) => tf.layers.batchNormalization({ name }),
    evaluate(evaluation, [x]) {
      const { tape, weights: [gamma, beta, mean, variance] } = evaluation;
      const rows = rowsOf(x);
      const isOnBatch = evaluation.onBatch(isUnmoved);
      const channels = Array.from({ length: width }, (_, channel) => {
        const column = rows.map((row) => row[channel]);
        const average = (xs: Scalar[]) => tape.scale(tape.add(...xs), 1 / xs.length);
        const center = isOnBatch ? average(column) : mean.at[channel];
        const minus = tape.scale(center, -1);
        const away = column.map((one) => tape.add(one, minus));
        const spread = isOnBatch ? average(away.map((d) => tape.mul(d, d))) : variance.at[channel];
        const factor = tape.apply(
          spread,
          (v) => 1 / Math.sqrt(v + EPSILON),
          (v, y) => -y / (2 * (v + EPSILON)),
        );
        const gain = tape.mul(gamma.at[channel], factor);
        return away.map((d) => tape.add(tape.mul(d, gain), beta.at[channel]));
      });
      const y = scalars(x.shape, (_, flat) => channels[flat % width][Math.floor(flat / width)]);
      note(evaluation, y.at, y.at);
      return [y];
    },
  };
}

export function embedding(chance: Chance, name: string, [sizes]: Sizes[], rows: number): LayerPlan {
  const width = chance.integer(1, 3);
  return {
    name,
    inputs: [sizes],
    outputs: [[...sizes, width]],
    trainable: chance.happens(0.85),
    weights: [weight(chance, "embeddings", [rows, width], { spread: 0.5 })],
    make: (tf) => tf.layers.embedding({ name, inputDim: rows, outputDim: width }),
    evaluate(evaluation, [indices]) {
      const { tape, weights: [table] } = evaluation;
      const y = scalars([...indices.shape, width], (index, flat) => {
        const row = Math.trunc(tape.values[indices.at[Math.floor(flat / width)]]);
        evaluation.reads(row);
        return tape.copy(pick(table, row, index[index.length - 1]));
      });
      note(evaluation, y.at, y.at);
      return [y];
    },
  };
}
