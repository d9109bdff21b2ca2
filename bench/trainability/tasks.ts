import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { MNIST_SIDE, mnistDigits } from "./mnist.ts";
import { KIND, type TaskKind, type TaskName } from "./plan.ts";

/** Examples that a network is trained on. */
export const EXAMPLES = 2048;

/** Data to learn: examples row by row. */
export interface Examples {
  kind: TaskKind;
  inputs: Float32Array;
  /** Shape of one input. */
  inputShape: number[];
  targets: Float32Array;
  /** Numbers of one target. */
  outputs: number;
}

/** For `tokens`: numbers of words, of steps in a sequence, and of kinds of words. */
export const TOKENS = { vocabulary: 24, length: 8, classes: 4 };
/** Steps of `adding`. */
const STEPS = 8;

const made = new Map<TaskName, Promise<Examples>>();

/** The examples of a task: the same for every network; whoever changes them changes a copy. */
export function examplesOf(task: TaskName): Promise<Examples> {
  const known = made.get(task) ?? make(task);
  made.set(task, known);
  return known;
}

async function make(task: TaskName): Promise<Examples> {
  if (task === "digits" || task === "rows" || task === "pictures") return await fromDigits(task);
  const random = new SeededRandom(2048, `trainability ${task}`);
  const draw = DRAWS[task];
  const inputs: number[] = [];
  const targets: number[] = [];
  for (let i = 0; i < EXAMPLES; i++) {
    const [input, target] = draw.example(random, i);
    inputs.push(...input);
    targets.push(...target);
  }
  const examples: Examples = {
    kind: KIND[task],
    inputs: Float32Array.from(inputs),
    inputShape: draw.shape,
    targets: Float32Array.from(targets),
    outputs: targets.length / EXAMPLES,
  };
  if (draw.standardize) standardize(examples.inputs, draw.shape[0]);
  if (examples.kind === "numbers") standardize(examples.targets, examples.outputs);
  return examples;
}

interface TaskDraw {
  shape: number[];
  /** True if each feature is standardised to mean 0 and standard deviation 1. */
  standardize: boolean;
  example(random: SeededRandom, index: number): [number[], number[]];
}

const DRAWS: Record<Exclude<TaskName, "digits" | "rows" | "pictures">, TaskDraw> = {
  // Two half circles that reach into each other.
  moons: {
    shape: [2],
    standardize: true,
    example(random, i) {
      const angle = Math.PI * random.uniform();
      const [x, y] = i % 2 === 0
        ? [Math.cos(angle), Math.sin(angle)]
        : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
      return [[x + 0.1 * random.normal(), y + 0.1 * random.normal()], [i % 2]];
    },
  },
  // A circle within another.
  circles: {
    shape: [2],
    standardize: true,
    example(random, i) {
      const angle = 2 * Math.PI * random.uniform();
      const radius = i % 2 === 0 ? 1 : 0.5;
      const noise = () => 0.08 * random.normal();
      return [[radius * Math.cos(angle) + noise(), radius * Math.sin(angle) + noise()], [i % 2]];
    },
  },
  // Whether the first three of eight signs have an odd number of minuses.
  parity: {
    shape: [8],
    standardize: false,
    example(random) {
      const signs = Array.from({ length: 8 }, () => random.integer(2) * 2 - 1);
      return [signs, [signs[0] * signs[1] * signs[2] < 0 ? 1 : 0]];
    },
  },
  // Friedman (1991), "Multivariate adaptive regression splines", section 4: his first function.
  friedman: {
    shape: [10],
    standardize: true,
    example(random) {
      const x = Array.from({ length: 10 }, () => random.uniform());
      const y = 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] +
        5 * x[4] + random.normal();
      return [x, [y]];
    },
  },
  // Hochreiter and Schmidhuber (1997), "Long short-term memory", experiment 4: the sum of the two that
  // are marked, one in each half.
  adding: {
    shape: [STEPS, 2],
    standardize: false,
    example(random) {
      const marks = [random.integer(STEPS / 2), STEPS / 2 + random.integer(STEPS / 2)];
      const values = Array.from({ length: STEPS }, () => 2 * random.uniform() - 1);
      const input = values.flatMap((value, t) => [value, marks.includes(t) ? 1 : 0]);
      return [input, [values[marks[0]] + values[marks[1]]]];
    },
  },
  // Words of four kinds: of which kind there are most.
  tokens: {
    shape: [TOKENS.length],
    standardize: false,
    example(random) {
      const { vocabulary, length, classes } = TOKENS;
      const kind = random.integer(classes);
      const wordOf = (kind: number) => kind + classes * random.integer(vocabulary / classes);
      const kinds = Array.from(
        { length },
        () => random.uniform() < 0.45 ? kind : random.integer(classes),
      );
      const counts = Array.from(
        { length: classes },
        (_, own) => kinds.filter((other) => other === own).length,
      );
      const most = counts.indexOf(Math.max(...counts));
      return [kinds.map(wordOf), counts.map((_, own) => own === most ? 1 : 0)];
    },
  },
};

/** Digits at half their size: as pictures to classify, two rows a step, or as their own targets. */
async function fromDigits(task: "digits" | "rows" | "pictures"): Promise<Examples> {
  const { greys, labels } = await mnistDigits(EXAMPLES);
  const side = MNIST_SIDE / 2;
  const inputs = new Float32Array(EXAMPLES * side * side);
  for (let i = 0; i < EXAMPLES; i++) {
    for (let pixel = 0; pixel < side * side; pixel++) {
      const at = i * MNIST_SIDE ** 2 + 2 * Math.floor(pixel / side) * MNIST_SIDE +
        2 * (pixel % side);
      inputs[i * side * side + pixel] =
        (greys[at] + greys[at + 1] + greys[at + MNIST_SIDE] + greys[at + MNIST_SIDE + 1]) / 4;
    }
  }
  if (task === "pictures") {
    return {
      kind: KIND[task],
      inputs,
      inputShape: [side, side, 1],
      targets: inputs,
      outputs: side * side,
    };
  }
  const targets = new Float32Array(EXAMPLES * 10);
  labels.forEach((label, i) => targets[10 * i + label] = 1);
  const inputShape = task === "rows" ? [side / 2, 2 * side] : [side, side, 1];
  return { kind: KIND[task], inputs, inputShape, targets, outputs: 10 };
}

function standardize(values: Float32Array, features: number): void {
  const rows = values.length / features;
  for (let feature = 0; feature < features; feature++) {
    let sum = 0;
    let squares = 0;
    for (let i = feature; i < values.length; i += features) {
      sum += values[i];
      squares += values[i] ** 2;
    }
    const mean = sum / rows;
    const std = Math.sqrt(squares / rows - mean ** 2);
    for (let i = feature; i < values.length; i += features) values[i] = (values[i] - mean) / std;
  }
}
