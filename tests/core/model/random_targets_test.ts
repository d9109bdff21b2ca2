import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { randomBatch, randomTargets } from "../../../src/entry/model.ts";
import { assertRefused } from "../../assert_refused.ts";
import { drawTarget } from "../../../src/core/model/batches/random_batch.ts";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";

const { tf } = await startEngine();

const head = (units = 3) =>
  tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [2] })] });

function draw(model: LayersModel, objective: string) {
  const targets = randomTargets(model, objective, { examples: 64 }) as Tensor;
  const read = { shape: targets.shape, values: [...targets.dataSync()], rows: targets.arraySync() };
  targets.dispose();
  return read;
}

for (
  const objective of ["categoricalCrossentropy", "categoricalHinge", "kullbackLeiblerDivergence"]
) {
  Deno.test(`randomTargets() draws one-hot targets for ${objective}`, () => {
    const model = head();
    const { shape, rows } = draw(model, objective);
    assertEquals(shape, [64, 3]);
    assertEquals(
      new Set((rows as number[][]).map((row) => row.join())),
      new Set(["1,0,0", "0,1,0", "0,0,1"]),
    );
    model.dispose();
  });
}

const kinds: Record<string, number[]> = {
  binaryCrossentropy: [0, 1],
  hinge: [-1, 1],
  squaredHinge: [-1, 1],
  poisson: [0, 1, 2, 3],
};
for (const [objective, expected] of Object.entries(kinds)) {
  Deno.test(`randomTargets() draws ${expected.join(", ")} for ${objective}`, () => {
    const model = head();
    const { shape, values } = draw(model, objective);
    assertEquals(shape, [64, 3]);
    assertEquals([...new Set(values)].sort((a, b) => a - b), expected);
    model.dispose();
  });
}

Deno.test("randomTargets() draws the same for the same seed, by default 0", () => {
  const model = head();
  const values = (options: { seed?: number }) => {
    const targets = randomTargets(model, "meanSquaredError", options) as Tensor;
    const read = [...targets.dataSync()];
    targets.dispose();
    return read;
  };
  assertEquals(values({}), values({ seed: 0 }));
  assertNotEquals(values({}), values({ seed: 1 }));
  model.dispose();
});

Deno.test("randomTargets() draws class numbers for sparseCategoricalCrossentropy", () => {
  const model = head();
  const { shape, values } = draw(model, "sparseCategoricalCrossentropy");
  assertEquals(shape, [64, 1]);
  assertEquals([...new Set(values)].sort(), [0, 1, 2]);
  model.dispose();
});

Deno.test("randomTargets() draws normal numbers for other objectives, none below 0 for logarithms", () => {
  const model = head();
  const { values } = draw(model, "meanSquaredError");
  assert(values.some((value) => value < -1) && values.some((value) => value > 1));
  assertEquals(draw(model, "toString").values, values);
  const { values: logs } = draw(model, "meanSquaredLogarithmicError");
  assert(logs.every((value) => value >= 0) && logs.some((value) => value > 1));
  model.dispose();
});

Deno.test("randomTargets() draws no number that the head cannot put out", () => {
  const dense = (activation: "linear") =>
    tf.layers.dense({ units: 3, activation, inputShape: [2] });
  const ends = {
    linear: [-4, 4],
    elu: [-4, 4],
    relu: [0, 4],
    relu6: [0, 6],
    softplus: [0, 4],
    sigmoid: [0, 1],
    hardSigmoid: [0, 1],
    tanh: [-1, 1],
    softsign: [-1, 1],
  };
  for (const [activation, [low, high]] of Object.entries(ends)) {
    const layers = [dense(activation as "linear"), tf.layers.reshape({ targetShape: [3, 1] })];
    const inner = tf.sequential({ layers });
    const outer = tf.sequential({ layers: [inner, tf.layers.flatten()] });
    for (const model of [tf.sequential({ layers: [dense(activation as "linear")] }), outer]) {
      for (const objective of ["meanSquaredError", "logcosh"]) {
        const { shape, values } = draw(model, objective);
        assertEquals(shape, [64, 3]);
        const least = Math.min(...values);
        const most = Math.max(...values);
        assert(low <= least && least < (low + high) / 2, `${activation}: ${least}`);
        assert((low + high) / 3 < most && most <= high, `${activation}: ${most}`);
      }
      model.dispose();
    }
  }
  const rectified = tf.sequential({
    layers: [dense("linear"), tf.layers.dropout({ rate: 0.5 }), tf.layers.reLU()],
  });
  assert(draw(rectified, "meanSquaredError").values.every((value) => value >= 0));
  rectified.dispose();
});

Deno.test("randomTargets() follows open axes through the model, one tensor an output", () => {
  const input = tf.input({ shape: [null, null, 2] });
  const pooled = tf.layers.maxPooling2d({ poolSize: 2 }).apply(input);
  const flat = tf.layers.globalAveragePooling2d({ dataFormat: "channelsLast" }).apply(input);
  const model = tf.model({ inputs: input, outputs: [pooled, flat] as never[] });
  const batch = randomBatch(model, {
    examples: 2,
    undefinedSize: 6,
    objective: "meanSquaredError",
  });
  const targets = [batch.targets!].flat();
  assertEquals(targets.map(({ shape }) => shape), [[2, 3, 3, 2], [2, 2]]);
  tf.dispose([batch.inputs, targets].flat());
});

Deno.test("randomTargets() says so when it cannot tell an output's shape", () => {
  const embedding = tf.layers.embedding({ name: "table", inputDim: 3, outputDim: 2 });
  const model = tf.sequential({ layers: [embedding] });
  model.computeOutputShape = () => [null, null, 2];
  assertRefused(
    () => randomTargets(model, "meanSquaredError"),
    {
      place: 'The output "table"',
      found: "the open shape [32, any, 2]",
      expected: "a batch with targets",
    },
  );
  model.dispose();
});

/** Returns the shape and the entries of many targets of a loss. */
function drawMany(loss: string, head = "linear", shape = [200, 3]) {
  const tensor = drawTarget(tf, new SeededRandom(0, "x"), { loss, head, shape });
  const drawn = { shape: tensor.shape, values: [...tensor.dataSync()] };
  tensor.dispose();
  return drawn;
}

const distinct = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);

Deno.test("drawTarget() draws every class, of which a row has one", () => {
  for (const loss of ["categoricalCrossentropy", "categoricalHinge", "kullbackLeiblerDivergence"]) {
    const { shape, values } = drawMany(loss);
    assertEquals([shape, distinct(values)], [[200, 3], [0, 1]]);
    const rows = Array.from({ length: 200 }, (_, i) => values.slice(3 * i, 3 * i + 3));
    assertEquals(distinct(rows.map((row) => row.reduce((a, b) => a + b))), [1]);
    assertEquals(distinct(rows.map((row) => row.indexOf(1))), [0, 1, 2]);
  }
  const sparse = drawMany("sparseCategoricalCrossentropy", "softmax", [50, 4, 3]);
  assertEquals([sparse.shape, distinct(sparse.values)], [[50, 4, 1], [0, 1, 2]]);
});

Deno.test("drawTarget() draws what a loss takes, all of it", () => {
  assertEquals(distinct(drawMany("binaryCrossentropy").values), [0, 1]);
  assertEquals(distinct(drawMany("hinge").values), [-1, 1]);
  assertEquals(distinct(drawMany("squaredHinge").values), [-1, 1]);
  assertEquals(distinct(drawMany("poisson").values), [0, 1, 2, 3]);
  assertEquals(drawMany("meanSquaredLogarithmicError").values.every((x) => x >= 0), true);
});

Deno.test("drawTarget() draws within the range of the head", () => {
  const range = (head: string) => {
    const { values } = drawMany("meanSquaredError", head, [1000, 1]);
    return [Math.min(...values), Math.max(...values)];
  };
  const between = (head: string, low: number, high: number, reach: number) => {
    const [least, most] = range(head);
    assertEquals([least >= low, most <= high, most - least > reach], [true, true, true], head);
  };
  between("sigmoid", 0, 1, 0.8);
  between("tanh", -1, 1, 1.8);
  between("relu", 0, Infinity, 2.5);
  between("relu6", 0, 6, 2.5);
  for (const head of ["linear", "softmax", "elu", "unheard"]) between(head, -5, 5, 5);
});
