import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { formatBaseline, writeBaseline } from "../../src/gate/write_baseline.ts";
import { GateError } from "../../src/core/diagnosis/gate_result.ts";
import { parseBaseline } from "../../src/gate/find_baseline.ts";

const SCRIPT = new URL("store_baseline.ts", import.meta.url).pathname;
const OLD = { old: { 0: { objective: "sum", examples: 1, layers: { dense: { deltas: 1 } } } } };

async function withBaseline(action: (file: string, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/gradient-health.baseline.json`;
    await Deno.writeTextFile(file, formatBaseline(OLD));
    await action(file, folder);
  } finally {
    await Deno.chmod(folder, 0o700);
    await Deno.remove(folder, { recursive: true });
  }
}

function store(file: string, model: string, layers: number, times: number) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", SCRIPT, file, model, String(layers), String(times)],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

const read = (file: string) => parseBaseline(Deno.readTextFileSync(file), file);
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeBaseline() leaves one file behind, and says whether it changed", async () => {
  await withBaseline(async (file, folder) => {
    const change = () => ({ ...OLD, next: OLD.old });
    assertEquals(await writeBaseline(file, change), true);
    assertEquals(await writeBaseline(file, change), false);
    assertEquals(names(folder), ["gradient-health.baseline.json"]);
    assertEquals(Object.keys(read(file)), ["next", "old"]);
  });
});

Deno.test("writeBaseline() keeps a link, and replaces what it leads to", async () => {
  await withBaseline(async (file, folder) => {
    const link = `${folder}/link.json`;
    await Deno.symlink(file, link);
    await writeBaseline(link, (stored) => ({ ...stored, next: OLD.old }));
    assertEquals(await Deno.readLink(link), file);
    assertEquals(Object.keys(read(file)), ["next", "old"]);
    assertEquals(names(folder), ["gradient-health.baseline.json", "link.json"]);
  });
});

Deno.test("writeBaseline() loses nothing when several processes write at once", async () => {
  await withBaseline(async (file, folder) => {
    const outputs = await Promise.all(
      ["a", "b", "c"].map((model) => store(file, model, 50, 20).output()),
    );
    for (const { code, stderr } of outputs) assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(Object.keys(read(file)).length, 1 + 3 * 20);
    assertEquals(names(folder), ["gradient-health.baseline.json"]);
  });
});

Deno.test("writeBaseline() shows a reader the old file or the new one, never a part", async () => {
  await withBaseline(async (file) => {
    const child = store(file, "a", 2000, 10).spawn();
    let ended = false;
    const output = child.output().then((output) => {
      ended = true;
      return output;
    });
    let reads = 0;
    while (!ended) {
      // To validate it as well takes ten times as long as to notice that a part is missing.
      JSON.parse(Deno.readTextFileSync(file));
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assertEquals((await output).code, 0);
    assertEquals(Object.keys(read(file)).length, 1 + 10);
    assert(reads > 20, `${reads} reads`);
  });
});

Deno.test("writeBaseline() killed in the middle leaves a whole file, and the next one goes on", async () => {
  await withBaseline(async (file, folder) => {
    for (let round = 0; round < 3; round++) {
      const child = store(file, `round_${round}`, 5000, 1000).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      // Some time within the writes that follow each other without a pause.
      await new Promise((resolve) => setTimeout(resolve, 5 + 13 * round));
      child.kill("SIGKILL");
      await Promise.all([child.status, reader.cancel(), child.stderr.cancel()]);
      assert(`round_${round}_0` in read(file));
    }
    await writeBaseline(file, () => OLD);
    assertEquals(read(file), OLD);
    assertEquals(names(folder), ["gradient-health.baseline.json"]);
  });
});

Deno.test("writeBaseline() keeps the old file when the disk takes no more", async () => {
  await withBaseline(async (file, folder) => {
    // A limit on the size of a file fails a write in its middle, as a full disk does.
    const { code, stderr } = await new Deno.Command("bash", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 64; exec "$0" run --no-check -A "$@"`,
        Deno.execPath(),
        SCRIPT,
        file,
        "big",
        "20000",
        "1",
      ],
    }).output();
    assert(code !== 0);
    assertStringIncludes(new TextDecoder().decode(stderr), "the baseline cannot be written");
    assertEquals(read(file), OLD);
    assertEquals(names(folder), ["gradient-health.baseline.json"]);
  });
});

Deno.test("writeBaseline() keeps the mode of the file, and the owner where it may", async () => {
  if (Deno.build.os === "windows") return;
  const folder = await Deno.makeTempDir();
  const file = `${folder}/baseline.json`;
  const store = (objective: string) =>
    writeBaseline(file, () => ({ net: { 0: { objective, examples: 1, layers: {} } } }));
  await store("sum");
  await Deno.chmod(file, 0o666);
  const isRoot = (await Deno.stat(file)).uid === 0;
  if (isRoot) await Deno.chown(file, 1234, 5678);
  await store("other");
  const { mode, uid, gid } = await Deno.stat(file);
  assertEquals(mode! & 0o7777, 0o666);
  if (isRoot) assertEquals([uid, gid], [1234, 5678]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeBaseline() takes away no file but its own under the names that it needs meanwhile", async () => {
  const folder = await Deno.makeTempDir();
  for (const ending of ["lock", "tmp"]) {
    const other = `${folder}/deno.${ending}`;
    await Deno.writeTextFile(other, "{}");
    await assertRejects(
      () => writeBaseline(`${folder}/deno`, () => ({})),
      GateError,
      `${folder}/deno: the baseline cannot be written: the temporary file ${other} is not from an earlier check, expected none, or one that a check left`,
    );
    assertEquals(await Deno.readTextFile(other), "{}");
    await Deno.remove(other);
  }
  await Deno.remove(folder, { recursive: true });
});
