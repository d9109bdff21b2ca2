import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import {
  attention,
  cutGradient,
  denseModel,
  recurrent,
  rounding,
  scaled,
} from "../../networks/ill_models.ts";
import { patient, words } from "../../networks/patients.ts";

const BINARY = { units: 1, objective: "binaryCrossentropy" } as const;
const half = (tf: TensorFlow, low: number, high: number) =>
  tf.tensor2d(Array.from({ length: 32 }, (_, i) => [i % 2 === 0 ? low : high]));
/** Columns as a table has them: a year, an income, a share. */
const columns = (tf: TensorFlow, x: Tensor) =>
  tf.add(
    tf.mul(x, tf.tensor1d([1, 10, 1e3, 1, 5e4, 2, 0.1, 300])),
    tf.tensor1d([0, 50, 2e3, 1, 1e5, 3, 1, 600]),
  );
const bytes = (tf: TensorFlow) => tf.randomUniform([32, 8], 0, 255, "float32", 7);

/** The cause that is to come first, its fix and what came of trying it, and what training shows without and with it. */
export const ILL: Record<string, [make: (tf: TensorFlow) => FixSubject, ...lines: string[]]> = {
  "kernels 100 times too small": [
    (tf) => scaled(patient(tf), 0.01),
    "warning kernel-scale conv1 conv2 fc1",
    "Multiply the kernels of conv1, conv2, fc1 by 112",
    "worked",
    "learns, then learns",
  ],
  "kernels 100 times too large": [
    (tf) => scaled(patient(tf), 100),
    "error kernel-scale conv1 conv2 fc1 head",
    "Multiply the kernels of conv1 ... head by 1/91.4",
    "worked",
    "fails, then learns",
  ],
  "kernels of N(0, 1)": [
    (tf) => patient(tf, { std: 1 }),
    "error kernel-scale conv1 conv2 fc1 head",
    "Multiply conv1/kernel by 0.469, conv2/kernel by 0.17, fc1/kernel by 1/20.1 and head/kernel by 0.168",
    "worked",
    "fails, then learns",
  ],
  "eleven layers of N(0, 0.01)": [
    (tf) => denseModel(tf, { depth: 11, std: 0.01 }),
    "error kernel-scale dense_1 dense_2 dense_3 dense_4 dense_5 dense_6 dense_7 dense_8 dense_9 dense_10 dense_11",
    "Multiply the kernels of dense_1 ... dense_11 by 24 to 48.9",
    "worked",
    "fails, then learns",
  ],
  "a sigmoid under the loss of a softmax": [
    (tf) => patient(tf, { head: "sigmoid" }),
    "warning head head",
    "End head in softmax.",
    "worked",
    "learns, then learns",
  ],
  "a relu head and negative targets": [
    (tf) => denseModel(tf, { head: "relu", targets: (tf, x) => tf.sub(x, 3) }),
    "error head head",
    "Remove the activation from head.",
    "worked",
    "fails, then learns",
  ],
  "a tanh head and targets of 50": [
    (tf) => denseModel(tf, { head: "tanh", targets: (tf, x) => tf.mul(x, 50) }),
    "error head head",
    "Remove the activation from head.",
    "worked",
    "fails, then learns",
  ],
  "logits under the binary loss": [
    (tf) => patient(tf, { ...BINARY, head: "linear", targets: (tf) => half(tf, 0, 1) }),
    "error head head",
    "End head in sigmoid.",
    "worked",
    "fails, then learns",
  ],
  "a relu head under the binary loss": [
    (tf) => patient(tf, { ...BINARY, head: "relu", targets: (tf) => half(tf, 0, 1) }),
    "error head head",
    "End head in sigmoid.",
    "worked",
    "fails, then learns",
  ],
  "binary targets of 0 and 255": [
    (tf) => patient(tf, { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, 0, 255) }),
    "error head head",
    "Divide the targets of head by 255.",
    "worked",
    "fails, then learns",
  ],
  "binary targets of -1 and 1": [
    (tf) => patient(tf, { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, -1, 1) }),
    "warning head head",
    "Normalise the targets of head: subtract -1 and divide by 2.",
    "worked",
    "learns, then learns",
  ],
  "binary targets of 1 and 2": [
    (tf) => patient(tf, { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, 1, 2) }),
    "error head head",
    "Subtract 1 from the targets of head.",
    "worked",
    "undecided, then learns",
  ],
  "targets of 0 and 1 under a hinge": [
    (tf) => denseModel(tf, { objective: "hinge", targets: (tf, x) => tf.step(x) }),
    "error head head",
    "Normalise the targets of head: subtract 0.5 and divide by 0.5.",
    "worked",
    "undecided, then learns",
  ],
  "a relu head and binary targets of 0 and 255": [
    (tf) => patient(tf, { ...BINARY, head: "relu", targets: (tf) => half(tf, 0, 255) }),
    "error head head",
    "Divide the targets of head by 255.",
    "worked",
    "fails, then learns",
  ],
  "biases of -3": [
    (tf) => patient(tf, { bias: -3 }),
    "error bias conv1 conv2 fc1",
    "Start the biases of conv1, conv2, fc1 at 0.",
    "worked",
    "fails, then learns",
  ],
  "biases of -5": [
    (tf) => patient(tf, { bias: -5 }),
    "error bias conv1 conv2 fc1",
    "Start the biases of conv1, conv2, fc1 at 0.",
    "worked",
    "fails, then learns",
  ],
  "a SimpleRNN 5 times too large": [
    (tf) => recurrent(tf, "simpleRNN", 5),
    "warning kernel-scale recurrent",
    "Multiply the kernels of recurrent by 0.201.",
    "worked",
    "learns, then learns",
  ],
  "an LSTM 30 times too large": [
    (tf) => recurrent(tf, "lstm", 30),
    "warning kernel-scale recurrent",
    "Multiply the kernels of recurrent by 1/30.",
    "worked",
    "learns, then learns",
  ],
  "a GRU 30 times too large": [
    (tf) => recurrent(tf, "gru", 30),
    "warning kernel-scale recurrent",
    "Multiply the kernels of recurrent by 1/29.9.",
    "worked",
    "learns, then learns",
  ],
  "a GRU of zeros": [
    (tf) => recurrent(tf, "gru", 0),
    "warning constant-weights recurrent",
    'Draw the kernels of recurrent with kernelInitializer: "leCunUniform", recurrentInitializer: "leCunUniform".',
    "worked",
    "learns, then learns",
  ],
  "attention 30 times too large": [
    (tf) => attention(tf, 30),
    "warning kernel-scale attention",
    "Multiply the kernels of attention by 1/30.3.",
    "worked",
    "learns, then learns",
  ],
  "a gradient that is cut": [
    (tf) => denseModel(tf, { between: cutGradient }),
    "warning cut-gradient cut",
    "Compute cut by operations that have a gradient",
    "not tried",
    "learns, then untrained",
  ],
  "a layer that rounds": [
    (tf) => denseModel(tf, { between: rounding }),
    "warning cut-gradient round",
    "Compute round by operations that have a gradient",
    "not tried",
    "learns, then untrained",
  ],
  "inputs from 0 to 255": [
    (tf) => denseModel(tf, { inputs: bytes }),
    "error input",
    'Normalise the input "dense_1_input": subtract 127 and divide by 74.7.',
    "worked",
    "fails, then learns",
  ],
  "raw columns": [
    (tf) => denseModel(tf, { inputs: columns }),
    "error input",
    'Normalise each feature of the input "dense_1_input"',
    "worked",
    "fails, then learns",
  ],
  "an embedding of deviation 10": [
    (tf) => words(tf, { std: 10 }),
    "warning embedding-scale embedding",
    "Multiply embedding/embeddings by 1/348.",
    "worked",
    "learns, then learns",
  ],
  "dropout of 0.95": [
    (tf) => denseModel(tf, { dropout: 0.95 }),
    "error dropout drop_1 drop_2",
    "Lower the rate of drop_1, drop_2, or leave them out: 0.1 to 0.5 between layers is usual.",
    "worked",
    "fails, then learns",
  ],
  "penalties of 100": [
    (tf) => denseModel(tf, { l2: 100 }),
    "error penalties dense_1 dense_2 head",
    "Make the penalties of dense_1, dense_2, head at least 190 times weaker, or leave them out.",
    "worked",
    "fails, then learns",
  ],
  "hidden layers without an activation": [
    (tf) => denseModel(tf, { activation: "linear", depth: 3 }),
    "warning no-activation dense_1 dense_2 dense_3",
    'Replace linear in dense_1, dense_2, dense_3 by relu, and draw the kernels with kernelInitializer: "heUniform".',
    "worked",
    "learns, then learns",
  ],
  "a trunk that is frozen untrained": [
    (tf) => denseModel(tf, { frozen: ["dense_1", "dense_2"] }),
    "warning frozen dense_1 dense_2",
    "Load the trained weights of dense_1, dense_2, or set trainable = true there",
    "not tried",
    "learns, then untrained",
  ],
  "a head that is frozen untrained": [
    (tf) => denseModel(tf, { frozen: ["head"] }),
    "warning frozen head",
    "Load the trained weights of head, or set trainable = true there",
    "not tried",
    "learns, then untrained",
  ],
};

/** The same networks without a fault. */
export const HEALTHY: Record<string, (tf: TensorFlow) => FixSubject> = {
  "a convolutional network": (tf) => patient(tf),
  "a dense network": (tf) => denseModel(tf),
  "a binary classifier": (tf) =>
    patient(tf, { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, 0, 1) }),
  "a SimpleRNN": (tf) => recurrent(tf, "simpleRNN", 1),
  "an LSTM": (tf) => recurrent(tf, "lstm", 1),
  "attention": (tf) => attention(tf, 1),
  "an embedding": (tf) => words(tf, { std: 1 }),
};
