import type { FixSubject } from "../../src/core/diagnosis/examine/apply_fixes.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { deepPatient, type Fault, residualPatient } from "./patients.ts";

/** A fault, the cause that is to come first, and what of its fixes works; `null` where none can be tried. */
interface Row {
  name: string;
  subject: Fault | ((tf: TensorFlow) => FixSubject);
  cause: string;
  layers: string[];
  fix: string | null;
}

const HIDDEN = ["conv1", "conv2", "fc1"];

export const ROWS: Row[] = [
  {
    name: "kernels of std 0.001",
    subject: { std: 1e-3 },
    cause: "kernel-scale",
    layers: HIDDEN,
    fix: "heUniform",
  },
  {
    name: "kernels of std 2, the head too",
    subject: { std: 2 },
    cause: "kernel-scale",
    layers: [...HIDDEN, "head"],
    fix: "Multiply conv1/kernel by",
  },
  {
    name: "biases of -10",
    subject: { bias: -10 },
    cause: "bias",
    layers: HIDDEN,
    fix: "Start the biases of conv1, conv2, fc1 at 0.",
  },
  {
    name: "eight sigmoids",
    subject: (tf) => deepPatient(tf, 8, { activation: "sigmoid", initializer: "glorotUniform" }),
    cause: "activation",
    layers: Array.from({ length: 8 }, (_, i) => `dense_${i + 1}`),
    fix: "Replace sigmoid in dense_1 ... dense_8 by tanh",
  },
  {
    name: "zeros",
    subject: { constant: 0 },
    cause: "constant-weights",
    layers: HIDDEN,
    fix: "Draw the kernels of conv1, conv2, fc1",
  },
  {
    name: "ones",
    subject: { constant: 1 },
    cause: "constant-weights",
    layers: HIDDEN,
    fix: "Draw the kernels of conv1, conv2, fc1",
  },
  { name: "a NaN", subject: { nan: true }, cause: "broken-numbers", layers: ["conv1"], fix: null },
  {
    name: "logits under a loss for probabilities",
    subject: { head: "linear" },
    cause: "head",
    layers: ["head"],
    fix: "End head in softmax.",
  },
  {
    name: "a softmax over one unit",
    subject: { units: 1 },
    cause: "head",
    layers: ["head"],
    fix: "End head in sigmoid, and use the loss binaryCrossentropy.",
  },
  {
    name: "classes from 1 to 10",
    subject: {
      objective: "sparseCategoricalCrossentropy",
      targets: (tf) => tf.tensor2d(Array.from({ length: 32 }, (_, i) => [i % 10 + 1])),
    },
    cause: "head",
    layers: ["head"],
    fix: "Number the classes of head from 0: subtract 1 from the targets.",
  },
  {
    name: "an input of zeros",
    subject: { input: "zeros" },
    cause: "input",
    layers: [],
    fix: null,
  },
  {
    name: "a frozen model",
    subject: { frozen: true },
    cause: "frozen",
    layers: [...HIDDEN, "head"],
    fix: "Set trainable = true",
  },
  {
    name: "27 residual blocks without a normalisation",
    subject: (tf) => residualPatient(tf, 27),
    cause: "residual-growth",
    layers: Array.from({ length: 27 }, (_, i) => `add_${i + 1}`),
    fix: "Multiply the kernels of",
  },
];

/** Networks about which one pass only warns, but which training fails. */
export const WARNED: Row[] = [
  {
    name: "inputs from 0 to 255",
    subject: { input: "bytes" },
    cause: "input",
    layers: [],
    fix: 'Normalise the input "conv1_input"',
  },
  {
    name: "a Rescaling by 255",
    subject: { rescaling: 255 },
    cause: "input",
    layers: ["rescaling"],
    fix: null,
  },
];
