import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { getWeights } from "../../../src/entry/model.ts";
import { putInPlace } from "../../../src/files/new_folder.ts";
import { SharedZeros } from "../../../src/keras/topology/build_model.ts";
import { modelWeights } from "../../../src/core/model/weights/model_weights.ts";

const { tf } = await startEngine();

const names = (model: Parameters<typeof modelWeights>[0]) =>
  modelWeights(model).map((weight) => weight.weightName);

Deno.test("modelWeights() names weights alike however many models were made before", () => {
  const make = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ name: "d", units: 3, inputShape: [4] }),
        tf.layers.batchNormalization({ name: "bn" }),
      ],
    });
  const models = [make(), make(), make()];
  for (const model of models) {
    assertEquals(names(model), [
      "d/kernel",
      "d/bias",
      "bn/gamma",
      "bn/beta",
      "bn/moving_mean",
      "bn/moving_variance",
    ]);
    model.dispose();
  }
});

Deno.test("modelWeights() numbers equal names within a layer of stacked cells", () => {
  const model = tf.sequential({
    layers: [tf.layers.rnn({
      name: "rnn",
      cell: [tf.layers.simpleRNNCell({ units: 2 }), tf.layers.simpleRNNCell({ units: 3 })] as never,
      inputShape: [4, 2],
    })],
  });
  const weights = modelWeights(model);
  assertEquals(weights.map(({ weightName, variable }) => [weightName, variable.shape]), [
    ["rnn/kernel", [2, 2]],
    ["rnn/recurrent_kernel", [2, 2]],
    ["rnn/bias", [2]],
    ["rnn/kernel_2", [2, 3]],
    ["rnn/recurrent_kernel_2", [3, 3]],
    ["rnn/bias_2", [3]],
  ]);
  assertEquals(new Set(weights.map(({ layerPath }) => layerPath)), new Set(["rnn"]));
  model.dispose();
});

/** A layer whose weight is another layer's: a tied decoder. */
class Tied extends tf.layers.Layer {
  static className = "TestTied";
  constructor(readonly to: ReturnType<typeof tf.layers.dense>) {
    super({ name: "tied" });
  }
  override build() {
    const own = this as unknown as { _trainableWeights: unknown[] };
    own._trainableWeights = [this.to.weights[0]];
    this.built = true;
  }
}

Deno.test("modelWeights() lists a tied weight once, under the first layer that has it", () => {
  const encoder = tf.layers.dense({ name: "encoder", units: 3, inputShape: [3] });
  const model = tf.sequential({ layers: [encoder, new Tied(encoder)] });
  assertEquals(names(model), ["encoder/kernel", "encoder/bias"]);
  encoder.weights.forEach((weight) => weight.dispose());
});

Deno.test("modelWeights() tells what training would leave alone", () => {
  const frozen = tf.sequential({
    name: "frozen",
    layers: [tf.layers.dense({ name: "d", units: 2, inputShape: [2] })],
  });
  const model = tf.sequential({
    layers: [
      frozen,
      tf.layers.dense({ name: "still", units: 2, trainable: false }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  frozen.trainable = false;
  assertEquals(
    modelWeights(model).filter((weight) => weight.trainable).map(({ weightName }) => weightName),
    ["bn/gamma", "bn/beta"],
  );
  assertEquals(names(model).length, 8);
  model.dispose();
});

Deno.test("getWeights() prints how many weights and entries there are, and how large they are", () => {
  const printed = (units: number) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: "d", units, useBias: false, inputShape: [1] })],
    });
    model.layers[0].setWeights([tf.tensor2d([Array.from({ length: units }, (_, i) => i - 3)])]);
    const lines = Deno.inspect(getWeights(model)).split("\n").map((line) => line.trim());
    model.dispose();
    return lines;
  };
  assertEquals(printed(1), [
    "1 weight with 1 entry",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [1, 1]         3            3",
  ]);
  assertEquals(printed(2), [
    "1 weight with 2 entries",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [1, 2]       2.5            3",
  ]);
});

Deno.test("SharedZeros holds one set of entries for each shape and type, and weights keep theirs", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory();
  const zeros = new SharedZeros(tf);
  const a = zeros.apply([2, 3], "float32");
  const b = zeros.apply([2, 3], "float32");
  const wide = zeros.apply([3, 2], "float32");
  const whole = zeros.apply([2, 3], "int32");
  assert(a.dataId === b.dataId);
  assertEquals(tf.memory().numDataBuffers - before.numDataBuffers, 3);
  zeros.dispose();
  a.dispose();
  assertEquals([...b.dataSync()], [0, 0, 0, 0, 0, 0]);
  assertEquals([wide.shape, whole.dtype], [[3, 2], "int32"]);
  tf.dispose([b, wide, whole]);
  assertEquals(tf.memory().numTensors, before.numTensors);
});

const isWindows = Deno.build.os === "windows";
/** Only root may give files away. */
const mayGiveAway = !isWindows && Deno.uid() === 0;

/** Properties of a file after another has replaced it. */
async function replaced(
  { mode = 0o644, uid, gid }: { mode?: number; uid?: number; gid?: number } = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    const temporary = `${folder}/new`;
    const target = `${folder}/old`;
    await Deno.writeTextFile(target, "old");
    if (mayGiveAway) await Deno.chown(target, uid ?? null, gid ?? null);
    if (!isWindows) await Deno.chmod(target, mode);
    await Deno.writeTextFile(temporary, "new");
    await putInPlace(temporary, target);
    const info = await Deno.stat(target);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return { left, text: await Deno.readTextFile(target), info };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("putInPlace() replaces a file, and leaves no other", async () => {
  const { left, text } = await replaced();
  assertEquals([left, text], [["old"], "new"]);
});

Deno.test("putInPlace() keeps the mode", { ignore: isWindows }, async () => {
  for (const mode of [0o600, 0o755, 0o1640]) {
    assertEquals((await replaced({ mode })).info.mode! & 0o7777, mode);
  }
});

Deno.test("putInPlace() keeps the owner and the group, and the mode with them", {
  ignore: !mayGiveAway,
}, async () => {
  for (const [uid, gid] of [[4001, 0], [0, 4002], [4001, 4002]]) {
    const { info } = await replaced({ uid, gid, mode: 0o4755 });
    // Giving a file away takes its set-user-id bit, so that the mode comes after it.
    assertEquals([info.uid, info.gid, info.mode! & 0o7777], [uid, gid, 0o4755]);
  }
});

Deno.test("putInPlace() makes a file where there was none, and tells what keeps it from that", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/new`, "new");
    await putInPlace(`${folder}/new`, `${folder}/other`);
    assertEquals(await Deno.readTextFile(`${folder}/other`), "new");
    // A file is not a folder, so nothing can be in it.
    const inFile = `${folder}/other/file`;
    await assertRejects(() => putInPlace(`${folder}/other`, inFile), Deno.errors.NotADirectory);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
