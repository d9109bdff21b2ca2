import { assert, assertEquals } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { causeOf, judgeTraining, TRAINING_RULES } from "../../../src/training/judge_training.ts";
import { readTrainingLog } from "../../../src/training/read_training_log.ts";
import { withFolder } from "../../core/model/save_model.ts";

const BATCH = 16, FEATURES = 8;

/** Examples in the order in which they are trained on, or held out. */
interface Data {
  inputs: Tensor;
  targets: Tensor;
}

/** Fault of a training, and the rule and kind that name it. */
interface Fault {
  name: string;
  /** Kinds of the finding that comes first. */
  kinds: readonly string[];
  /** First and last step at which it may be found. */
  within: readonly [number, number];
  steps: number;
  optimizer(tf: TensorFlow): Optimizer;
  /** Default: two hidden layers. */
  model?(tf: TensorFlow): LayersModel;
  /** Changes the data that are trained on. Default: a linear task. */
  edit?(tf: TensorFlow, data: Data): Data;
  /** True if the held-out data are changed, too. */
  isHeldOut?: true;
  /** Changes the gradients of a step. */
  gradients?(tf: TensorFlow, step: number, gradient: Tensor): Tensor;
  /** Changes the weights after a step. */
  after?(tf: TensorFlow, step: number, weights: Weights): void;
}

/** Trainable weights of a model, and their values before the step. */
interface Weights {
  now: tfjs.Variable[];
  before: Tensor[];
}

const kernels = ({ now }: Weights) => now.filter(({ shape }) => shape.length > 1);

function dense(tf: TensorFlow): LayersModel {
  const input = tf.input({ shape: [FEATURES] });
  const layer = (units: number, seed: number, activation?: "relu") =>
    tf.layers.dense({
      units,
      activation,
      kernelInitializer: tf.initializers.heNormal({ seed }),
    });
  const hidden = layer(16, 1, "relu").apply(input) as tfjs.SymbolicTensor;
  const second = layer(16, 2, "relu").apply(hidden) as tfjs.SymbolicTensor;
  const joined = tf.layers.concatenate().apply([input, second]);
  return tf.model({ inputs: input, outputs: layer(1, 3).apply(joined) as tfjs.SymbolicTensor });
}

function attention(tf: TensorFlow): LayersModel {
  const { MultiHeadAttention } = kerasLayers(tf);
  const input = tf.input({ shape: [FEATURES] });
  const tokens = tf.layers.reshape({ targetShape: [4, 2] }).apply(input) as tfjs.SymbolicTensor;
  const attended = new MultiHeadAttention({
    numHeads: 1,
    keyDim: 4,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
  }).apply([tokens, tokens]) as tfjs.SymbolicTensor;
  const pooled = tf.layers.flatten().apply(attended);
  const joined = tf.layers.concatenate().apply([input, pooled as tfjs.SymbolicTensor]);
  const head = tf.layers.dense({
    units: 1,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
  });
  return tf.model({ inputs: input, outputs: head.apply(joined) as tfjs.SymbolicTensor });
}

const scaled = (factor: number) => (tf: TensorFlow, { inputs, targets }: Data, at: number) => {
  const values = inputs.dataSync<"float32">().slice();
  const first = at * BATCH * FEATURES;
  for (let i = first; i < first + BATCH * FEATURES; i++) values[i] *= factor;
  return { inputs: tf.tensor(values, inputs.shape), targets };
};

const noise = (tf: TensorFlow, { shape }: Tensor) =>
  tf.randomNormal(shape, 0, 1, "float32", 7) as Tensor;

/** Repeats the first examples. */
const repeated = (tf: TensorFlow, tensor: Tensor, count: number) =>
  tf.tile(tensor.slice(0, count), [tensor.shape[0] / count, 1]) as Tensor;

function linear(tf: TensorFlow, stddev: number): LayersModel {
  const kernelInitializer = tf.initializers.randomNormal({ stddev, seed: 4 });
  return tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [FEATURES], kernelInitializer })],
  });
}

const FAULTS: Record<string, Fault> = {
  "a: NaN in a batch": {
    name: "not-finite",
    kinds: ["batch"],
    within: [30, 30],
    steps: 40,
    optimizer: (tf) => tf.train.sgd(0.02),
    edit: (tf, data) => {
      const values = data.inputs.dataSync<"float32">().slice();
      values[29 * BATCH * FEATURES] = NaN;
      return { inputs: tf.tensor(values, data.inputs.shape), targets: data.targets };
    },
  },
  "b: a rate that is too high": {
    name: "rate-too-high",
    kinds: ["broke", "diverges", "step", "grown", "broken"],
    within: [1, 20],
    steps: 30,
    optimizer: (tf) => tf.train.sgd(3),
  },
  "c: a rate that is too low": {
    name: "rate-too-low",
    kinds: ["small"],
    within: [10, 10],
    steps: 30,
    optimizer: (tf) => tf.train.sgd(1e-6),
  },
  "d: targets that do not depend on the inputs": {
    name: "not-learning",
    kinds: ["stands", "constant"],
    within: [100, 120],
    steps: 120,
    optimizer: (tf) => tf.train.sgd(5e-5),
    model: (tf) => linear(tf, 0.3),
    edit: (tf, { inputs, targets }) => ({
      inputs: repeated(tf, inputs, BATCH),
      targets: repeated(tf, tf.mul(noise(tf, targets), 400), BATCH),
    }),
    isHeldOut: true,
  },
  "e: a batch times 100": {
    name: "spike",
    kinds: ["batch"],
    within: [40, 40],
    steps: 45,
    optimizer: (tf) => tf.train.sgd(1e-2),
    edit: (tf, data) => scaled(100)(tf, data, 39),
  },
  "f: units that die": {
    name: "units-dying",
    kinds: ["dying", "dead"],
    within: [40, 50],
    steps: 60,
    optimizer: (tf) => tf.train.sgd(1e-2),
    after: (tf, step, { now }) => {
      if (step === 35) now[3].assign(tf.fill([16], -100));
    },
  },
  "g: a layer that stands still": {
    name: "layer-still",
    kinds: ["still"],
    within: [34, 34],
    steps: 40,
    optimizer: (tf) => tf.train.sgd(1e-2),
    after: (_, step, { now, before }) => {
      if (step >= 30) now[2].assign(before[2]);
    },
  },
  "h: attention that collapses": {
    name: "attention-collapses",
    kinds: ["logits", "entropy"],
    within: [40, 70],
    steps: 70,
    optimizer: (tf) => tf.train.sgd(1e-2),
    model: attention,
    after: (tf, step, weights) => {
      if (step < 32) return;
      // The kernels of the queries and the keys; nothing else changes with the size of scores.
      for (const kernel of kernels(weights).filter(({ name }) => /query|key/.test(name))) {
        kernel.assign(tf.mul(kernel, 1.3));
      }
    },
  },
  "i: weight decay": {
    name: "weights-shrink",
    kinds: ["shrinks"],
    within: [31, 42],
    steps: 45,
    optimizer: (tf) => tf.train.sgd(1e-2),
    after: (tf, step, weights) => {
      if (step < 30) return;
      for (const kernel of kernels(weights)) kernel.assign(tf.mul(kernel, 0.93));
    },
  },
  "j: few examples": {
    name: "overfitting",
    kinds: ["overfits"],
    within: [40, 150],
    steps: 150,
    optimizer: (tf) => tf.train.adam(0.01),
    edit: (tf, { inputs, targets }) => ({
      inputs: repeated(tf, inputs, BATCH),
      targets: repeated(tf, tf.add(targets, noise(tf, targets)), BATCH),
    }),
  },
  "k: a plateau": {
    name: "plateau",
    kinds: ["plateau"],
    within: [200, 320],
    steps: 320,
    optimizer: (tf) => tf.train.sgd(0.03),
    model: (tf) => linear(tf, 0.5),
    // A square, which no linear model can fit.
    edit: (tf, data) => {
      const inputs = repeated(tf, data.inputs, 4 * BATCH);
      const square = tf.sub(tf.square(inputs.slice([0, 0], [-1, 1])), 1);
      const targets = tf.add(tf.mul(square, 3), tf.sum(inputs.slice([0, 0], [-1, 3]), 1, true));
      return { inputs, targets: targets as Tensor };
    },
    isHeldOut: true,
  },
  "l: a second moment that is stale": {
    name: "stale-second-moment",
    kinds: ["stale"],
    within: [50, 95],
    steps: 95,
    optimizer: (tf) => tf.train.adam(0.01),
    edit: (tf, { inputs, targets }) => ({
      inputs,
      targets: tf.add(targets, tf.mul(noise(tf, targets), 4)),
    }),
    isHeldOut: true,
    gradients: (tf, step, gradient) =>
      step >= 24 && step < 30 ? tf.mul(gradient, 1000) as Tensor : gradient,
  },
};

type Gradients = tfjs.NamedTensorMap | { name: string; tensor: Tensor }[];

/** Changes gradients, which `fit` gives as a list and `minimize` as a map. */
function changed(given: Gradients, change: (gradient: Tensor) => Tensor): Gradients {
  if (Array.isArray(given)) {
    return given.map(({ name, tensor }) => ({ name, tensor: change(tensor) }));
  }
  return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, change(one)]));
}

/** Puts a fault into the updates of an optimizer. */
function inject(tf: TensorFlow, model: LayersModel, optimizer: Optimizer, fault: Fault): void {
  const { after = () => {}, gradients = (_: TensorFlow, __: number, one: Tensor) => one } = fault;
  const apply = optimizer.applyGradients.bind(optimizer);
  let step = 0;
  optimizer.applyGradients = (given: Gradients) => {
    step++;
    tf.tidy(() => {
      const now = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
      const before = now.map((weight) => weight.clone());
      apply(changed(given, (tensor) => gradients(tf, step, tensor)) as never);
      after(tf, step, { now, before });
    });
  };
}

/** Draws examples of a linear task. */
function draw(tf: TensorFlow, count: number, seed: number): Data {
  const inputs = tf.randomNormal([count, FEATURES], 0, 1, "float32", seed) as Tensor;
  return { inputs, targets: tf.sum(inputs.slice([0, 0], [-1, 3]), 1, true) };
}

/** Kinds of loops, each of which takes one step for each batch. */
const LOOPS: Record<string, (training: Training) => Promise<void>> = {
  fit: async ({ model, data, monitor }) => {
    const options = { epochs: 1, batchSize: BATCH, shuffle: false, verbose: 0 as const };
    await model.fit(data.inputs, data.targets, { ...options, callbacks: monitor() });
  },
  fitDataset: async ({ tf, model, data, monitor }) => {
    const examples = tf.data.zip({
      xs: tf.data.array(data.inputs.arraySync() as number[][]),
      ys: tf.data.array(data.targets.arraySync() as number[][]),
    });
    const options = { epochs: 1, verbose: 0 as const, callbacks: monitor() };
    await model.fitDataset(examples.batch(BATCH) as never, options);
  },
  "a loop": async ({ tf, model, data, monitor }) => {
    const watching = monitor({ model, optimizer: model.optimizer });
    for (let at = 0; at < data.inputs.shape[0]; at += BATCH) {
      const [inputs, targets] = [data.inputs, data.targets].map((one) => one.slice(at, BATCH));
      const loss = model.optimizer.minimize(() => {
        const outputs = model.apply(inputs, { training: true }) as Tensor;
        return tf.losses.meanSquaredError(targets, outputs);
      }, true)!;
      await watching.step({ loss, inputs, targets });
      tf.dispose([loss, inputs, targets]);
    }
    await watching.end();
  },
};

interface Training {
  tf: TensorFlow;
  model: LayersModel;
  data: Data;
  /** Creates the monitor. */
  monitor(options?: Partial<HealthMonitorOptions>): ReturnType<typeof healthMonitor>;
}

/** Finding of a rule over trainings, and the step of its record. */
interface Seen {
  step: number;
  finding: Finding;
}

/** Trains under a monitor; returns what it finds, and what is read in its log. */
async function watch({ tf }: Engine, fault: Fault, loop: keyof typeof LOOPS) {
  const model = (fault.model ?? dense)(tf);
  const optimizer = fault.optimizer(tf);
  inject(tf, model, optimizer, fault);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const drawn = draw(tf, BATCH * fault.steps, 5);
  const data = fault.edit?.(tf, drawn) ?? drawn;
  const held = draw(tf, 4 * BATCH, 6);
  const batch = fault.isHeldOut ? fault.edit!(tf, held) : held;
  const seen: Seen[] = [];
  const names = TRAINING_RULES.map(({ name }) => name);
  let text = "";
  await withFolder(async (folder) => {
    const log = `${folder}/log.jsonl`;
    const monitor = (options = {}) =>
      healthMonitor({
        batch,
        every: 10,
        log,
        onFinding: (finding, { step }) => {
          if (names.includes(finding.rule)) seen.push({ step, finding });
        },
        ...options,
      });
    await LOOPS[loop]({ tf, model, data, monitor });
    text = await Deno.readTextFile(log);
  });
  const judged = judgeTraining(readTrainingLog(text), { optimizer: optimizer.getClassName() });
  model.dispose();
  return { seen, judged };
}

for (const [title, fault] of Object.entries(FAULTS)) {
  for (const loop of Object.keys(LOOPS)) {
    Deno.test(`healthMonitor() names the cause in ${loop}, ${title}`, async () => {
      await using engine = await startEngine();
      const { seen, judged } = await watch(engine, fault, loop);
      const [{ step, finding }] = seen;
      const all = JSON.stringify(seen.map((one) => [one.step, one.finding.rule, one.finding.kind]));
      assertEquals(finding.rule, fault.name, all);
      assert(fault.kinds.includes(finding.kind ?? ""), all);
      const [from, to] = fault.within;
      assert(step >= from && step <= to, all);
      const { source, thresholds } = TRAINING_RULES.find(({ name }) => name === finding.rule)!;
      assert(source !== "" && finding.fix.endsWith(".") && finding.message.endsWith("."));
      // NaN has neither a figure nor a threshold.
      assertEquals(finding.measured === null, Object.keys(thresholds).length === 0, all);
      const cause = causeOf(judged)!;
      // The rows of a log lack the figures of a full pass.
      const inLog = judged.filter(({ rule }) => rule === finding.rule);
      assertEquals(cause.rule, fault.name, JSON.stringify(judged));
      assert(inLog.length > 0 && cause.message !== "" && cause.fix !== "");
    });
  }
}
