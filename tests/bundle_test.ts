import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };
import { installPackage } from "../tools/bundle/install.ts";
import { init, withFiles, WRITTEN_TEST } from "./cli/init_folder.ts";
import { type Outcome, runCommand } from "./cli/run_command.ts";

const NET = `import type { ModelModule } from "@gradient-health/gradient-health/model";
import { exerciseModel } from "@gradient-health/gradient-health";
export const createModel: ModelModule["createModel"] = ({ seed }) =>
  exerciseModel({ seed, std: STD });
`;

const FILES = {
  "net.ts": NET.replace("STD", "1 / Math.sqrt(20)"),
  "vanishing.ts": NET.replace("STD", "1e-3"),
  "broken.ts": NET.replace("STD", "-1"),
  "net_test.ts": `import {
  assertNoVanishingGradients,
  exerciseModel,
  measure,
  randomBatch,
  startEngine,
} from "@gradient-health/gradient-health";
import { AssertionError, assertThrows } from "@std/assert";

Deno.test("gradients do not vanish", async () => {
  await using _engine = await startEngine();
  const healthy = exerciseModel({ std: 1 / Math.sqrt(20) });
  assertNoVanishingGradients(await measure(healthy, randomBatch(healthy)));
  // @ts-expect-error: the types are those of the source
  const _wrong = () => exerciseModel({ std: "1" });
});

Deno.test("gradients vanish", async () => {
  await using _engine = await startEngine();
  const ill = exerciseModel({ std: 1e-3 });
  const measurements = await measure(ill, randomBatch(ill));
  assertThrows(() => assertNoVanishingGradients(measurements), AssertionError, "gradient");
  assertNoVanishingGradients(measurements);
});
`,
};

async function install(): Promise<string> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  await installPackage(folder);
  for (const [name, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return folder;
}

async function deno(folder: string, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the command line of the package. */
const packed = (folder: string, ...args: string[]) =>
  deno(folder, "run", "-A", "--config", "deno.json", "package/mod.ts", ...args);

/** A page without its scripts, whose source the bundler formats, and their hashes. */
const pageOf = (text: string) =>
  text.replaceAll(/<script>[^]*?<\/script>|'sha256-[^']*'|&#39;sha256-.*?&#39;/g, "");

let installed: Promise<string> | undefined;

/** A test of the package, which is built once. */
function test(name: string, run: (folder: string, t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, fn: async (t) => await run(await (installed ??= install()), t) });
}

test("a check loads few bundled files, and none has a path of the machine that built it", async (folder) => {
  const bundle = `${folder}/package/bundle`;
  const files = await Array.fromAsync(Deno.readDir(bundle));
  const loaded = new Set(["mod.js", "help.js", "core.js"]);
  for (const file of loaded) {
    const text = await Deno.readTextFile(`${bundle}/${file}`);
    for (const [, name] of text.matchAll(/^(?:import|\} from) "\.\/([^"]+)"/gm)) loaded.add(name);
  }
  // They are what a `check` loads: before it read 3.4 MB, and took 5 % longer.
  assert(loaded.size <= 40, `${loaded.size} files`);
  const sizes = await Promise.all([...loaded].map((file) => Deno.stat(`${bundle}/${file}`)));
  const size = sizes.reduce((sum, { size }) => sum + size, 0);
  assert(size < 2.4e6, `${size} bytes`);
  for (const { name } of files) {
    const text = await Deno.readTextFile(`${bundle}/${name}`);
    assert(!/\.cache\/|\/tmp\/|registry\.npmjs/.test(text), name);
    // It costs 20 ms wherever it is loaded; fflate has it, which reads pictures.
    assert(name === "pictures.js" || !text.includes("createRequire"), name);
  }
});

const LINES: Record<string, number> = {
  "report net.ts --quiet --format json": 0,
  "check net.ts --quiet": 0,
  "check net.ts vanishing.ts --quiet --seeds 2 --jobs 2": 1,
  "check broken.ts --quiet": 2,
  "report net.ts --quiet --format html --trial off": 0,
  "sweep net.ts --scale 0.1,1 --seeds 2 --jobs 2 --quiet --format json": 0,
  "explain vanishing-gradients": 0,
  "--help": 0,
};

for (const [line, code] of Object.entries(LINES)) {
  test(`the package prints what the checkout prints: ${line}`, async (folder) => {
    const args = line.split(" ");
    const expected = await runCommand(args, { cwd: folder });
    assertEquals(expected.code, code, expected.stderr);
    const found = await packed(folder, ...args);
    assertEquals({ ...found, stdout: pageOf(found.stdout) }, {
      ...expected,
      stdout: pageOf(expected.stdout),
    });
    if (line.startsWith("check broken")) assertStringIncludes(expected.stderr, "broken.ts:4:3");
  });
}

/** Writes the test that `init` writes for `net.ts` alone. */
const writeTestOfInit = (folder: string) =>
  withFiles({ "net.ts": FILES["net.ts"] }, async (other) => {
    const { code, stderr } = await init(other, "--yes");
    assertEquals(code, 0, stderr);
    await Deno.copyFile(`${other}/${WRITTEN_TEST}`, `${folder}/${WRITTEN_TEST}`);
  });

// One process for both tests: to check the types of the package takes ten seconds.
test("a test that imports the package by name passes and fails at its own line, that of init too", async (folder) => {
  await writeTestOfInit(folder);
  const { code, stdout } = await deno(folder, "test", "-A", "net_test.ts", WRITTEN_TEST);
  assertStringIncludes(stdout, "net.ts can be trained ... ok");
  assertStringIncludes(stdout, "gradients do not vanish ... ok");
  assertStringIncludes(stdout, "gradients vanish ... FAILED");
  assertStringIncludes(stdout, "net_test.ts:23:3");
  assertEquals(code, 1);
});

test("every entry point exports what it exports in the checkout", async (folder) => {
  const keys = Object.keys(configuration.exports);
  const namesOf = (library: Record<string, unknown>) =>
    Object.entries(library).map(([name, value]) => `${name}: ${typeof value}`);
  const shown = `${namesOf}`;
  const specifiers = keys.map((key) => configuration.name + key.slice(1));
  const program = `const namesOf = ${shown};
for (const one of ${
    JSON.stringify(specifiers)
  }) console.log(JSON.stringify(namesOf(await import(one))));`;
  const { stdout, stderr } = await deno(folder, "eval", program);
  const found = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(found.length, keys.length, stderr);
  for (const [index, key] of keys.entries()) {
    const path = configuration.exports[key as keyof typeof configuration.exports];
    assertEquals(found[index], namesOf(await import(`../${path.slice(2)}`)), key);
  }
});

Deno.test("the folder of the installed package is removed", async () => {
  if (installed !== undefined) await Deno.remove(await installed, { recursive: true });
});
