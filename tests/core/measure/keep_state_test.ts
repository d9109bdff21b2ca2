import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Layer, LayersModel, Tensor } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { largestDifference } from "./largest_difference.ts";

const { tf } = await startEngine({ threads: 1 });

type Writable = { read(): Tensor; write(value: Tensor): unknown };

/** A layer that writes into variables of all kinds when it is called, and adds them to its input. */
class Busy extends tf.layers.Layer {
  static readonly className = "Busy";
  trained!: Writable;
  counted!: Writable;
  readonly field = tf.variable(tf.zeros([2]), false);
  readonly inside = tf.layers.batchNormalization();

  override build(): void {
    const zeros = tf.initializers.zeros();
    this.trained = this.addWeight("trained", [2], "float32", zeros);
    this.counted = this.addWeight("counted", [2], "float32", zeros, undefined, false);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0];
      for (const weight of [this.trained, this.counted]) weight.write(weight.read().add(1));
      this.field.assign(this.field.add(1) as typeof this.field);
      const y = this.inside.apply(x, { training: true }) as Tensor;
      return y.add(this.trained.read()).add(this.counted.read()).add(this.field);
    });
  }
}

const bytesOf = (layers: Layer[]) =>
  layers.flatMap((layer) => layer.getWeights()).map((weight) => [...weight.dataSync()]);

function busyModel(...more: Layer[]): { model: LayersModel; busy: Busy } {
  const busy = new Busy({ name: "busy" });
  const first = tf.layers.dense({ units: 2, inputShape: [2], name: "first" });
  const model = tf.sequential({ layers: [first, busy as unknown as Layer, ...more] });
  tf.tidy(() => model.predict(tf.ones([2, 2])));
  return { model, busy };
}

const snapshot = ({ model, busy }: ReturnType<typeof busyModel>) => [
  ...bytesOf([...model.layers, busy.inside]),
  [...busy.field.dataSync()],
];

Deno.test("measure() puts back whatever a layer writes when it is called, and twice gives the same", async () => {
  const subject = busyModel(tf.layers.batchNormalization({ name: "normal" }));
  const inputs = tf.randomNormal([8, 2], 5, 1, "float32", 1);
  const before = snapshot(subject);
  const { numTensors } = tf.memory();
  const first = await measure(subject.model, { inputs }, { batchNormalization: "training" });
  assertEquals(snapshot(subject), before);
  const second = await measure(subject.model, { inputs }, { batchNormalization: "training" });
  assertEquals(second, first);
  assertEquals(snapshot(subject), before);
  assertEquals(tf.memory().numTensors, numTensors);
});

Deno.test("measure() puts it back where the pass fails", async () => {
  class Fails extends tf.layers.Layer {
    static readonly className = "Fails";
    override call(): Tensor {
      throw new Error("no");
    }
  }
  const subject = busyModel();
  const { model, busy } = subject;
  const failing = tf.model({
    inputs: model.inputs,
    outputs: new Fails({ name: "fails" }).apply(model.outputs[0]) as LayersModel["outputs"][number],
  });
  const inputs = tf.ones([4, 2]);
  const before = snapshot({ model, busy });
  const { numTensors } = tf.memory();
  await assertRejects(() => measure(failing, { inputs }), MeasureError, "fails");
  assertEquals(snapshot({ model, busy }), before);
  assertEquals(tf.memory().numTensors, numTensors);
});

Deno.test("measure() keeps nothing of a variable that a layer disposes of", async () => {
  class Drops extends tf.layers.Layer {
    static readonly className = "Drops";
    readonly field = tf.tidy(() => tf.variable(tf.ones([2]), false));
    isTired = false;
    override call(inputs: Tensor | Tensor[]): Tensor {
      if (this.isTired && !this.field.isDisposed) this.field.dispose();
      return tf.mul([inputs].flat()[0], 1);
    }
  }
  const drops = new Drops({ name: "drops", inputShape: [2] });
  const model = tf.sequential({ layers: [drops as unknown as Layer] });
  const inputs = tf.ones([4, 2]);
  await measure(model, { inputs });
  const { numTensors, numDataBuffers } = tf.memory();
  drops.isTired = true;
  await measure(model, { inputs });
  assertEquals(drops.field.isDisposed, true);
  assertEquals(tf.memory().numTensors, numTensors - 1);
  assertEquals(tf.memory().numDataBuffers, numDataBuffers - 1);
});

Deno.test("measure() reports weights as they were before the pass", async () => {
  const { model } = busyModel(tf.layers.batchNormalization({ name: "normal" }));
  const inputs = tf.fill([8, 2], 5);
  const { layers } = await measure(model, { inputs }, { batchNormalization: "training" });
  const values = layers.flatMap(({ weights }) => weights)
    .filter(({ name }) => /busy|moving/.test(name)).map(({ name, values }) => [name, values.mean]);
  // One prediction was before.
  assertEquals(values, [
    ["busy/trained", 1],
    ["busy/counted", 1],
    ["normal/moving_mean", 0],
    ["normal/moving_variance", 1],
  ]);
});

Deno.test("measure() reports a large kernel as it was, where the layer before writes into it", async () => {
  const large = tf.layers.dense({ units: 200, name: "large", kernelInitializer: "ones" });
  class Writes extends tf.layers.Layer {
    static readonly className = "Writes";
    override call(inputs: Tensor | Tensor[]): Tensor {
      const [kernel] = large.weights;
      tf.tidy(() => void kernel.write(kernel.read().mul(2)));
      return [inputs].flat()[0].mul(1);
    }
  }
  const model = tf.sequential({
    layers: [new Writes({ inputShape: [100] }) as unknown as Layer, large],
  });
  const { layers } = await measure(model, { inputs: tf.ones([2, 100]) });
  assertEquals(layers[1].weights[0].values.mean, 1);
});

Deno.test("measure() gives each part of a batch the state that the whole would find", async () => {
  class Counts extends tf.layers.Layer {
    static readonly className = "Counts";
    readonly calls = tf.variable(tf.scalar(0), false);
    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        this.calls.assign(this.calls.add(1) as typeof this.calls);
        return [inputs].flat()[0].mul(this.calls);
      });
    }
  }
  const counts = new Counts({ name: "counts" });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2] }),
      counts as unknown as Layer,
      tf.layers.dense({ units: 1 }),
    ],
  });
  const batch = { inputs: tf.randomNormal([8, 2], 0, 1, "float32", 1) };
  const whole = await measure(model, batch);
  const { numTensors } = tf.memory();
  const parts = await measure(model, batch, { microBatch: 2 });
  assertEquals(parts.batch.sawParts, ["counts"]);
  const { by, at } = largestDifference(whole, parts);
  assert(by < 1e-6, `${by} ${at}`);
  assertEquals(counts.calls.dataSync()[0], 0);
  assertEquals(tf.memory().numTensors, numTensors);
});
