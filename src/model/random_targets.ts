import { showValue } from "../words/show_value.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { ACTIVATION_RANGES } from "../theory/activation_ranges.ts";
import { SeededRandom } from "./seeded_random.ts";
import { batchShapes, type BatchSize } from "./shapes.ts";
import { requireModel } from "./require_model.ts";
import { object, requireValue, text } from "../words/requirements.ts";

/** Options of {@linkcode randomTargets}. */
export interface RandomTargetsOptions extends BatchSize {
  /** Seed of the targets. Default: 0. */
  seed?: number;
}

/** Draws one target of a loss, of `classes` entries, into `target`. */
type Draw = (random: SeededRandom, target: Float32Array, classes: number) => void;

const each = (draw: (random: SeededRandom) => number): Draw => (random, target) => {
  for (let i = 0; i < target.length; i++) target[i] = draw(random);
};

const oneHot: Draw = (random, target, classes) => {
  for (let i = 0; i < target.length; i += classes) target[i + random.integer(classes)] = 1;
};

const sign = each((random) => random.integer(2) * 2 - 1);

/** Numbers that a head can put out: other targets would be the fault of whoever drew them. */
function withinReach(head: string): Draw {
  const [low, high] = Object.hasOwn(ACTIVATION_RANGES, head)
    ? ACTIVATION_RANGES[head]
    : [-Infinity, Infinity];
  return each((random) => {
    const x = random.normal();
    if (high === 1) return low === 0 ? 1 / (1 + Math.exp(-x)) : Math.tanh(x);
    return low === 0 ? Math.min(Math.abs(x), high) : x;
  });
}

/** What the losses take that do not take any number. */
const DRAWS: Record<string, Draw> = {
  binaryCrossentropy: each((random) => random.integer(2)),
  categoricalCrossentropy: oneHot,
  categoricalHinge: oneHot,
  hinge: sign,
  kullbackLeiblerDivergence: oneHot,
  meanSquaredLogarithmicError: each((random) => Math.abs(random.normal())),
  poisson: each((random) => random.integer(4)),
  squaredHinge: sign,
};

/** Layers that hand on the entries they get, in another shape or order. */
const PASSING = new Set(["Dropout", "Flatten", "Permute", "RepeatVector", "Reshape"]);

type SymbolicTensor = LayersModel["outputs"][number];

/** What an output ends in: its activation, as that is called, or its layer where that has none. */
function headOf({ sourceLayer, nodeIndex, tensorIndex }: SymbolicTensor): string {
  const { activation, outputs } = sourceLayer as unknown as {
    activation?: { getClassName?(): string };
    outputs?: SymbolicTensor[];
  };
  const className = sourceLayer.getClassName();
  if (Array.isArray(outputs)) return headOf(outputs[tensorIndex]);
  if (PASSING.has(className)) {
    return headOf(sourceLayer.inboundNodes[nodeIndex].inputTensors[0]);
  }
  return activation?.getClassName?.() ?? (className === "ReLU" ? "relu" : className);
}

/** Shapes of the outputs with every axis filled in. */
function outputShapes(model: LayersModel, inputs: number[][]): number[][] {
  const fill = (shape: (number | null)[]) => [inputs[0][0], ...shape.slice(1)];
  let shapes = model.outputs.map((output) => fill(output.shape));
  if (shapes.flat().includes(null)) {
    const computed = model.computeOutputShape(inputs.length === 1 ? inputs[0] : inputs);
    shapes = (Array.isArray(computed[0]) ? computed : [computed]).map((shape) =>
      fill(shape as number[])
    );
  }
  const open = shapes.findIndex((shape) => shape.includes(null));
  if (open !== -1) {
    throw new RangeError(
      `no targets can be drawn for output ${
        showValue(model.outputs[open].sourceLayer.name)
      }: its shape ` +
        `[${shapes[open].map((length) => length ?? "any").join(", ")}] is open, so give a batch`,
    );
  }
  return shapes as number[][];
}

/**
 * Random targets that suit a loss: one-hot for `categoricalCrossentropy`, `categoricalHinge` and
 * `kullbackLeiblerDivergence`, class numbers for `sparseCategoricalCrossentropy` (last axis 1), 0 or 1
 * for `binaryCrossentropy`, -1 or 1 for the hinges, counts from 0 to 3 for `poisson`, no negative
 * number for `meanSquaredLogarithmicError`, standard normal for any other, but within the reach of a
 * head of relu, relu6, softplus, sigmoid, hardSigmoid, tanh or softsign.
 *
 * @param model A built model.
 * @param objective Name of the loss.
 * @param options Size and seed: those of the batch.
 * @returns One tensor for a model of one output, else one an output; the caller's to dispose.
 * @throws {EngineError} If no engine runs.
 * @throws {RangeError} If a size does not suit the model, or the shape of an output cannot be told.
 *
 * @example Class numbers
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { randomTargets } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 10, activation: "softmax", inputShape: [4] })],
 * });
 * const targets = [randomTargets(model, "sparseCategoricalCrossentropy")].flat();
 * assertEquals(targets[0].shape, [32, 1]);
 * tf.dispose(targets);
 * model.dispose();
 * ```
 */
export function randomTargets(
  model: LayersModel,
  objective: string,
  options: RandomTargetsOptions = {},
): Tensor | Tensor[] {
  requireModel(model);
  requireValue("objective", objective, text);
  requireValue("options", options, object);
  const tf = requireEngine();
  const random = new SeededRandom(options.seed ?? 0, "targets");
  const targets = outputShapes(model, batchShapes(model, options)).map((shape, i) => {
    const classes = shape.at(-1)!;
    const sparse = objective === "sparseCategoricalCrossentropy";
    const own = sparse ? [...shape.slice(0, -1), 1] : shape;
    const values = new Float32Array(own.reduce((product, length) => product * length, 1));
    const draw = sparse
      ? each(() => random.integer(classes))
      : Object.hasOwn(DRAWS, objective)
      ? DRAWS[objective]
      : withinReach(headOf(model.outputs[i]));
    draw(random, values, classes);
    return tf.tensor(values, own);
  });
  return targets.length === 1 ? targets[0] : targets;
}
