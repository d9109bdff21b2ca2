import { readWeights } from "../../src/load/read_weights.ts";
import { torchLayers } from "../../src/torch/torch_layers.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "./assemble_pickle.ts";
import { type Figures, fixture, readExpected, torchFile } from "./fixture.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { files } = await readExpected();

function figuresOf(shape: number[], values: Float32Array): Figures {
  const mean = (of: (x: number) => number) =>
    values.reduce((sum, x) => sum + of(x), 0) / values.length;
  const center = mean((x) => x);
  return {
    shape,
    rms: Math.sqrt(mean((x) => x * x)),
    std: Math.sqrt(mean((x) => (x - center) ** 2)),
    maxAbs: values.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    first: [...values.subarray(0, 3)],
  };
}

for (const [name, expected] of Object.entries(files)) {
  Deno.test(`readWeights() reads of ${name} what NumPy reads`, async () => {
    const { tensors } = await readWeights(fixture(name));
    const floats = tensors.filter(({ type, shape }) => /float/.test(type) && !shape.includes(0));
    assertEquals(floats.map(({ name }) => name).sort(), Object.keys(expected).sort());
    for (const { name, shape, read } of floats) {
      const is = figuresOf(shape, read()), should = expected[name];
      assertEquals(is.shape, should.shape, name);
      for (const key of ["rms", "std", "maxAbs"] as const) {
        assertAlmostEquals(is[key], should[key], 1e-12 + 1e-7 * should[key], `${name} ${key}`);
      }
      assertEquals(is.first, should.first, name);
    }
  });
}

Deno.test("readWeights() says what it does not read as it was written", async () => {
  const safe = await readWeights(fixture("kinds.safetensors"));
  assertEquals(safe.notes, [
    "1 tensor of float64 read as float32.",
    "2 tensors of int64, bool not judged: no weights.",
  ]);
  const { notes } = await readWeights(fixture("digits_checkpoint.pt"));
  assertEquals(
    notes[0],
    `A checkpoint: the weights are those of "state_dict"; "epoch", "optimizer", "args" left out.`,
  );
});

Deno.test("readWeights() reads views of one storage, turned and with gaps", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pt" });
  const pickle = assemblePickle(dictionaryParts({
    whole: tensorParts({ count: 6, shape: [2, 3], strides: [3, 1] }),
    turned: tensorParts({ count: 6, shape: [3, 2], strides: [1, 3] }),
    gaps: tensorParts({ count: 6, offset: 1, shape: [2, 2], strides: [3, 1] }),
  }));
  const storage = new Uint8Array(new Float32Array([0, 1, 2, 3, 4, 5]).buffer);
  await Deno.writeFile(path, torchFile(pickle, { 0: storage }));
  const { tensors } = await readWeights(path);
  await Deno.remove(path);
  assertEquals(tensors.map(({ read }) => [...read()]), [
    [0, 1, 2, 3, 4, 5],
    [0, 3, 1, 4, 2, 5],
    [1, 2, 4, 5],
  ]);
});

Deno.test("torchLayers() tells layers by names and shapes", async () => {
  const classes = async (name: string) =>
    torchLayers((await readWeights(fixture(name))).tensors)
      .map(({ name, className }) => `${name} ${className}`);
  assertEquals(await classes("digits_checkpoint.pt"), [
    "module.conv1 Conv2d",
    "module.bn1 BatchNorm",
    "module.depth Conv2d",
    "module.up ConvTranspose2d",
    "module.fc Linear",
  ]);
  assertEquals(await classes("words.pt"), [
    "embedding Embedding",
    "lstm.l0 LSTM",
    "gru.l0 GRU",
    "norm LayerNorm",
    "head Linear",
  ]);
});
