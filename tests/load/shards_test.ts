import { modelIn } from "../../src/cli/model_in.ts";
import { ModelError, readWeights } from "../../src/entry/model.ts";
import { measureCheckpoint } from "../../src/entry/measure.ts";
import { type MadeTensor, writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { runCommand } from "../cli/run_command.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertRefusedLater, parts } from "../assert_refused.ts";

const TENSORS: MadeTensor[] = [
  { name: "model.embed_tokens.weight", dtype: "BF16", shape: [50, 16] },
  { name: "model.layers.0.mlp.up_proj.weight", dtype: "BF16", shape: [64, 16] },
  { name: "model.layers.1.mlp.up_proj.weight", dtype: "BF16", shape: [64, 16] },
];

const INDEX = "model.safetensors.index.json";
const SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
const MAP = Object.fromEntries(TENSORS.map(({ name }, i) => [name, SHARDS[Math.min(i, 1)]]));

/** Writes a model in two shards, as people download it. */
async function withModel(
  config: object | null,
  map: Record<string, unknown>,
  use: (folder: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    await writeCheckpoint(`${folder}/${SHARDS[0]}`, TENSORS.slice(0, 1));
    await writeCheckpoint(`${folder}/${SHARDS[1]}`, TENSORS.slice(1));
    await Deno.writeTextFile(`${folder}/${INDEX}`, JSON.stringify({ weight_map: map }));
    if (config !== null) await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readWeights() reads all shards of an index, and the config beside it", async () => {
  const config = {
    architectures: ["LlamaForCausalLM"],
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
  };
  await withModel(config, MAP, async (folder) => {
    const path = await modelIn(folder);
    assertEquals(path, `${folder}/${INDEX}`);
    const file = await readWeights(path);
    assertEquals(file.tensors.map(({ name }) => name), TENSORS.map(({ name }) => name));
    assertEquals(file.config, {
      architecture: "LlamaForCausalLM",
      layers: 3,
      heads: 4,
      keyValueHeads: 2,
      tiesEmbeddings: true,
    });
    assertEquals(file.notes, [
      "LlamaForCausalLM: 3 blocks, 4 heads, 2 of keys and values, tied embeddings.",
      "Only 2 of 3 blocks have tensors here.",
      "In 2 shards.",
    ]);
    const { layers } = await measureCheckpoint(file);
    const shard = await measureCheckpoint(await readWeights(`${folder}/${SHARDS[1]}`));
    const weights = (from: typeof layers) => from.map(({ weights }) => weights);
    assertEquals(weights(layers.slice(1)), weights(shard.layers));
  });
});

Deno.test("readWeights() refuses an index whose shards are not beside it, or lack a tensor", async () => {
  const refuses = (
    map: Record<string, unknown>,
    ...[place, ...said]: Parameters<typeof parts>
  ) =>
    withModel(null, map, async (folder) => {
      const path = `${folder}/${INDEX}`;
      await assertRefusedLater(
        () => readWeights(path),
        parts(`${path}: ${place}`, ...said),
        ModelError,
      );
    });
  const third = "model-00003.safetensors";
  await refuses({ ...MAP, x: third }, third, "missing", "it beside the index");
  await refuses(
    { ...MAP, x: SHARDS[0], y: SHARDS[0] },
    SHARDS[0],
    'no "x", nor 1 other tensor',
    "what the index says",
  );
  for (const shard of ["../secret.safetensors", "/etc/passwd", 3, "a\\b.bin"]) {
    const expected = "a .safetensors or .bin file beside the index";
    await refuses({ w: shard }, 'weight_map["w"]', JSON.stringify(shard), expected);
  }
});

Deno.test("readWeights() says which tensors of a shard the index does not have", async () => {
  const { [TENSORS[2].name]: _, ...map } = MAP;
  await withModel(null, map, async (folder) => {
    const { tensors, notes } = await readWeights(`${folder}/${INDEX}`);
    assertEquals(tensors.length, 2);
    assertEquals(notes, [
      "In 2 shards.",
      `${SHARDS[1]} has "${TENSORS[2].name}", which the index does not have there: left out.`,
    ]);
  });
});

Deno.test("readWeights() reads the shards of a folder without an index", async () => {
  await withModel(null, MAP, async (folder) => {
    const whole = await measureCheckpoint(await readWeights(`${folder}/${INDEX}`));
    await Deno.remove(`${folder}/${INDEX}`);
    const path = await modelIn(folder);
    assertEquals(path, `${folder}/model-*-of-00002.safetensors`);
    const file = await readWeights(path);
    assertEquals(file.notes, ["In 2 shards, without an index."]);
    assertEquals((await measureCheckpoint(file)).layers, whole.layers);
    await Deno.writeTextFile(`${folder}/config.json`, "{}");
    await Deno.rename(`${folder}/${SHARDS[0]}`, `${folder}/a.safetensors`);
    await Deno.rename(`${folder}/${SHARDS[1]}`, `${folder}/b.safetensors`);
    const other = await readWeights(await modelIn(folder));
    assertEquals((await measureCheckpoint(other)).layers, whole.layers);
    await Deno.copyFile(`${folder}/a.safetensors`, `${folder}/c.safetensors`);
    await assertRefusedLater(
      () => readWeights(`${folder}/*.safetensors`),
      parts(
        `${folder}/*.safetensors: c.safetensors`,
        '"model.embed_tokens.weight", which a.safetensors has, too',
        "shards of one model",
      ),
      ModelError,
    );
  });
});

Deno.test("readWeights() refuses a folder that lacks a shard", async () => {
  await withModel(null, MAP, async (folder) => {
    await Deno.remove(`${folder}/${SHARDS[0]}`);
    const path = `${folder}/model-*-of-00002.safetensors`;
    const said = parts(`${path}: The folder`, '1 shard "model-*-of-00002.safetensors"', "2");
    await assertRefusedLater(() => readWeights(path), said, ModelError);
  });
});

Deno.test("readWeights() says of no shard that one was expected", async () => {
  await withModel(null, MAP, async (folder) => {
    const path = `${folder}/none-*.safetensors`;
    const said = parts(`${path}: The folder`, '0 shards "none-*.safetensors"', "1");
    await assertRefusedLater(() => readWeights(path), said, ModelError);
  });
});

Deno.test("readWeights() says how many blocks of the network a file has, if it has any", async () => {
  const config = { architectures: ["LlamaForCausalLM"], num_hidden_layers: 2 };
  const notes = async (...tensors: MadeTensor[]) => {
    let found: readonly string[] = [];
    await withModel(config, MAP, async (folder) => {
      await writeCheckpoint(`${folder}/part.safetensors`, tensors);
      found = (await readWeights(`${folder}/part.safetensors`)).notes;
    });
    return found;
  };
  const network = "LlamaForCausalLM: 2 blocks.";
  assertEquals(await notes(TENSORS[0]), [network]);
  assertEquals(await notes(TENSORS[1]), [network, "Only 1 of 2 blocks have tensors here."]);
  assertEquals(await notes(...TENSORS), [network]);
});

Deno.test("readWeights() reads pytorch_model.bin.index.json", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const whole = await readWeights("fixtures/files/mlp.pt");
    const shards = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
    for (const shard of shards) await Deno.copyFile("fixtures/files/mlp.pt", `${folder}/${shard}`);
    const map = whole.tensors.map(({ name }, i) => [name, shards[i % 2]]);
    await Deno.writeTextFile(
      `${folder}/pytorch_model.bin.index.json`,
      JSON.stringify({ weight_map: Object.fromEntries(map) }),
    );
    const path = await modelIn(folder);
    assertEquals(path, `${folder}/pytorch_model.bin.index.json`);
    const file = await readWeights(path);
    assertEquals(file.format, "PyTorch");
    assertEquals(file.tensors.map(({ shard }) => shard), map.map(([, shard]) => shard));
    assertEquals(file.tensors.map(({ read }) => read()), whole.tensors.map(({ read }) => read()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a NaN in one shard is named by file, tensor and index", async () => {
  await withModel(null, MAP, async (folder) => {
    const apply = (values: Float32Array, first: number) => {
      values[5 * 16 + 3 - first] = NaN;
    };
    const broken = { ...TENSORS[2], change: { from: 83, to: 84, apply } };
    await writeCheckpoint(`${folder}/${SHARDS[1]}`, [TENSORS[1], broken]);
    const { code, stdout } = await runCommand(["report", folder, "--quiet", "--details"]);
    assertEquals(code, 0);
    await Deno.remove(`${folder}/${INDEX}`);
    assertEquals((await runCommand(["check", folder, "--quiet", "--no-config"])).code, 1);
    assertStringIncludes(
      stdout.replaceAll(/\s+/g, " "),
      `model.layers.1.mlp.up_proj/weight (1 of 1024, the first at [5, 3] in ${SHARDS[1]})`,
    );
  });
});
