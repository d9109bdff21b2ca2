import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { type LayersModel, loadWeights, ModelError } from "../../src/entry/model.ts";
import { readWeights } from "../../src/load/read_weights.ts";
import { torchLayers } from "../../src/files/torch_layers.ts";
import { CORPUS_MODELS } from "./corpus_models.ts";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const FOLDER = new URL("../../fixtures/files/torch/", import.meta.url);

interface SavedTensor {
  shape: number[];
  values: number[];
}

/** PyTorch's figures of a model: see bench/peers/write_torch_files.py. */
interface Figures {
  versions: Record<string, string>;
  /** The classes of the modules that have weights. */
  classes: string[];
  input: SavedTensor;
  output: SavedTensor;
}

const NAMES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
const path = (name: string) => new URL(name, FOLDER).pathname;
const figuresOf = (model: string): Figures =>
  JSON.parse(Deno.readTextFileSync(path(`${model}.json`)));

const MODELS = NAMES.filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(".json", "")).sort();

/** In an nn.Sequential names tell nothing: a table looks like a Linear, slopes like a parameter. */
const UNNAMED: Record<string, Record<string, string>> = {
  embedding: { Embedding: "Linear" },
  slopes: { PReLU: "Parameter" },
};

const { tf } = await startEngine({ threads: 1 });

/** Loads a file into a model and compares what it puts out with PyTorch's float64. */
async function assertOutputs(model: LayersModel, file: string, { input, output }: Figures) {
  await loadWeights(model, path(file), { layout: "pytorch" });
  const batch = tf.tensor(input.values, input.shape, model.inputs[0].dtype as "float32");
  const found = model.predict(batch) as Tensor;
  assertEquals(found.shape, output.shape);
  const largest = Math.max(...output.values.map(Math.abs));
  found.dataSync().forEach((value, i) => {
    assertAlmostEquals(value, output.values[i], 3e-6 * Math.max(1, largest), `entry ${i}`);
  });
  tf.dispose([batch, found]);
  model.dispose();
}

for (const model of MODELS) {
  const figures = figuresOf(model);
  const files = [`${model}.pt`, `${model}.safetensors`].filter((file) => NAMES.includes(file));
  for (const file of files) {
    const { torch } = figures.versions;
    Deno.test(`torchLayers() finds in ${file} the classes that PyTorch ${torch} has`, async () => {
      const found = torchLayers((await readWeights(path(file))).tensors);
      const plain = (name: string) => name.replace(/(Norm)\dd$/, "$1");
      // A GroupNorm and a LayerNorm have the same names and shapes.
      const expected = figures.classes.map((name) => plain(name).replace("GroupNorm", "LayerNorm"))
        .flatMap((name) => name === "LSTM" ? ["LSTM", "LSTM"] : [name])
        .map((name) => name === "NonDynamicallyQuantizableLinear" ? "Linear" : name)
        .map((name) => UNNAMED[model]?.[name] ?? name);
      const sorted = (names: string[]) => names.toSorted();
      assertEquals(sorted(found.map(({ className }) => className)), sorted(expected));
    });
    if (!Object.hasOwn(CORPUS_MODELS, model)) continue;
    Deno.test(`loadWeights() of ${file} gives the outputs of PyTorch ${torch}`, async () => {
      await assertOutputs(CORPUS_MODELS[model](tf), file, figures);
    });
  }
}

/** Ways in which people keep weights, and the words of the file. */
const CHECKPOINTS: Record<string, string[]> = {
  "checkpoint_arguments.pt": [
    'A checkpoint: the weights are those of "model_state_dict"; "optimizer_state_dict", "epoch", ' +
    '"args", "best", "step", "losses" ... left out.',
  ],
  "checkpoint_data_parallel.pt": [],
  "checkpoint_compiled.pt": [],
  "checkpoint_both.pth": [
    'A checkpoint: the weights are those of "net"; "scaler" left out.',
  ],
  "lightning.ckpt": [
    'A checkpoint: the weights are those of "state_dict"; "epoch", "global_step", ' +
    '"pytorch-lightning_version", "loops", "callbacks", "optimizer_states" ... left out.',
  ],
};

Deno.test("readWeights() refuses a whole model by the name of its class", async () => {
  const error = await assertRejects(() => readWeights(path("whole_model.pt")), ModelError);
  assertEquals(
    error.message.replace(FOLDER.pathname, ""),
    'whole_model.pt: The pickle asks for "torch.nn.modules.container.Sequential", which is code and is ' +
      "not run here, expected only tensors: save the weights with torch.save(model.state_dict(), path)",
  );
});

for (const [file, expected] of Object.entries(CHECKPOINTS)) {
  Deno.test(`readWeights() reads ${file} as the state dict alone`, async () => {
    const { tensors, notes } = await readWeights(path(file));
    assertEquals(notes, expected);
    const plain = await readWeights(path("checkpoint_plain.pt"));
    assertEquals(tensors.map(({ read }) => read()), plain.tensors.map(({ read }) => read()));
  });
  Deno.test(`loadWeights() takes ${file}`, async () => {
    const model = CORPUS_MODELS.linear(tf);
    const { layers } = await loadWeights(model, path(file), { layout: "pytorch" });
    assertEquals(layers.map(({ from }) => from.match(/\d$/)![0]), ["0", "2", "4"]);
    model.dispose();
  });
}
