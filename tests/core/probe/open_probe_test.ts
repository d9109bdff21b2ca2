import { assert, assertEquals, assertRejects } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { probeOverfit, probeStep } from "../../../src/core/probe/probe_step.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";

const { tf } = await startEngine();
const { layers } = tf;

const SHAPE = [6, 4, 3];
const MSE = { objective: "meanSquaredError" } as const;

// deno-lint-ignore no-explicit-any -- options of one recurrent layer after another
type Options = any;

Deno.test("a probe puts back the state of a wrapper, too, and starts each attempt from it", async () => {
  const { SpectralNormalization } = kerasLayers(tf);
  const model = tf.sequential({
    layers: [
      layers.inputLayer({ inputShape: [5] }) as never,
      new SpectralNormalization({ layer: layers.dense({ units: 4 }) }) as never,
      layers.dense({ units: 1 }),
    ],
  });
  const batch = {
    inputs: tf.randomNormal([8, 5], 0, 1, "float32", 1) as Tensor,
    targets: tf.randomNormal([8, 1], 0, 1, "float32", 2) as Tensor,
  };
  const bits = () => model.weights.map((weight) => [...weight.read().dataSync()]);
  const before = bits();
  const trials = [];
  for (let i = 0; i < 2; i++) trials.push(await tryTraining(model, batch, { ...MSE, steps: 3 }));
  assertEquals(bits(), before);
  assertEquals(trials[1], trials[0]);
  model.dispose();
  tf.dispose(Object.values(batch));
});

/** Recurrent layers that take their states from one batch to the next. */
const STATEFUL: Record<string, (options: Options) => unknown> = {
  lstm: (options) => layers.lstm({ units: 3, ...options }),
  gru: (options) => layers.gru({ units: 3, ...options }),
  simpleRNN: (options) => layers.simpleRNN({ units: 3, ...options }),
  bidirectional: ({ batchInputShape, ...options }) =>
    layers.bidirectional({
      layer: layers.lstm({ units: 3, ...options }) as never,
      mergeMode: "concat",
      batchInputShape,
    }),
  stacked: ({ dropout: _, recurrentDropout: __, ...options }) =>
    layers.rnn({
      cell: [layers.lstmCell({ units: 3 }), layers.gruCell({ units: 2 })] as never,
      ...options,
    }),
};

function create(name: string, options: Options = {}): LayersModel {
  const given = { batchInputShape: SHAPE, returnSequences: true, stateful: true, ...options };
  return tf.sequential({ name, layers: [STATEFUL[name](given) as never] });
}

function batchOf(model: LayersModel): Batch & { inputs: Tensor; targets: Tensor } {
  const shape = model.outputs[0].shape as number[];
  return {
    inputs: tf.randomNormal(SHAPE, 0, 1, "float32", 1),
    targets: tf.randomNormal(shape, 0, 1, "float32", 2),
  };
}

/** Every state and weight of a model, bit by bit. */
function everything(model: LayersModel): number[][] {
  const states = leafLayers(model).flatMap(({ layer }) =>
    ((layer as unknown as { states_?: Tensor[] | null }).states_ ?? []).flat()
  );
  return [...states, ...model.getWeights()].map((tensor) => [...tensor.dataSync()]);
}

for (const name of Object.keys(STATEFUL)) {
  for (const dropout of [0, 0.3]) {
    for (const warm of [false, true]) {
      const which = `a stateful ${name}${dropout ? " with dropout" : ""}${warm ? ", used" : ""}`;
      Deno.test(`probes start each pass of ${which} from its states, and leave them`, async () => {
        const model = create(name, { dropout, recurrentDropout: dropout });
        const batch = batchOf(model);
        if (warm) tf.dispose(model.predict(batch.inputs));
        // Built by a first pass: some states do not exist before.
        const before = everything(model);
        const { numTensors } = tf.memory();
        await assertions.assertGradientsMatchNumeric(model, batch, MSE);
        await assertions.assertBatchIndependence(model, batch);
        if (name !== "bidirectional") await assertions.assertCausal(model, batch);
        await assertions.assertDependsOnInput(model, batch);
        await assertions.assertWeightsChange(model, batch, MSE);
        await assertions.assertUpdateRatio(model, batch, MSE);
        await probeOverfit(model, batch, { ...MSE, steps: 3, targetLoss: 0 });
        assertEquals(everything(model), before);
        assertEquals(tf.memory().numTensors, numTensors);
        tf.dispose([batch.inputs, batch.targets]);
        model.dispose();
      });
    }
  }
}

Deno.test("assertDependsOnInput() sees that a stateful layer ignores its input", async () => {
  const model = create("simpleRNN", { kernelInitializer: "zeros", biasInitializer: "ones" });
  const { inputs, targets } = batchOf(model);
  await assertRejects(() => assertions.assertDependsOnInput(model, { inputs }), Error, "stays the");
  tf.dispose([inputs, targets]);
  model.dispose();
});

Deno.test("probeOverfit() starts each step of a stateful layer from the same states", async () => {
  const model = create("lstm");
  const batch = batchOf(model);
  const still = { ...MSE, optimizer: tf.train.sgd(0), steps: 3, targetLoss: 0 };
  const { losses } = await probeOverfit(model, batch, still);
  assertEquals(losses, Array(4).fill(losses[0]));
  const { losses: falling } = await probeOverfit(model, batch, {
    ...still,
    optimizer: tf.train.sgd(0.5),
  });
  assert(falling.every((loss, i) => i === 0 || loss < falling[i - 1]), `${falling}`);
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
});

Deno.test("probeStep() hands each step of one's own the same states", async () => {
  const model = create("gru");
  const batch = batchOf(model);
  const seen: number[][][] = [];
  await probeStep(model, batch, {
    train(model) {
      seen.push(everything(model));
      tf.dispose(model.predict(batch.inputs));
    },
  });
  assertEquals(seen.length, 2);
  assertEquals(seen[0], seen[1]);
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
});
