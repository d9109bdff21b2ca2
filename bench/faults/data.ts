import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { MNIST_SIDE, mnistDigits } from "../trainability/mnist.ts";
import type { DataFacts, Preparation } from "./facts.ts";
import { RECIPES } from "./recipes.ts";

/** Default number of examples. */
const COUNT = 512;

/** Kind of answer that a program gives. */
export type AnswerKind =
  /** A class of several. */
  | "classes"
  /** Yes or no for each output. */
  | "labels"
  /** Numbers. */
  | "numbers";

/** Examples before preparation: one flat row each. */
export interface Drawn {
  inputs: Float32Array;
  /** Shape of one input. */
  inputShape: number[];
  targets: Float32Array;
  /** Shape of one target. */
  targetShape: number[];
  kind: AnswerKind;
  /** Best score that can be reached; 1 unless the data are noisy. */
  ceiling: number;
}

/** Draws the data of a program, with a seed that its recipe alone decides. */
export async function drawData(facts: DataFacts): Promise<Drawn> {
  const { recipe, count = COUNT, inputs = "raw", targets = "raw", classes } = facts;
  const random = new SeededRandom(1, recipe);
  const known = DIGITS[recipe];
  const drawn = known === undefined ? RECIPES[recipe](random, count) : await known(count);
  const data = classes === undefined ? drawn : asClasses(drawn, classes);
  return {
    ...data,
    inputs: prepare(data.inputs, width(data.inputShape), inputs),
    targets: prepare(data.targets, width(data.targetShape), targets),
  };
}

/** Number of entries of a shape. */
export const width = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Digits of MNIST, whose grey values go from 0 to 255. */
const DIGITS: Record<string, (count: number) => Promise<Drawn>> = {
  digits: (count) => digits(count, [MNIST_SIDE ** 2]),
  digitPictures: (count) => digits(count, [MNIST_SIDE, MNIST_SIDE, 1]),
  smallDigitPictures: async (count) => halved(await digits(count, [MNIST_SIDE, MNIST_SIDE, 1])),
};

async function digits(count: number, inputShape: number[]): Promise<Drawn> {
  const { greys, labels } = await mnistDigits(count);
  return {
    inputs: greys.map((grey) => Math.round(255 * grey)),
    inputShape,
    targets: oneHot(labels, 10),
    targetShape: [10],
    kind: "classes",
    ceiling: 1,
  };
}

/** Pictures of half the edge: a convolution over them costs a quarter. */
function halved(drawn: Drawn): Drawn {
  const edge = MNIST_SIDE / 2;
  const rows = drawn.inputs.length / MNIST_SIDE ** 2;
  const inputs = new Float32Array(rows * edge ** 2);
  for (let i = 0; i < inputs.length; i++) {
    const row = Math.floor(i / edge);
    const at = 2 * row * MNIST_SIDE + 2 * (i % edge);
    const { [at]: a, [at + 1]: b, [at + MNIST_SIDE]: c, [at + MNIST_SIDE + 1]: d } = drawn.inputs;
    inputs[i] = Math.round((a + b + c + d) / 4);
  }
  return { ...drawn, inputs, inputShape: [edge, edge, 1] };
}

/** Rows with a 1 at the class. */
export function oneHot(labels: readonly number[], classes: number): Float32Array {
  const shares = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => shares[i * classes + label] = 1);
  return shares;
}

function asClasses(drawn: Drawn, form: "shares" | "index"): Drawn {
  const classes = drawn.targetShape.at(-1)!;
  if (form === "index" && classes > 1) {
    const targets = Float32Array.from(
      { length: drawn.targets.length / classes },
      (_, i) => drawn.targets.subarray(i * classes, (i + 1) * classes).indexOf(1),
    );
    return { ...drawn, targets, targetShape: [...drawn.targetShape.slice(0, -1), 1] };
  }
  if (form === "shares" && classes === 1) {
    const labels = [...drawn.targets];
    const most = Math.max(...labels) + 1;
    return {
      ...drawn,
      targets: oneHot(labels, most),
      targetShape: [...drawn.targetShape.slice(0, -1), most],
      kind: "classes",
    };
  }
  return drawn;
}

function prepare(values: Float32Array, columns: number, how: Preparation): Float32Array {
  if (how === "raw") return values;
  if (typeof how === "object") return values.map((value) => value / how.divideBy);
  const rows = values.length / columns;
  const prepared = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) {
    const own = Float64Array.from({ length: rows }, (_, i) => values[i * columns + column]);
    const { shift, scale } = how === "unit" ? rangeOf(own) : momentsOf(own);
    own.forEach((value, i) => prepared[i * columns + column] = (value - shift) / (scale || 1));
  }
  return prepared;
}

function rangeOf(values: Float64Array): { shift: number; scale: number } {
  const least = values.reduce((a, b) => Math.min(a, b));
  return { shift: least, scale: values.reduce((a, b) => Math.max(a, b)) - least };
}

function momentsOf(values: Float64Array): { shift: number; scale: number } {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { shift: mean, scale: Math.sqrt(variance) };
}
