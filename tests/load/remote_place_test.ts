import { findRemote, localPlace, withoutQuery } from "../../src/load/remote_place.ts";
import { readWeights } from "../../src/load/read_weights.ts";
import { ModelError } from "../../src/model/model_error.ts";
import { serveFiles } from "../model/files/remote/serve_files.ts";
import { safetensors } from "../torch/fixture.ts";
import { assertEquals, assertRejects } from "@std/assert";

const header = { "fc.weight": { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] } };
const SHARD = "model-00001-of-00001.safetensors";
const INDEX = "model.safetensors.index.json";
const files = {
  [SHARD]: safetensors(header, 8),
  [INDEX]: new TextEncoder().encode(JSON.stringify({ weight_map: { "fc.weight": SHARD } })),
};

/** Reads the index of a server that answers with a status in place of one file; returns an error. */
async function read(denied = "", status = 404): Promise<string> {
  await using server = serveFiles(files, {
    misbehaves: ({ path }) => path === `/${denied}` ? new Response("", { status }) : null,
  });
  const { host } = new URL(server.origin);
  try {
    const { tensors, notes } = await readWeights(`${server.origin}/${INDEX}`);
    return [...tensors.map(({ name }) => name), ...notes].join(" ");
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return error.message.replace(`${server.origin}/${INDEX}: `, "").replaceAll(host, "HOST");
  }
}

Deno.test("a shard that a server lacks is missing, and one that it forbids is not", async () => {
  assertEquals(await read(), "fc.weight In 1 shard.");
  assertEquals(await read(SHARD), `${SHARD} is missing, expected it beside the index`);
  assertEquals(await read(SHARD, 403), "HOST does not allow reading it (403)");
  assertEquals(await read(SHARD, 410), "HOST has no such file (410)");
  assertEquals(await read(INDEX), "HOST has no such file (404)");
  assertEquals(await read(INDEX, 401), "HOST does not allow reading it (401)");
  for (const status of [401, 403, 404]) {
    assertEquals(await read("config.json", status), "fc.weight In 1 shard.");
  }
  assertEquals(await read("config.json", 400), "HOST answered 400, expected 200");
});

Deno.test("findRemote() rejects addresses of no file of weights before it asks a server", async () => {
  const rows: [path: string, message: string][] = [
    ["https://host/", 'The address is "https://host/", expected that of a file of weights'],
    ["https://", 'The address is "https://", expected that of a file of weights'],
    ["https://me@host/a.pt", "The address has a password, expected none: it would be shown"],
    ["https://:b@host/a.pt", "The address has a password, expected none: it would be shown"],
    [
      "https://host/model.json?key=secret",
      'The address names "model.json", expected a file of weights or the index of shards',
    ],
    [
      "https://host/m-*-of-2.safetensors",
      'The address names "m-*-of-2.safetensors", expected a file of weights or the index of shards',
    ],
    ["hf:net", 'The model is "hf:net", expected hf:org/name or hf:org/name@revision'],
    ["HF:a/b@", 'The model is "HF:a/b@", expected hf:org/name or hf:org/name@revision'],
  ];
  for (const [path, message] of rows) {
    assertEquals((await assertRejects(() => findRemote(path, null), ModelError)).message, message);
  }
  assertEquals(withoutQuery("https://host/a.pt?b#c"), "https://host/a.pt");
});

Deno.test("localPlace() finds files beside it, and null in place of a missing one", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/a.json`, "{}");
  const place = localPlace(`${folder}/b.pt`);
  assertEquals([place.name, place.path], ["b.pt", `${folder}/b.pt`]);
  assertEquals([await place.open(), await place.optionalText()], [null, null]);
  assertEquals(await place.beside("a.json").optionalText(), "{}");
  assertEquals((await place.beside("a.json").open())?.size, 2);
  await assertRejects(() => localPlace(`${folder}/a.json/c`).open(), ModelError);
  await Deno.remove(folder, { recursive: true });
});
