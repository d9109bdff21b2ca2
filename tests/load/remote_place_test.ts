import { findRemote, localPlace, withoutQuery } from "../../src/load/remote_place.ts";
import { readWeights } from "../../src/load/read_weights.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { sendRange, serveFiles } from "../files/remote/serve_files.ts";
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

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Reads hf:org/net of a server that stands for Hugging Face. */
async function readModel(
  files: Record<string, Uint8Array<ArrayBuffer>>,
  { status, secret = "", model = "hf:org/net" }: {
    status?: number;
    secret?: string;
    model?: string;
  },
): Promise<{ said: string; asked: string[] }> {
  await using server = serveFiles({}, {
    misbehaves({ path, range }) {
      const name = path.split("/").at(-1)!;
      if (status !== undefined) return new Response("", { status });
      if (files[name] === undefined) return null;
      return sendRange(files[name], range, { etag: '"1"', "x-repo-commit": COMMIT });
    },
  });
  const { host } = new URL(server.origin);
  Deno.env.set("HF_ENDPOINT", `${server.origin}//`);
  Deno.env.set("HF_TOKEN", secret);
  const ask = async () => {
    try {
      const { tensors, notes, format } = await readWeights(model);
      return [format, ...tensors.map(({ name }) => name), ...notes].join(" ");
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return error.message.replaceAll(host, "HOST");
    }
  };
  try {
    const said = await ask();
    const asked = server.got.filter(({ path }) => !path.endsWith("config.json"));
    return { said, asked: asked.map(({ path }) => path.replace("/org/net/resolve/", "")) };
  } finally {
    Deno.env.delete("HF_ENDPOINT");
    Deno.env.delete("HF_TOKEN");
  }
}

Deno.test("a model of Hugging Face is read at the commit that has its weights", async () => {
  assertEquals(await readModel(files, { model: "hf:org/net@v1" }), {
    said: `safetensors fc.weight Revision ${COMMIT}. In 1 shard.`,
    asked: [`v1/${INDEX}`, `${COMMIT}/${INDEX}`, `${COMMIT}/${SHARD}`],
  });
  assertEquals(await readModel({ "model.safetensors": files[SHARD] }, {}), {
    said: `safetensors fc.weight Revision ${COMMIT}.`,
    asked: [`main/${INDEX}`, "main/model.safetensors"],
  });
});

Deno.test("a model of Hugging Face that cannot be read is missing, or needs a token", async () => {
  const none = await readModel({}, {});
  assertEquals(
    none.said,
    `hf:org/net: HOST has no weights of org/net at main, expected ${INDEX}, model.safetensors, ` +
      "pytorch_model.bin.index.json or pytorch_model.bin",
  );
  assertEquals(none.asked.length, 4);
  for (const status of [401, 403]) {
    const refused =
      `hf:org/net: HOST does not allow reading it (${status}): there is no such model, or `;
    assertEquals(await readModel(files, { status }), {
      said: `${refused}it needs a token: set HF_TOKEN, and allow it with --allow-env=HF_TOKEN`,
      asked: [`main/${INDEX}`],
    });
    const { said } = await readModel(files, { status, secret: "x" });
    assertEquals(said, `${refused}the token in HF_TOKEN may not read it`);
  }
  assertEquals(
    (await readModel(files, { status: 418 })).said,
    "hf:org/net: HOST answered 418, expected 206",
  );
});

Deno.test("HF_ENDPOINT is an address of a server", async () => {
  for (const endpoint of ["host", "ftp://host"]) {
    Deno.env.set("HF_ENDPOINT", endpoint);
    try {
      const error = await assertRejects(() => findRemote("hf:org/net", null), ModelError);
      assertEquals(error.message, `HF_ENDPOINT is "${endpoint}", expected an address`);
    } finally {
      Deno.env.delete("HF_ENDPOINT");
    }
  }
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
