import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { getWeights, loadModel } from "../../../src/entry/model.ts";
import { runCommand } from "../../cli/run_command.ts";
import { refusal } from "./refusal.ts";
import { SEEDED, withModule } from "./with_module.ts";

const { tf } = await startEngine();

/** Returns the error of a file that lacks the weights of one layer. */
const withLayer = (units: number) =>
  refusal({
    edit: (json) => {
      json.modelTopology.config.layers.push({
        class_name: "Dense",
        config: { name: "wide", units },
      });
      return json;
    },
  });

Deno.test("buildModel() counts what all weights of a model take together", async () => {
  // 2^22 entries are free. The kernel and bias of the first layer have 4 million entries together,
  // those of the second 6 million.
  assertEquals(
    await withLayer(2e6),
    'weightsManifest has no "wide/kernel" and 1 more, expected every weight of the model',
  );
  assertEquals(
    await withLayer(3e6),
    'modelTopology.config.layers[2].config asks for a weight "bias" of shape [3000000], expected no more than the ' +
      "9 entries that weightsManifest declares for the whole model",
  );
});

Deno.test("buildModel() counts the states of a stateful layer by the examples of a batch", async () => {
  const withBatch = (examples: number) => {
    const model = tf.sequential({
      layers: [
        tf.layers.lstm({ units: 3, stateful: true, batchInputShape: [4, 5, 2] }),
      ],
    });
    return refusal({
      edit: (json) => {
        json.modelTopology.config.layers[0].config.batch_input_shape = [examples, 5, 2];
        return json;
      },
    }, model).finally(() => model.dispose());
  };
  // Two states of 3 units for each example: of one example fewer they have their room.
  assertEquals(
    await withBatch(699051),
    "modelTopology asks for batches of [699051, 5, 2], whose states would be 4194306 numbers, expected no " +
      "more than 4194304",
  );
});

Deno.test("buildModel() makes no weight whose sizes are no whole numbers from 0", async () => {
  /** A layer that asks for a weight of the shape that its configuration has, before TensorFlow.js sees it. */
  class AsksForShape extends tf.layers.Layer {
    static className = "AsksForShape";
    readonly #shape: number[];
    constructor(config: { shape: number[]; name?: string; batchInputShape?: number[] }) {
      super(config);
      this.#shape = config.shape;
    }
    override build() {
      this.addWeight("odd", this.#shape, "float32", tf.initializers.zeros());
      this.built = true;
    }
    override call(x: ReturnType<typeof tf.zeros>) {
      return [x].flat()[0];
    }
    override getConfig() {
      return { ...super.getConfig(), shape: this.#shape };
    }
  }
  tf.serialization.registerClass(AsksForShape as never);
  const asking = (shape: number[]) =>
    refusal({
      edit: (json) => {
        json.modelTopology.config.layers.push({
          class_name: "AsksForShape",
          config: { name: "asks", shape },
        });
        return json;
      },
    });
  for (const shape of [[-2], [-2, -2], [0.5], [2, 2.5], [2 ** 53, 0]]) {
    assertEquals(
      await asking(shape),
      `modelTopology.config.layers[2].config asks for a weight "odd" of shape [${
        shape.join(", ")
      }], ` +
        "expected no more than the 9 entries that weightsManifest declares for the whole model",
      `${shape}`,
    );
  }
  // These it makes, and the file lacks them.
  for (const shape of [[], [0], [2, 3]]) {
    assertEquals(
      await asking(shape),
      'weightsManifest has no "asks/odd", expected every weight of the model',
    );
  }
});

/** A module with a model of its own, whose weights no seed draws, and what it exports of it. */
const built = (exported: string) =>
  `import * as tf from "${import.meta.resolve("@tensorflow/tfjs")}";
const net = tf.sequential({
  layers: [tf.layers.dense({ units: 8, activation: "tanh", inputShape: [4] })],
});
net.compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: ["accuracy", "mae"] });
${exported}
`;

const FORMS = {
  "a model": "export const model = net;",
  "the promise of a model": "export const model = Promise.resolve(net);",
  "a model as default": "export default net;",
  "the promise of a model as default": "export default Promise.resolve(net);",
  "the same model twice": "export const model = net; export default net;",
  "a model beside a default that is none":
    "export const model = net; export default { epochs: 3 };",
};

for (const [what, exported] of Object.entries(FORMS)) {
  Deno.test(`loadModel() takes a module that exports ${what}`, () =>
    withModule(built(exported), async (path) => {
      const { model, seed, recreate, name, kind } = await loadModel(path, { seed: 3 });
      assertEquals({ seed, recreate, name, kind }, {
        seed: null,
        recreate: null,
        name: "net",
        kind: "module",
      });
      // It is the module's, and there for who loads it next.
      assertEquals((await loadModel(path, { seed: 4 })).model, model);
      model.dispose();
    }));
}

Deno.test("loadModel() takes a default function for createModel, which is preferred to all others", async () => {
  await withModule(`export default ${SEEDED}`, async (path) => {
    const { model, seed, recreate } = await loadModel(path, { seed: 3 });
    assertEquals([...getWeights(model)["dense_1/kernel"].values], [3, 3]);
    assertEquals(seed, 3);
    (await recreate!(5)).dispose();
    model.dispose();
  });
  const text = `export const createModel = ${SEEDED}
export const model = 3;
export default () => 3;`;
  await withModule(text, async (path) => {
    const { model, seed } = await loadModel(path, { seed: 3 });
    assertEquals(seed, 3);
    model.dispose();
  });
});

Deno.test("loadModel() draws a model that is built without a seed the same each time", async () => {
  const kernels: number[][] = [];
  for (const _ of [1, 2]) {
    await withModule(built("export default net;"), async (path) => {
      const { model } = await loadModel(path);
      kernels.push([...getWeights(model)["dense_1/kernel"].values]);
      model.dispose();
    });
  }
  assertEquals(kernels[0], kernels[1]);
  assertNotEquals(new Set(kernels[0]).size, 1);
  assert(tf.memory().numTensors < 10, `${tf.memory().numTensors} tensors`);
});

Deno.test("report names the loss and the metrics that a module's model is compiled with", () =>
  withModule(built("export default net;"), async (path) => {
    const { code, stdout } = await runCommand(["report", path, "--quiet", "--trial", "off"]);
    assertEquals(code, 0);
    const header = stdout.replace(/\s+/g, " ");
    assertStringIncludes(
      header,
      "meanSquaredError (compiled): on random targets Metrics accuracy ",
    );
    const format = ["--format", "json", "--trial", "off", "--quiet"];
    const json = JSON.parse((await runCommand(["report", path, ...format])).stdout);
    const [accuracy, mae] = json.objective.metrics;
    assertEquals([accuracy.name, mae.name], ["accuracy", "mae"]);
    assertStringIncludes(header, `, mae ${Number(mae.value.toPrecision(3))} `);
    assertEquals(json.objective.chosenBy, "compiled");
    assertEquals(json.seed, null);
  }));

Deno.test("check says nothing of modules where a file holds the weights", async () => {
  const keras = new URL("../../../fixtures/files/keras/arithmetic.keras", import.meta.url).pathname;
  const args = ["check", keras, "--no-config", "--seeds", "2", "--trial", "off"];
  const { code, stderr } = await runCommand(args);
  assertEquals(code, 0, stderr);
  assert(!stderr.includes("already built"), stderr);
});

Deno.test("check and sweep say that seeds do not draw a model that is built", () =>
  withModule(built("export default net;"), async (path) => {
    const note = `${path} exports a model that is already built: its weights are the same under ` +
      "every seed, which draws the batch alone; export createModel({ tf, seed }) instead to have " +
      "them drawn\n";
    const check = ["check", path, "--no-config", "--trial", "off", "--seeds"];
    const several = await runCommand([...check, "2"]);
    assertEquals(several.stderr.split(`note: ${note}`).length, 2, several.stderr);
    assert(!several.stdout.includes("could not be measured"), several.stdout);
    assert(several.code < 2, several.stderr);
    const jobs = await runCommand([...check, "0..1", "--jobs", "2"]);
    assertEquals([jobs.code, jobs.stdout], [several.code, several.stdout]);
    assert(!(await runCommand([...check, "1"])).stderr.includes("already built"));
    const sweep = ["sweep", path, "--scale", "1", "--seeds"];
    for (const jobs of ["1", "2"]) {
      const { stderr } = await runCommand([...sweep, "2", "--jobs", jobs]);
      assertEquals(stderr.split(`warning: ${note}`).length, 2, stderr);
    }
    assert(!(await runCommand([...sweep, "1"])).stderr.includes("already built"));
  }));

const FILES = ["fixtures/golden/relu_he/model.json", "fixtures/files/keras/dense.keras"];

/** Returns true if all weights of a model are 0, as before they are read. */
const isEmpty = (model: LayersModel) =>
  model.getWeights().every((weight) => weight.dataSync().every((value) => value === 0));

for (const file of FILES) {
  Deno.test(`loadModel() calls beforeWeights before it reads those of ${file}`, async () => {
    await using engine = await startEngine();
    const seen: boolean[] = [];
    const { model } = await loadModel(file, {
      beforeWeights: (model) => void seen.push(isEmpty(model)),
    });
    assertEquals(seen, [true]);
    assert(!isEmpty(model));
    model.dispose();
    const before = engine.tf.memory().numTensors;
    await assertRejects(
      () =>
        loadModel(file, {
          beforeWeights: () => {
            throw new RangeError("too large");
          },
        }),
      RangeError,
      "too large",
    );
    assertEquals(engine.tf.memory().numTensors, before, "nothing of it is left");
  });
}

Deno.test("an overflow of the stack is blamed on the chain from 500 layers on", async () => {
  class Overflows extends tf.layers.Layer {
    static className = "Overflows";
    override build() {
      throw new RangeError("Maximum call stack size exceeded");
    }
  }
  tf.serialization.registerClass(Overflows as never);
  const overflowing = (layers: number) =>
    refusal({
      edit: (json) => {
        const all = json.modelTopology.config.layers;
        for (let i = all.length; i < layers - 1; i++) {
          all.push({ class_name: "Activation", config: { name: `a${i}`, activation: "linear" } });
        }
        all.push({ class_name: "Overflows", config: { name: "overflows" } });
        return json;
      },
    });
  assertStringIncludes(await overflowing(499), ": it calls itself without end");
  assertStringIncludes(await overflowing(500), "has no room for 500 layers in a row");
});
