import { makeCheckpoint } from "../checkpoint/made_checkpoints.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "../torch/assemble_pickle.ts";
import { writeZip } from "../files/write_zip.ts";
import { writeSparseHdf5, writeSparseNpz } from "../checkpoint/write_sparse.ts";
import { writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import {
  type FileServer,
  type Misbehaves,
  sendRange,
  type Served,
  serveFiles,
  type ServeOptions,
} from "../files/remote/serve_files.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand, type RunOptions } from "./run_command.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** A checkpoint of 11 MB: several requests. */
const LARGE = "large.safetensors";
const { tensors } = makeCheckpoint({
  fault: "nan",
  seed: 3,
  blocks: 3,
  width: 320,
  dtype: "F32",
});
await writeCheckpoint(`${folder}/${LARGE}`, tensors);
const BYTES = await Deno.readFile(`${folder}/${LARGE}`);

async function run(args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, "--quiet"], {
    cwd: folder,
    ...options,
  });
  assertEquals(code, 0, stderr);
  return stdout;
}

const report = (model: string, options?: RunOptions) =>
  run(["report", model, "--format", "json"], options);

/** Checks that a file has the same report, to the byte, on a server and on this machine. */
async function assertSame(
  name: string,
  options: ServeOptions = {},
  flags: string[] = [],
): Promise<FileServer["got"]> {
  await using server = serveFiles({ [name]: `${folder}/${name}` }, options);
  const of = (path: string) => run(["report", path, "--format", "json", ...flags]);
  const remote = await of(`${server.origin}/${name}?signature=secret`);
  assert(!remote.includes("secret"));
  assertEquals(remote.replaceAll(`${server.origin}/`, ""), await of(name));
  return server.got;
}

Deno.test("a file on a server has the report of the same file on this machine", async () => {
  const got = await assertSame(LARGE);
  const ranges = got.flatMap(({ path, range }) => path === `/${LARGE}` ? [range!] : []);
  assert(ranges.length > 3, `${ranges.length}`);
  // The first bytes again, and no others, are read twice.
  const read = ranges.reduce((sum, [first, last]) => sum + last + 1 - first, 0);
  assert(read <= BYTES.length + 2 ** 17, `${read}`);
  assertEquals(new Set(got.map(({ path }) => path)), new Set([`/${LARGE}`, "/config.json"]));
});

Deno.test("a transposed tensor and one with gaps are read in pieces from a server, too", async () => {
  const rows = 17 * 1024;
  const view = { kind: "FloatStorage", count: rows * 1024 };
  const pickle = assemblePickle(dictionaryParts({
    "a.weight": tensorParts({ ...view, shape: [1024, rows], strides: [1, 1024] }),
    "b.weight": tensorParts({ ...view, shape: [rows, 1000], strides: [1024, 1] }),
  }));
  const entries = Float32Array.from({ length: view.count }, (_, i) => Math.sin(i * i));
  await Deno.writeFile(
    `${folder}/views.pt`,
    writeZip([
      { name: "net/data.pkl", content: pickle },
      { name: "net/data/0", content: new Uint8Array(entries.buffer) },
    ]),
  );
  const got = await assertSame("views.pt");
  const lengths = got.map(({ range }) => range === null ? 0 : range[1] + 1 - range[0]);
  assert(Math.max(...lengths) <= 2 ** 21, `${Math.max(...lengths)}`);
  assert(got.length > 60 && got.length < 200, `${got.length} requests`);
});

Deno.test("a sample asks for the next tensors while it waits for the last ranges of others", async () => {
  const shape = [1200, 1200];
  const size = 4 * 1200 * 1200;
  const names = ["a", "b", "c", "d"].map((name) => `${name}.weight`);
  const made = names.map((name) => ({ name, dtype: "F32" as const, shape }));
  await writeCheckpoint(`${folder}/many.safetensors`, made);
  const start = (await Deno.stat(`${folder}/many.safetensors`)).size - 4 * size;
  const open = new Map<number, number>([[0, 0], [1, 0]]);
  let together = 0, most = 0;
  const got = await assertSame("many.safetensors", {
    misbehaves: async ({ range }) => {
      if (range === null || range[0] < start) return null;
      // A task has two tensors.
      const task = Math.floor((range[0] - start) / size / 2);
      open.set(task, open.get(task)! + 1);
      if ([...open.values()].every((count) => count > 0)) together++;
      most = Math.max(most, open.get(0)! + open.get(1)!);
      await new Promise((resolve) => setTimeout(resolve, 60));
      open.set(task, open.get(task)! - 1);
      return null;
    },
  }, ["--sample"]);
  assert(got.length >= 4 * 32, `${got.length} requests`);
  assert(together > 0);
  assertEquals(most, 32);
});

Deno.test("what passes changes nothing: 429, 5xx, cut-off and slow answers", async () => {
  let count = 0;
  await assertSame(LARGE, {
    misbehaves: async ({ path, range }) => {
      if (path !== `/${LARGE}`) return null;
      const headers = {
        etag: '"1"',
        "content-range": `bytes ${range![0]}-${range![1]}/${BYTES.length}`,
      };
      switch (count++) {
        case 1:
          return new Response("", { status: 429, headers: { "retry-after": "1" } });
        case 2:
          return new Response("", { status: 503 });
        case 3:
          return new Response(BYTES.subarray(0, 7), { status: 206, headers });
        case 4:
          return sendRange(BYTES, [range![0] + 1, range![1]], { etag: '"1"' });
        case 5:
          await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return null;
    },
  });
  assert(count > 5, `${count}`);
});

Deno.test("a file that changes while it is read ends with exit code 2", async () => {
  const changes: Misbehaves = ({ range }, count) =>
    count > 3 && range !== null ? sendRange(BYTES, range, { etag: '"2"' }) : null;
  await using server = serveFiles({ [LARGE]: BYTES }, { misbehaves: changes });
  const address = `${server.origin}/${LARGE}`;
  await assertRefuses(
    ["report", address, "--quiet"],
    `error: ${address}: The file was changed while it was being read: ${new URL(address).host} ` +
      "has ETag ",
  );
});

Deno.test("a server without ranges sends a small file at once, with the same report", async () => {
  await assertSame(LARGE, {
    misbehaves: ({ path }) =>
      path === `/${LARGE}` ? new Response(BYTES, { headers: { etag: '"1"' } }) : null,
  });
});

Deno.test("without an ETag the report says what would not be noticed", async () => {
  await using server = serveFiles({ [LARGE]: BYTES }, { headers: {} });
  const measurements = JSON.parse(await report(`${server.origin}/${LARGE}`));
  assertEquals(measurements.weightsOnly.notes, [
    `${new URL(server.origin).host} gives no ETag: of a change, only that of the size would be ` +
    "noticed.",
  ]);
});

/** Arrays of more than 64 MiB, which are not read at once. */
const ARRAYS = [
  { name: "kernel", shape: [5000, 4096], first: [1, -2, NaN, 3, Infinity] },
  { name: "bias", shape: [4096], first: [0.5, 0.25] },
];

Deno.test("an .npz and a .weights.h5 are read in pieces from a server, too", async () => {
  await writeSparseNpz(`${folder}/sparse.npz`, ARRAYS);
  await writeSparseHdf5(
    `${folder}/sparse.weights.h5`,
    ARRAYS.map((one, i) => ({ ...one, name: `${i}` })),
  );
  for (const name of ["sparse.npz", "sparse.weights.h5"]) {
    const got = await assertSame(name);
    assert(got.length > 10, name);
  }
});

Deno.test("files of PyTorch and Keras have the same report from a server", async () => {
  for (
    const path of [
      "peers/resnet.pt",
      "peers/resnet.keras",
      "peers/resnet.safetensors",
      "../torch_programs/sequence.pt2",
    ]
  ) {
    const name = path.split("/").at(-1)!;
    await Deno.copyFile(
      new URL(`../../fixtures/files/${path}`, import.meta.url),
      `${folder}/${name}`,
    );
    await using server = serveFiles({ [name]: `${folder}/${name}` });
    const remote = await report(`${server.origin}/${name}`);
    const local = await run(["report", name, "--weights-only", "--format", "json"]);
    assertEquals(remote.replaceAll(`${server.origin}/`, ""), local, name);
  }
});

/** Writes the checkpoint in two shards, with an index and a config.json. */
async function writeShards(): Promise<Record<string, Served>> {
  const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const { tensors } = makeCheckpoint({
    fault: null,
    seed: 4,
    blocks: 6,
    width: 96,
    dtype: "BF16",
  });
  const halves = [tensors.slice(0, 14), tensors.slice(14)];
  const map: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    await writeCheckpoint(`${folder}/${name}`, halves[i]);
    for (const tensor of halves[i]) map[tensor.name] = name;
  }
  await Deno.writeTextFile(
    `${folder}/model.safetensors.index.json`,
    JSON.stringify({ weight_map: map }),
  );
  await Deno.writeTextFile(
    `${folder}/config.json`,
    JSON.stringify({ architectures: ["LlamaForCausalLM"], num_hidden_layers: 6 }),
  );
  const all = [...names, "model.safetensors.index.json", "config.json"];
  return Object.fromEntries(all.map((name) => [name, `${folder}/${name}`]));
}

const INDEX = "model.safetensors.index.json";

Deno.test("an index on a server means the shards and the config.json beside it", async () => {
  const files = await writeShards();
  await using server = serveFiles(files);
  const local = await report(INDEX);
  assertStringIncludes(local, "LlamaForCausalLM: 6 blocks.");
  const remote = await report(`${server.origin}/${INDEX}`);
  assertEquals(remote.replaceAll(`${server.origin}/`, ""), local);
  // A config.json that the server forbids is as good as missing.
  await using strict = serveFiles(files, {
    misbehaves: ({ path }) => path === "/config.json" ? new Response("", { status: 403 }) : null,
  });
  assert(!(await report(`${strict.origin}/${INDEX}`)).includes("Llama"));
  await using broken = serveFiles({ ...files, "model-00002-of-00002.safetensors": undefined! });
  await assertRefuses(
    ["report", `${broken.origin}/${INDEX}`],
    "model-00002-of-00002.safetensors is missing, expected it beside the index",
  );
});

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A server as Hugging Face is: weights are on another host, small files on its own. */
function serveHub(files: Record<string, Served>, token: string | null = null) {
  const store = serveFiles(files);
  const hub = serveFiles({}, {
    misbehaves: ({ path, headers }) => {
      if (token !== null && headers.get("authorization") !== `Bearer ${token}`) {
        return new Response("", { status: 401 });
      }
      const [, revision, name] = /^\/org\/net\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
      if (!["main", "v1", COMMIT].includes(revision) || !(name in files)) {
        return new Response("", { status: 404 });
      }
      const location = `${store.origin}/${name}`;
      return new Response("", { status: 302, headers: { location, "x-repo-commit": COMMIT } });
    },
  });
  return {
    store,
    hub,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
    },
  };
}

Deno.test("hf:org/name finds the shards of one commit, and keeps the token from other hosts", async () => {
  await using servers = serveHub(await writeShards(), "secret");
  const { hub, store } = servers;
  const env = { HF_ENDPOINT: hub.origin, HF_TOKEN: "secret" };
  const remote = JSON.parse(await report("hf:org/net@v1", { env }));
  const local = JSON.parse(await report(INDEX));
  assertEquals(remote.model.source, "hf:org/net@v1");
  assertEquals(remote.layers, local.layers);
  assertEquals(remote.findings, local.findings);
  const [hubHost, storeHost] = [hub, store].map(({ origin }) => new URL(origin).host);
  assertEquals(remote.weightsOnly.notes, [
    "LlamaForCausalLM: 6 blocks.",
    `${hubHost} redirects to ${storeHost}.`,
    `Revision ${COMMIT}.`,
    "In 2 shards.",
  ]);
  assertEquals(
    store.got.map(({ headers }) => headers.get("authorization")).find(Boolean),
    undefined,
  );
  // Only the first request goes to the name that can move.
  const asked = hub.got.map(({ path }) => path.split("/")[4]);
  assertEquals(asked.filter((revision) => revision === "v1").length, 1);
  assert(asked.length > 3 && asked.slice(1).every((revision) => revision === COMMIT), `${asked}`);
});

Deno.test("hf:org/name falls back to a single file", async () => {
  await using servers = serveHub({ "pytorch_model.bin": `${folder}/resnet.pt` });
  const env = { HF_ENDPOINT: `${servers.hub.origin}/` };
  const measurements = JSON.parse(await report("hf:org/net", { env }));
  assertEquals(measurements.weightsOnly.format, "PyTorch");
  const asked = servers.hub.got.map(({ path }) => path.split("/").at(-1));
  assertEquals(asked.slice(0, 4), [
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
  ]);
});

Deno.test("hf:org/name says what is missing: the model, a token, or its weights", async () => {
  await using servers = serveHub({}, "secret");
  const HF_ENDPOINT = servers.hub.origin;
  const host = new URL(HF_ENDPOINT).host;
  const refuses = (env: Record<string, string>, sentence: string) =>
    assertRefuses(["report", "hf:org/net"], `error: hf:org/net: ${host} ${sentence}\n`, {
      env: { HF_ENDPOINT, ...env },
    });
  await refuses(
    { HF_TOKEN: "" },
    "does not allow reading it (401): there is no such model, or it needs a token: set HF_TOKEN, " +
      "and allow it with --allow-env=HF_TOKEN",
  );
  await refuses(
    { HF_TOKEN: "wrong" },
    "does not allow reading it (401): there is no such model, or the token in HF_TOKEN may not " +
      "read it",
  );
  await refuses(
    { HF_TOKEN: "secret" },
    "has no weights of org/net at main, expected model.safetensors.index.json, " +
      "model.safetensors, pytorch_model.bin.index.json or pytorch_model.bin",
  );
});

Deno.test("diff and check take files on servers", async () => {
  await using server = serveFiles({ [LARGE]: BYTES });
  const address = `${server.origin}/${LARGE}`;
  assertStringIncludes(
    await run(["diff", LARGE, address]),
    `All ${tensors.length} tensors are equal to the bit`,
  );
  const { code, stdout } = await runCommand(["check", address, "--no-config"], { cwd: folder });
  assertEquals(code, 1);
  assertStringIncludes(stdout, "NaN");
});

Deno.test("each host needs its permission, and the sentence names the flag", async () => {
  await using servers = serveHub({ "model.safetensors": BYTES });
  const { hub, store } = servers;
  const [hubHost, storeHost] = [hub, store].map(({ origin }) => new URL(origin).host);
  const root = new URL("../../", import.meta.url).pathname;
  const permissions = [`--allow-read=${root},${Deno.cwd()}`, "--allow-env=HF_ENDPOINT"];
  const env = { HF_ENDPOINT: hub.origin };
  const args = ["report", "hf:org/net", "--quiet", "--format", "json"];
  await assertRefuses(
    args,
    `error: hf:org/net: Asking ${hubHost} is not allowed: use --allow-net=${hubHost}\n`,
    { permissions, env },
  );
  assertEquals(hub.got.length, 0);
  await assertRefuses(
    args,
    `Asking ${storeHost} is not allowed: use --allow-net=${hubHost},${storeHost}\n`,
    { permissions: [...permissions, `--allow-net=${hubHost}`], env },
  );
  assertEquals(store.got.length, 0);
  const both = [...permissions, `--allow-net=${hubHost},${storeHost}`];
  const { code, stderr } = await runCommand(args, { permissions: both, env });
  assertEquals(code, 0, stderr);
});

Deno.test("--cache keeps what is read, until the file changes", async () => {
  let etag = '"1"';
  await using server = serveFiles({}, {
    misbehaves: ({ path, range }) =>
      path === `/${LARGE}` ? sendRange(BYTES, range, { etag }) : null,
  });
  const address = `${server.origin}/${LARGE}`;
  const cache = `${folder}/cache`;
  const cached = () => run(["report", address, "--format", "json", "--cache", cache]);
  const count = async (work: () => Promise<string>) => {
    const before = server.got.length;
    const text = await work();
    return {
      text,
      requests: server.got.slice(before).filter(({ range }) => range !== null).length,
    };
  };
  const first = await count(cached);
  const second = await count(cached);
  assert(first.requests > 3, `${first.requests}`);
  assertEquals(second, { text: first.text, requests: 1 });
  const compared = await count(() => run(["diff", address, address, "--cache", cache]));
  // Each side is opened once, to be measured and to be compared.
  assertEquals(compared.requests, 2);
  etag = '"2"';
  assertEquals((await count(cached)).requests, first.requests);
  const [entry] = [...Deno.readDirSync(cache)];
  const [range] = [...Deno.readDirSync(`${cache}/${entry.name}`)];
  await Deno.truncate(`${cache}/${entry.name}/${range.name}`, 5);
  assertEquals(await cached(), first.text);
  await Deno.writeTextFile(`${folder}/a-file`, "");
  await assertRefuses(
    ["report", address, "--cache", `${folder}/a-file`, "--quiet"],
    `error: ${address}: The cache ${folder}/a-file cannot be written: `,
  );
});

Deno.test("a remote file is measured in parts, which merge to its report", async () => {
  await using server = serveFiles({ [LARGE]: BYTES }, {
    headers: { etag: '"1"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" },
  });
  const address = `${server.origin}/${LARGE}`;
  const part = (
    index: number,
  ) => ["report", address, "--shard", `${index}/2`, "--out", `${index}.json`];
  for (const index of [1, 2]) await run(part(index));
  const before = server.got.length;
  await run(part(1));
  // The part is there, and the file is older: only its first bytes were read.
  assertEquals(server.got.slice(before).filter(({ range }) => range !== null).length, 1);
  assertEquals(await run(["merge", "1.json", "2.json", "--format", "json"]), await report(address));
});

Deno.test("--sample reads at most 1 MiB of each tensor, from a server too", async () => {
  // No config.json is beside it.
  const cwd = await Deno.makeTempDir({ dir: folder });
  await writeCheckpoint(`${cwd}/wide.safetensors`, [
    { name: "a.weight", dtype: "F32", shape: [4096, 1024] },
    { name: "b.weight", dtype: "F32", shape: [64, 1024] },
  ]);
  await using server = serveFiles({ "wide.safetensors": `${cwd}/wide.safetensors` });
  const address = `${server.origin}/wide.safetensors`;
  const sampled = ["report", address, "--sample", "--format", "json"];
  const remote = await run(sampled, { cwd });
  const read = server.got.reduce(
    (sum, { range }) => sum + (range ? range[1] + 1 - range[0] : 0),
    0,
  );
  assert(read < 2 ** 20 + 4 * 64 * 1024 + 2 ** 17, `${read}`);
  const local = await run(["report", "wide.safetensors", ...sampled.slice(2)], { cwd });
  assertEquals(remote.replaceAll(`${server.origin}/`, ""), local);
  const text = (await run(sampled.slice(0, 3), { cwd })).replace(/\s+/g, " ");
  assertStringIncludes(text, "A sample: of 1 tensor only 1.0 MiB each, in 32 stretches");
  assertStringIncludes(text, "Not judged in a sample: zero,");
  assertStringIncludes(text, "95 %: interval of the spread");
  const parts = [1, 2].map((index) => ["--shard", `${index}/2`, "--out", `sample${index}.json`]);
  for (const part of parts) await run([...sampled.slice(0, 3), ...part], { cwd });
  const merge = ["merge", "sample1.json", "sample2.json", "--format", "json"];
  assertEquals(await run(merge, { cwd }), remote);
  // A part of the whole is another one than a part of the sample.
  await run(["report", address, ...parts[0]], { cwd });
  assert(!(await Deno.readTextFile(`${cwd}/sample1.json`)).includes('"sampled"'));
  const difference = (await run(["diff", "wide.safetensors", address, "--sample"], { cwd }))
    .replace(/\s+/g, " ");
  assertStringIncludes(difference, "equality to the bit is not judged");
  assertStringIncludes(difference, "All 2 tensors are equal in the sample.");
  await assertRefuses(
    ["report", "--sample"],
    "--sample is for a model with a topology, expected a file of weights as MODEL",
  );
});

Deno.test("addresses that name no file of weights are refused in one sentence", async () => {
  const refuses = (address: string, sentence: string) =>
    assertRefuses(["report", address], sentence);
  await refuses("https://", 'The address is "https://", expected that of a file of weights');
  await refuses(
    "http://127.0.0.1:9/folder/?secret",
    'The address is "http://127.0.0.1:9/folder/", expected that of a file of weights',
  );
  await refuses("https://me:secret@127.0.0.1/w.safetensors", "The address has a password");
  await refuses("http://127.0.0.1:9/model.json", 'The address names "model.json", expected a file');
  await refuses("hf:net", 'The model is "hf:net", expected hf:org/name or hf:org/name@revision');
  await refuses("hf:a/b/c", "expected hf:org/name or hf:org/name@revision");
});
