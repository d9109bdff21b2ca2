import { assertEquals } from "@std/assert";
import { runCommand } from "./cli/run_command.ts";

const read = (name: string) =>
  JSON.parse(Deno.readTextFileSync(new URL(`../${name}`, import.meta.url)));

Deno.test("deno.jsr.json is deno.json without the workspace, with the packages of its members", () => {
  const { workspace, ...expected } = read("deno.json");
  const std = ["assert", "cli", "csv", "expect", "fmt", "text"].map((name) => `./std/${name}`);
  const isRoom = (member: string) => member.startsWith("./src/");
  assertEquals(workspace.filter((one: string) => !isRoom(one)), [...std, "./tests", "./bench"]);
  for (const member of ["tests", "bench"]) {
    Object.assign(expected.imports, read(`${member}/deno.json`).imports);
  }
  assertEquals(read("deno.jsr.json"), { ...expected, exclude: ["std/"] });
});

Deno.test("the changelog, the README, the guide and the examples name the version of deno.json", async () => {
  const { version } = read("deno.json");
  const changes = await Deno.readTextFile(new URL("../CHANGELOG.md", import.meta.url));
  assertEquals(changes.match(/^## (\S+)/m)?.[1], version);
  for (const path of ["README.md", "docs/gate_a_repository.md", "examples/gated/deno.json"]) {
    const text = await Deno.readTextFile(new URL(`../${path}`, import.meta.url));
    const named = [...text.matchAll(/@gradient-health\/gradient-health@\^([\d.]+)/g)];
    assertEquals(named.map(([, one]) => one), [version], path);
  }
});

Deno.test("a module that imports TensorFlow.js without a version leaves the lock of a checkout as it is", async () => {
  const { imports } = read("deno.json");
  const pinned = imports["@tensorflow/tfjs"];
  const spellings = Object.keys(imports).filter((name) => name.startsWith("npm:"));
  assertEquals(spellings.map((name) => imports[name]), spellings.map(() => pinned));
  const lock = new URL("../deno.lock", import.meta.url);
  const before = await Deno.readTextFile(lock);
  const folder = await Deno.makeTempDir();
  for (const [index, name] of spellings.entries()) {
    const path = `${folder}/net${index}.ts`;
    await Deno.writeTextFile(
      path,
      `import * as tf from ${JSON.stringify(name)};
      export const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });`,
    );
    const { code, stderr } = await runCommand(["report", path, "--quiet", "--trial", "off"]);
    assertEquals([code, stderr], [0, ""], name);
    assertEquals(await Deno.readTextFile(lock), before, name);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what runs imports no package that only tests or benchmarks have", () => {
  const names = ["tests", "bench"].flatMap((one) => Object.keys(read(`${one}/deno.json`).imports));
  const { imports } = read("deno.json");
  assertEquals(names.filter((name) => name in imports), []);
});

Deno.test("every entry point that deno.json exports is there", async () => {
  for (const path of Object.values<string>(read("deno.json").exports)) {
    await Deno.stat(new URL(`../${path}`, import.meta.url));
  }
});

Deno.test("what the documentation of an entry point shows can be imported from it", async () => {
  for (const path of Object.values<string>(read("deno.json").exports)) {
    const { href } = new URL(`../${path}`, import.meta.url);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", href] })
      .output();
    const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
    const shown: { name: string; declarations: { kind: string }[] }[] = nodes[href].symbols;
    const values = shown.filter(({ declarations }) =>
      declarations.some(({ kind }) => ["class", "function", "variable"].includes(kind))
    );
    // A class that is exported as a type is documented as a class, and cannot be made by its users.
    const source = await Deno.readTextFile(new URL(href));
    const types = [...source.matchAll(/^export type \{([^}]*)\}/gm)]
      .flatMap(([, names]) => names.split(",").map((name) => name.trim()));
    const names = values.map(({ name }) => name).filter((name) => !types.includes(name)).sort();
    assertEquals(names, Object.keys(await import(href)).sort(), path);
  }
});
