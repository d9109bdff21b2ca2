import { assertEquals, assertRejects } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../src/engine/mod.ts";
import { BatchError, readBatch } from "../../src/entry/model.ts";
import { fixture, readExpected } from "../torch/fixture.ts";
import { png } from "../files/write_png.ts";
import { assertRefusedLater } from "../assert_refused.ts";

const { batch: expected, images } = await readExpected();

/** A classifier of three classes over four features. */
async function withModel(run: (model: LayersModel) => Promise<void>) {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, activation: "softmax", inputShape: [4] })],
  });
  await run(model);
  model.dispose();
}

const data = (tensor: unknown) => [...(tensor as Tensor).dataSync()];
const shape = (tensor: unknown) => (tensor as Tensor).shape;

Deno.test("readBatch() reads .npy and .npz as NumPy writes them", async () => {
  await withModel(async (model) => {
    for (const name of ["batch.npy", "batch_fortran.npy"]) {
      const { inputs, targets } = await readBatch(fixture(name), model);
      assertEquals([shape(inputs), targets], [[12, 4], null]);
      assertEquals(data(inputs), expected.x, name);
    }
    for (const name of ["batch.npz", "batch_plain.npz"]) {
      const { inputs, targets } = await readBatch(fixture(name), model);
      assertEquals(data(inputs), expected.x, name);
      assertEquals([shape(targets), data(targets)], [[12], expected.y], name);
    }
    const { inputs, targets } = await readBatch(fixture("batch_packed.npz"), model, {
      objective: "categoricalCrossentropy",
    });
    assertEquals(data(inputs), [...new Float32Array(new Float16Array(expected.x))]);
    assertEquals(shape(targets), [12, 3]);
    assertEquals(data(targets), expected.y.flatMap((y) => [0, 1, 2].map((c) => c === y ? 1 : 0)));
  });
});

Deno.test("readBatch() takes whole numbers for the classes of a sparse loss", async () => {
  await withModel(async (model) => {
    for (const name of ["batch.npz", "batch.csv"]) {
      const { targets } = await readBatch(fixture(name), model, {
        objective: "sparseCategoricalCrossentropy",
      });
      assertEquals(data(targets), expected.y, name);
    }
    await assertRefusedLater(
      () => readBatch(fixture("batch.npz"), model, { objective: "categoricalCrossentropy" }),
      {
        place: `${fixture("batch.npz")}: y`,
        found: "shape [12]",
        expected:
          `[any, 3] as model "${model.name}" outputs; class numbers take the objective sparseCategoricalCrossentropy`,
      },
      BatchError,
    );
  });
});

Deno.test("readBatch() reads a .csv with a header, its last column the targets", async () => {
  await withModel(async (model) => {
    const { inputs, targets } = await readBatch(fixture("batch.csv"), model);
    assertEquals(data(inputs), expected.x);
    assertEquals([shape(targets), data(targets)], [[12, 1], expected.y]);
    const path = await Deno.makeTempFile({ suffix: ".csv" });
    await Deno.writeTextFile(path, '\ufeff"a, b",b,c,d\r\n1, "2",3e1,nan\r\n');
    const plain = await readBatch(path, model);
    assertEquals([data(plain.inputs), plain.targets], [[1, 2, 30, NaN], null]);
    await Deno.remove(path);
  });
});

Deno.test("readBatch() numbers the class names of a .csv, and says which is which", async () => {
  await withModel(async (model) => {
    const path = await Deno.makeTempFile({ suffix: ".csv" });
    const rows = ["5,3,1,0,virginica", "6,2,4,1,setosa", '7,3,5,2,"versicolor"', "5,1,2,3,setosa"];
    const head = "sepal_length,sepal_width,petal_length,petal_width,species";
    await Deno.writeTextFile(path, [head, ...rows].join("\n"));
    const notes: string[] = [];
    const onNote = (note: string) => notes.push(note);
    const objective = "sparseCategoricalCrossentropy";
    const numbers = await readBatch(path, model, { objective, onNote });
    assertEquals([shape(numbers.inputs), data(numbers.targets)], [[4, 4], [2, 0, 1, 0]]);
    assertEquals(notes, [
      `${path}: The column "species" holds the targets, names of 3 classes: 0 is "setosa", 1 is ` +
      '"versicolor", 2 is "virginica"',
    ]);
    const shares = await readBatch(path, model, { objective: "categoricalCrossentropy" });
    assertEquals(data(shares.targets), [0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0]);
    await Deno.writeTextFile(path, [head, ...rows.slice(1, 3)].join("\n"));
    await assertRejects(
      () => readBatch(path, model),
      BatchError,
      'The column "species" holds 2 classes, expected 3 as the model outputs',
    );
    // pandas writes the index as a first column without a name, and truth values as words.
    const indexed = [",a,b,c,d,kind", "0,1,2,3,True,x", "1,5,6,7,False,y", "2,5,6,7,False,z"];
    await Deno.writeTextFile(path, indexed.join("\n"));
    const { inputs, targets } = await readBatch(path, model, { objective });
    assertEquals(data(inputs), [1, 2, 3, 1, 5, 6, 7, 0, 5, 6, 7, 0]);
    assertEquals(data(targets), [0, 1, 2]);
    await Deno.remove(path);
  });
});

Deno.test("readBatch() adds a last axis of size 1 to inputs that lack it", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [2, 2, 1] }), tf.layers.dense({ units: 1 })],
  });
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, '{"inputs": [[[1, 2], [3, 4]]]}');
  assertEquals(shape((await readBatch(path, model)).inputs), [1, 2, 2, 1]);
  await Deno.writeTextFile(path, '{"inputs": [[1, 2, 3, 4]]}');
  await assertRejects(() => readBatch(path, model), BatchError, "has shape [1, 4]");
  model.dispose();
  await Deno.remove(path);
});

Deno.test("readBatch() takes two classes of pictures for one unit, and no other number of them", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const make = (units: number) =>
    tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [6, 5, 3] }), tf.layers.dense({ units })],
    });
  const one = make(1);
  const { targets } = await readBatch(fixture("images"), one);
  assertEquals([shape(targets), data(targets)], [[4, 1], [0, 0, 1, 1]]);
  const folder = await Deno.makeTempDir();
  const [cat] = [...Deno.readDirSync(fixture("images"))].map(({ name }) => name).sort();
  for (const name of ["a", "b", "c"]) {
    await Deno.mkdir(`${folder}/${name}`);
    await Deno.copyFile(fixture(`images/${cat}/0.png`), `${folder}/${name}/0.png`);
  }
  // Three classes are for three units; class numbers may be of any more.
  await assertRejects(
    () => readBatch(folder, one),
    BatchError,
    "The folder holds 3 classes, expected 2 as the model outputs",
  );
  const three = make(3);
  assertEquals(shape((await readBatch(folder, three)).targets), [3, 3]);
  for (const units of [2, 4]) {
    const model = make(units);
    await assertRejects(
      () => readBatch(folder, model),
      BatchError,
      `The folder holds 3 classes, expected ${units} as the model outputs`,
    );
    const objective = "sparseCategoricalCrossentropy";
    const sparse = await readBatch(folder, model, { objective });
    assertEquals(data(sparse.targets), [0, 1, 2]);
    model.dispose();
  }
  for (const model of [one, three]) model.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readBatch() reads a folder of pictures by class", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const make = (channels: number, scales: boolean) =>
    tf.sequential({
      layers: [
        ...scales ? [tf.layers.rescaling({ scale: 1 / 255, inputShape: [6, 5, channels] })] : [],
        tf.layers.flatten({ inputShape: [6, 5, channels] }),
        tf.layers.dense({ units: 2, activation: "softmax" }),
      ],
    });
  const raw = Object.values(images).flat();
  const rescaling = make(3, true);
  const batch = await readBatch(fixture("images"), rescaling);
  assertEquals([shape(batch.inputs), data(batch.inputs)], [[4, 6, 5, 3], raw]);
  assertEquals([shape(batch.targets), data(batch.targets)], [[4, 2], [1, 0, 1, 0, 0, 1, 0, 1]]);
  const plain = make(3, false);
  const scaled = await readBatch(fixture("images"), plain, {
    objective: "sparseCategoricalCrossentropy",
  });
  assertEquals(data(scaled.inputs), [...Float32Array.from(raw, (x) => x * (1 / 255))]);
  assertEquals(data(scaled.targets), [0, 0, 1, 1]);
  const grey = make(1, true);
  const [first] = data((await readBatch(fixture("images"), grey)).inputs);
  assertEquals(first, Math.fround(0.299 * raw[0] + 0.587 * raw[1] + 0.114 * raw[2]));
  for (const model of [rescaling, plain, grey]) model.dispose();
});

Deno.test("readBatch() gives each channel of a model what it is for, whatever a picture has", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const folder = await Deno.makeTempDir();
  /** Two pixels of a picture of this colour type, as a model of this many channels sees them. */
  const seen = async (type: number, line: number[], channels: number) => {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
      await Deno.writeFile(
        `${folder}/${name}/0.png`,
        png({ width: 2, height: 1, type, lines: [0, ...line] }),
      );
    }
    const inputShape = [null, null, channels];
    const model = tf.sequential({
      layers: [
        tf.layers.rescaling({ scale: 1 / 255, inputShape } as never),
        tf.layers.globalAveragePooling2d({} as never),
        tf.layers.dense({ units: 1 }),
      ],
    });
    try {
      return data((await readBatch(folder, model)).inputs).slice(0, 2 * channels);
    } finally {
      model.dispose();
    }
  };
  const grey = (r: number, g: number, b: number) => Math.fround(0.299 * r + 0.587 * g + 0.114 * b);
  const rgb = [10, 20, 30, 40, 50, 60], rgba = [10, 20, 30, 1, 40, 50, 60, 2];
  const pictures: [type: number, line: number[], ...seen: number[][]][] = [
    [0, [10, 20], [10, 20], [10, 10, 10, 20, 20, 20], [10, 10, 10, 255, 20, 20, 20, 255]],
    [4, [10, 1, 20, 2], [10, 20], [10, 10, 10, 20, 20, 20], [10, 10, 10, 1, 20, 20, 20, 2]],
    [2, rgb, [grey(10, 20, 30), grey(40, 50, 60)], rgb, [10, 20, 30, 255, 40, 50, 60, 255]],
    [6, rgba, [grey(10, 20, 30), grey(40, 50, 60)], rgb, rgba],
  ];
  for (const [type, line, ...expected] of pictures) {
    for (const [i, channels] of [1, 3, 4].entries()) {
      assertEquals(await seen(type, line, channels), expected[i], `${type}, ${channels} channels`);
    }
  }
  await assertRejects(() => seen(0, [1, 2], 5), BatchError, "takes [any, any, any, 5]");
  await Deno.remove(folder, { recursive: true });
});
