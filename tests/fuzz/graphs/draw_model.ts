import type { Chance } from "../chance.ts";
import {
  isModelPlan,
  type LayerPlan,
  type ModelPlan,
  neededSteps,
  type Sizes,
} from "./layer_plan.ts";
import * as plain from "./plain_layers.ts";
import * as sequence from "./sequence_layers.ts";
import * as window from "./window_layers.ts";

type Draw = (chance: Chance, name: string, inputs: Sizes[]) => LayerPlan;

const ANYWHERE: Draw[] = [
  plain.dense,
  plain.dense,
  plain.activation,
  plain.dropout,
  plain.batchNormalization,
  plain.split,
  plain.merge,
  plain.merge,
];

/** Layers for each rank. */
const KINDS: Record<number, Draw[]> = {
  1: [...ANYWHERE, plain.dense],
  2: [
    ...ANYWHERE,
    sequence.recurrent,
    sequence.recurrent,
    sequence.recurrent,
    sequence.timeDistributed,
    sequence.globalAveragePooling1d,
    plain.flatten,
  ],
  3: [
    ...ANYWHERE,
    window.conv2d,
    window.conv2d,
    window.pool2d,
    window.globalAveragePooling2d,
    plain.flatten,
  ],
};

/** An input of the whole model, and how many rows an embedding has to have for its indices. */
export interface InputPlan {
  sizes: Sizes;
  rows: number | null;
}

interface Known {
  tensor: number;
  sizes: Sizes;
  rows: number | null;
}

const same = (a: Sizes, b: Sizes) => a.join() === b.join();

/** Draws inputs: vectors, sequences, images, indices. */
export function drawInputs(chance: Chance): InputPlan[] {
  const size = (low: number, high: number) => chance.integer(low, high);
  return chance.list(1, 2, () => {
    switch (chance.integer(0, 5)) {
      case 0:
        return { sizes: [size(2, 3), size(1, 3)], rows: null };
      case 1:
        return { sizes: [size(2, 4), size(2, 4), size(1, 2)], rows: null };
      case 2:
        return { sizes: [size(2, 3)], rows: size(2, 5) };
      default:
        return { sizes: [size(1, 4)], rows: null };
    }
  });
}

/** Draws a model, in which others may be nested `depth` deep. */
export function drawModel(
  chance: Chance,
  nextName: (kind: string) => string,
  inputs: InputPlan[],
  depth: number,
): ModelPlan {
  const known: Known[] = inputs.map((input, tensor) => ({ tensor, ...input }));
  const steps: ModelPlan["steps"] = [];
  const add = (plan: LayerPlan | ModelPlan, from: Known[]) => {
    // Where a layer takes a tensor twice, TensorFlow.js disposes of it before its other readers came:
    // "Tensor is disposed", in `predict` as well.
    if (new Set(from).size < from.length) return;
    const to = plan.outputs.map((sizes) => {
      const tensor = known.length;
      known.push({ tensor, sizes, rows: null });
      return tensor;
    });
    steps.push({ plan, from: from.map(({ tensor }) => tensor), to });
  };
  const like = (sizes: Sizes) => known.filter((one) => one.rows === null && same(one.sizes, sizes));
  const count = depth === 2 ? 7 : 4;
  while (steps.length === 0 || chance.happens(1 - 1 / count)) {
    const shared = steps.length > 0 && chance.happens(0.25) ? chance.one(steps) : null;
    if (shared !== null) {
      // An embedding takes indices, which no layer makes.
      const from = shared.from.map((tensor, i) =>
        known[tensor].rows !== null ? known[tensor] : chance.one(like(shared.plan.inputs[i]))
      );
      add(shared.plan, from);
      continue;
    }
    const first = chance.happens(0.6) ? known[known.length - 1] : chance.one(known);
    if (first.rows !== null) {
      add(plain.embedding(chance, nextName("embedding"), [first.sizes], first.rows), [first]);
    } else if (depth > 0 && chance.happens(0.2)) {
      const others = known.filter(({ rows }) => rows === null);
      const given = [first, ...chance.happens(0.3) ? [chance.one(others)] : []];
      const taken = given.map(({ sizes }) => ({ sizes, rows: null }));
      add(drawModel(chance, nextName, taken, depth - 1), given);
    } else {
      const draw = chance.one(KINDS[first.sizes.length]);
      const from = [first];
      if (draw === plain.merge) {
        from.push(...chance.list(1, 2, () => chance.one(like(first.sizes))));
      }
      if (draw === sequence.recurrent && chance.happens(0.3)) {
        const vectors = known.filter(({ sizes, rows }) => rows === null && sizes.length === 1);
        if (vectors.length > 0) {
          const { sizes: [units] } = chance.one(vectors);
          const kind = chance.one(["simpleRNN", "gru", "lstm"]);
          const states = Array.from(
            { length: kind === "lstm" ? 2 : 1 },
            () => chance.one(like([units])),
          );
          from.push(...states);
          const sizes = from.map((one) => one.sizes);
          add(sequence.recurrent(chance, nextName("recurrent"), sizes, { units, kind }), from);
          continue;
        }
      }
      add(draw(chance, nextName(draw.name), from.map(({ sizes }) => sizes)), from);
    }
  }
  const made = steps.flatMap(({ to }) => to);
  const results = new Set(chance.list(1, 3, () => chance.one(made)));
  results.add(chance.one(made.slice(-2)));
  const passed = known.filter(({ tensor, rows }) => tensor < inputs.length && rows === null);
  if (passed.length > 0 && chance.happens(0.05)) results.add(chance.one(passed).tensor);
  return withoutUnused({
    name: nextName("model"),
    inputs: inputs.map(({ sizes }) => sizes),
    trainable: chance.happens(0.9),
    steps,
    results: [...results],
    outputs: [...results].map((tensor) => known[tensor].sizes),
  });
}

/** TensorFlow.js refuses a model with an input that nothing reads: it is made an output, too. */
function withoutUnused(plan: ModelPlan): ModelPlan {
  const read = new Set([...plan.results, ...neededSteps(plan).flatMap(({ from }) => from)]);
  const unused = plan.inputs.map((_, tensor) => tensor).filter((tensor) => !read.has(tensor));
  return {
    ...plan,
    results: [...plan.results, ...unused],
    outputs: [...plan.outputs, ...unused.map((tensor) => plan.inputs[tensor])],
  };
}

/** Every layer that computes something, with its path and whether all models around it are trained. */
export function* leafPlans(
  plan: ModelPlan,
  prefix = "",
  trainable = plan.trainable,
): Generator<{ path: string; layer: LayerPlan; trainable: boolean }> {
  for (const one of new Set(neededSteps(plan).map((step) => step.plan))) {
    const path = prefix + one.name;
    if (isModelPlan(one)) yield* leafPlans(one, `${path}/`, trainable && one.trainable);
    else yield { path, layer: one, trainable: trainable && one.trainable };
  }
}
