import { assert, assertEquals, assertMatch } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { WatchedGradients } from "../../../src/core/measure/tap.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import {
  dense,
  find,
  leavesNoTensors,
  models,
  small,
  uniform,
} from "../../networks/small_models.ts";

const { tf } = await startEngine();

/** The gradients that the pass computes, as `measure` itself sees them, by the ids of the tensors. */
async function gradientsOf(work: () => Promise<unknown>): Promise<Map<number, Float32Array>> {
  const { watch } = WatchedGradients.prototype;
  const seen = new Map<number, Float32Array>();
  WatchedGradients.prototype.watch = function (tensor, see) {
    watch.call(this, tensor, (gradient) => {
      seen.set(tensor.id, gradient.dataSync() as Float32Array);
      see(gradient);
    });
  };
  try {
    await work();
  } finally {
    WatchedGradients.prototype.watch = watch;
  }
  return seen;
}

for (const [name, create] of Object.entries(models)) {
  Deno.test(`measure() computes the gradients of an untapped pass, bit by bit, of ${name}`, async () => {
    const model = create(tf);
    const inputs = uniform([6, 4]);
    const variables = model.trainableWeights.map((weight) => weight.read());
    const expected = tf.tidy(() => {
      const { grads, value } = tf.variableGrads(
        () => {
          const outputs = [model.apply(inputs, { training: false })].flat() as Tensor[];
          return outputs.map((output) => output.sum()).reduce((a, b) => a.add(b)).asScalar();
        },
        variables as Parameters<typeof tf.variableGrads>[1],
      );
      return {
        value: value.dataSync()[0],
        grads: variables.map((variable) =>
          grads[(variable as unknown as { name: string }).name].dataSync()
        ),
      };
    });
    let value = NaN;
    const actual = await gradientsOf(async () => {
      const options = { batchNormalization: "inference" } as const;
      value = (await measure(model, { inputs }, options)).objective.value;
    });
    assertEquals(value, expected.value);
    variables.forEach(({ id }, i) =>
      assertEquals(actual.get(id), expected.grads[i], model.trainableWeights[i].name)
    );
    model.dispose();
    inputs.dispose();
  });
}

Deno.test("measure() reaches below frozen layers, and says why they have no gradient", async () => {
  const model = small();
  model.layers[0].trainable = false;
  model.layers[2].trainable = false;
  const inputs = uniform([6, 4]);
  const { layers } = await measure(model, { inputs });
  assertEquals(layers.map((layer) => layer.trainable), [false, true, false]);
  assert(layers[0].preActivationGradients!.rms > 0);
  assertEquals(layers[0].weights[0].gradients, null);
  assertEquals(layers[0].weights[0].absent.gradients, "the layer is frozen");
  assert(layers[1].weights[0].gradients!.rms > 0);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() says whether the layer or a model around it is frozen", async () => {
  const reasons = async (freeze: (model: LayersModel, inner: LayersModel) => void) => {
    const inner = tf.sequential({
      layers: [dense(3, "tanh", { inputShape: [2, 4] }), tf.layers.batchNormalization()],
    });
    const model = tf.sequential({ layers: [inner, tf.layers.gru({ units: 2 }), dense(1)] });
    freeze(model, inner);
    const { layers } = await measure(model, randomBatch(model));
    model.dispose();
    return layers.flatMap(({ weights }) => weights.map(({ absent }) => absent.gradients));
  };
  const around = "a model around the layer is frozen";
  const never = "the weight is not trained";
  const moving = [never, never];
  assertEquals(await reasons((model) => model.trainable = false), [
    around,
    around,
    around,
    around,
    ...moving,
    around,
    around,
    around,
    around,
    around,
  ]);
  assertEquals(await reasons((_, inner) => inner.trainable = false), [
    around,
    around,
    around,
    around,
    ...moving,
    ...Array(5).fill(undefined),
  ]);
  assertEquals(await reasons((model) => model.layers[2].trainable = false), [
    undefined,
    undefined,
    undefined,
    undefined,
    ...moving,
    undefined,
    undefined,
    undefined,
    "the layer is frozen",
    "the layer is frozen",
  ]);
});

Deno.test("measure() of a wholly frozen model still gives every delta", async () => {
  const model = small();
  model.trainable = false;
  const inputs = uniform([6, 4]);
  await leavesNoTensors(async () => {
    const { layers } = await measure(model, { inputs });
    for (const layer of layers) assert(layer.preActivationGradients!.rms > 0, layer.name);
    assert(layers.every((layer) => layer.weights.every((weight) => weight.gradients === null)));
  });
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() leaves what is off the objective's path without a gradient", async () => {
  const input = tf.input({ shape: [4] });
  const hidden = dense(3, "tanh", { name: "hidden" }).apply(input) as typeof input;
  const used = dense(1, undefined, { name: "used" }).apply(hidden) as typeof input;
  const unused = dense(1, undefined, { name: "unused" }).apply(hidden) as typeof input;
  const model = tf.model({ inputs: input, outputs: [used, unused] });
  const inputs = uniform([6, 4]);
  function firstOnly(outputs: Tensor[]): Tensor {
    return outputs[0].sum();
  }
  const measurements = await measure(model, { inputs }, { objective: firstOnly });
  assertEquals(measurements.objective.name, "firstOnly");
  const off = find(measurements, "unused");
  assertEquals(off.activationGradients, null);
  assertEquals(off.absent.activationGradients, "the layer is not on the objective's path");
  assertEquals(off.weights[0].gradients, null);
  assertEquals(off.weights[0].absent.gradients, "the weight is not on the objective's path");
  assertEquals([off.role, find(measurements, "used").role], ["output", "output"]);
  assert(find(measurements, "hidden").preActivationGradients!.rms > 0);
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() gives an activation layer the delta of its own branch", async () => {
  const input = tf.input({ shape: [1] });
  type Symbolic = typeof input;
  const ones = { kernelInitializer: "ones" as const, useBias: false, units: 1 };
  const hidden = tf.layers.dense(ones).apply(input) as Symbolic;
  const relu = tf.layers.reLU({ name: "relu" }).apply(hidden) as Symbolic;
  const sum = tf.layers.add().apply([relu, hidden]) as Symbolic;
  const model = tf.model({ inputs: input, outputs: sum });
  const inputs = tf.ones([3, 1]);
  const measurements = await measure(model, { inputs });
  assertEquals(find(measurements, "relu").preActivationGradients!.mean, 1);
  assertEquals(measurements.layers[0].preActivationGradients!.mean, 2);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() gives a layer that returns its weight what comes back to it, and keeps the weight", async () => {
  class Weight extends tf.layers.Layer {
    static className = "Weight";
    override build() {
      this.addWeight("w", [1, 2], "float32", tf.initializers.ones());
      this.built = true;
    }
    override call(): Tensor {
      return this.weights[0].read() as Tensor;
    }
  }
  const input = tf.input({ shape: [2] });
  type Symbolic = typeof input;
  const layer = new Weight({});
  const [once, again] = [1, 2].map(() => layer.apply(input) as Symbolic);
  const output = tf.layers.multiply().apply([
    tf.layers.reLU().apply(once) as Symbolic,
    tf.layers.reLU().apply(again) as Symbolic,
  ]) as Symbolic;
  const model = tf.model({ inputs: input, outputs: output });
  const inputs = tf.ones([1, 2]);
  const { activationGradients, weights } = (await measure(model, { inputs })).layers[0];
  // Two calls, and each of them gets back a 1; the weight gets both.
  assertEquals([activationGradients!.count, activationGradients!.mean], [4, 1]);
  assertEquals(weights[0].gradients!.mean, 2);
  assertEquals(Array.from(await layer.weights[0].read().data()), [1, 1]);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() reaches below a layer whose second output alone is used", async () => {
  class Pair extends tf.layers.Layer {
    static className = "Pair";
    override computeOutputShape(shape: never) {
      return [shape, shape] as never;
    }
    override call(inputs: Tensor | Tensor[]): Tensor[] {
      const x = [inputs].flat()[0];
      return [x.mul(1), x.mul(3)];
    }
  }
  const input = tf.input({ shape: [4] });
  type Symbolic = typeof input;
  const hidden = dense(3, "tanh", { name: "hidden" }).apply(input) as Symbolic;
  const [, second] = new Pair({}).apply(hidden) as unknown as Symbolic[];
  const frozen = dense(2, "tanh", { name: "frozen" });
  const model = tf.model({ inputs: input, outputs: frozen.apply(second) as Symbolic });
  model.trainable = false;
  const inputs = uniform([5, 4]);
  const measurements = await measure(model, { inputs });
  assert(find(measurements, "frozen").preActivationGradients!.rms > 0);
  assert(find(measurements, "hidden").preActivationGradients!.rms > 0);
  const pair = measurements.layers.find(({ className }) => className === "Pair")!;
  assertEquals(pair.activationGradients, null);
  assertMatch(pair.absent.activationGradients, /first output/);
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() frees everything where a callback differentiates on its own", async () => {
  const [model, other] = [2, 3].map((units) =>
    tf.sequential({ layers: [dense(units, "tanh", { inputShape: [4] }), dense(1, "tanh")] })
  );
  const inputs = uniform([5, 4]);
  const expected = await measure(model, { inputs });
  const before = tf.memory().numTensors;
  const inner: Promise<unknown>[] = [];
  const measured = await measure(model, { inputs }, {
    onProgress() {
      tf.tidy(() => tf.grad((x: Tensor) => x.square().sum())(tf.scalar(3)));
      inner.push(measure(other, { inputs }));
    },
  });
  assertEquals((await Promise.all(inner)).length, 4);
  assertEquals(measured, expected);
  assertEquals(tf.memory().numTensors, before);
  inputs.dispose();
  model.dispose();
  other.dispose();
});
