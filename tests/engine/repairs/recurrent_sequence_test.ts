import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Layer, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { normal } from "./draw_tensor.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

const KINDS = ["simpleRNN", "gru", "lstm"] as const;

const cases = fc.record({
  kind: fc.constantFrom(...KINDS),
  activation: fc.constantFrom("tanh", "relu", "linear"),
  gate: fc.constantFrom("sigmoid", "hardSigmoid"),
  useBias: fc.boolean(),
  returnSequences: fc.boolean(),
  returnState: fc.boolean(),
  goBackwards: fc.boolean(),
  masked: fc.boolean(),
  batch: fc.integer({ min: 1, max: 23 }),
  steps: fc.integer({ min: 1, max: 6 }),
  features: fc.integer({ min: 1, max: 5 }),
  units: fc.integer({ min: 1, max: 9 }),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
type Recurrent = Layer & { cell: Record<string, unknown> };

function makeLayer(tf: TensorFlow, { kind, gate, ...rest }: Case): Recurrent {
  const { batch, steps, features, masked: _, ...options } = rest;
  const kernels = { stddev: 0.7 };
  const layer = tf.layers[kind]({
    ...options as object,
    ...kind !== "simpleRNN" && { recurrentActivation: gate },
    kernelInitializer: tf.initializers.randomNormal({ ...kernels, seed: 1 }),
    recurrentInitializer: tf.initializers.randomNormal({ ...kernels, seed: 2 }),
    biasInitializer: tf.initializers.randomNormal({ ...kernels, seed: 3 }),
  } as never) as unknown as Recurrent;
  layer.build([batch, steps, features]);
  return layer;
}

/** Every output of a layer, and the gradients of their squares with respect to weights and input. */
function run(tf: TensorFlow, layer: Recurrent, { batch, steps, features, masked }: Case): Tensor[] {
  const x = normal(tf, [batch, steps, features], 4);
  const mask = masked ? tf.greater(normal(tf, [batch, steps], 5), -0.5) : null;
  const outputs = (input: Tensor) => [layer.call(input, { mask } as never)].flat() as Tensor[];
  const loss = (input: Tensor) =>
    tf.addN(outputs(input).map((y, i) => tf.sum(tf.mul(tf.square(y), i + 1)))) as never;
  const variables = layer.weights.map((weight) => (weight as unknown as { val: never }).val);
  const { grads } = tf.variableGrads(() => loss(x), variables);
  return [...outputs(x), ...Object.values(grads), tf.grad(loss)(x)];
}

/** The same step by step: a cell whose `call` is somebody's own is left alone. */
function stepByStep<T>({ cell }: Recurrent, action: () => T): T {
  cell.call = Object.getPrototypeOf(cell).call;
  try {
    return action();
  } finally {
    delete cell.call;
  }
}

function assertClose(actual: Tensor, expected: Tensor): void {
  assertEquals(actual.shape, expected.shape);
  const [a, b] = [actual, expected].map((tensor) => tensor.dataSync() as Float32Array);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]) / scale), 0);
  assert(worst < 1e-5, `${worst}`);
}

Deno.test("a recurrent layer over its sequence computes what its cell does step by step", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  fc.assert(
    fc.property(cases, (given) =>
      tf.tidy(() => {
        const layer = makeLayer(tf, given);
        const whole = run(tf, layer, given);
        const steps = stepByStep(layer, () => run(tf, layer, given));
        assertEquals(whole.length, steps.length);
        whole.forEach((tensor, i) => assertClose(tensor, steps[i]));
        layer.weights.forEach((weight) => weight.dispose());
      })),
    { numRuns: 150, seed: 1 },
  );
});

Deno.test("a recurrent layer over its sequence computes the same with more units than a tile sums up", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const shape = { batch: 23, steps: 2, features: 3, units: 301 };
  const common = { activation: "tanh", gate: "sigmoid", useBias: true, returnSequences: true };
  for (const kind of KINDS) {
    const given = { kind, ...shape, ...common, returnState: true, masked: true } as Case;
    tf.tidy(() => {
      const layer = makeLayer(tf, given);
      const steps = stepByStep(layer, () => run(tf, layer, given));
      run(tf, layer, given).forEach((tensor, i) => assertClose(tensor, steps[i]));
    });
    tf.disposeVariables();
  }
});

Deno.test("a recurrent layer over its sequence has the same bits for any number of threads", async () => {
  const bits: number[][][] = [];
  for (const threads of [1, 2, 5]) {
    await using engine = await startEngine({ threads });
    const { tf } = engine;
    const shape = { batch: 23, steps: 5, features: 40, units: 70 };
    const common = { activation: "tanh", gate: "sigmoid", useBias: true, returnSequences: true };
    const more = { returnState: true, goBackwards: false, masked: true, ...common, ...shape };
    bits.push(
      KINDS.flatMap((kind) =>
        tf.tidy(() =>
          run(tf, makeLayer(tf, { kind, ...more } as Case), { kind, ...more } as Case)
            .map((tensor) => [...new Int32Array(tensor.dataSync().slice().buffer)])
        )
      ),
    );
    tf.disposeVariables();
  }
  assertEquals(bits[1], bits[0]);
  assertEquals(bits[2], bits[0]);
});

/** Names of the kernels that run while something is done. */
function kernelsOf(tf: TensorFlow, action: () => unknown): Set<string> {
  const names = new Set<string>();
  const engine = tf.engine() as unknown as { runKernel(name: string, ...rest: unknown[]): unknown };
  engine.runKernel = (name, ...rest) => {
    names.add(name);
    return Object.getPrototypeOf(engine).runKernel.call(engine, name, ...rest);
  };
  try {
    tf.tidy(() => void action());
  } finally {
    delete (engine as Partial<typeof engine>).runKernel;
  }
  return names;
}

Deno.test("a recurrent layer goes step by step where it must", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.ones([2, 3, 4]);
  class OwnCell
    extends (tf.layers.lstmCell({ units: 2 }).constructor as { new (o: object): Layer }) {
    override getClassName = () => "LSTMCell";
  }
  const layers: [boolean, Layer, object][] = [
    [true, tf.layers.lstm({ units: 2 }), {}],
    [true, tf.layers.gru({ units: 2 }), { training: true }],
    [true, tf.layers.lstm({ units: 2, dropout: 0.5 }), {}],
    [false, tf.layers.lstm({ units: 2, dropout: 0.5 }), { training: true }],
    [false, tf.layers.lstm({ units: 2, recurrentDropout: 0.5 }), { training: true }],
    [false, tf.layers.lstm({ units: 2, activation: "elu" }), {}],
    [false, tf.layers.gru({ units: 2, recurrentActivation: "softsign" }), {}],
    [true, tf.layers.rnn({ cell: tf.layers.lstmCell({ units: 2 }) }) as Layer, {}],
    [false, tf.layers.rnn({ cell: new OwnCell({ units: 2 }) as never }) as Layer, {}],
  ];
  for (const [isWhole, layer, kwargs] of layers) {
    layer.build([2, 3, 4]);
    const kernels = kernelsOf(tf, () => layer.call(x, kwargs as never));
    assertEquals(kernels.has("RecurrentSequence"), isWhole, JSON.stringify(layer.getConfig()));
    layer.weights.forEach((weight) => weight.dispose());
  }
  x.dispose();
});
