import { assert, assertEquals } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** Returns the modules that `jsr:` packages are in a checkout. */
async function membersImports(): Promise<Record<string, string>> {
  const imports: Record<string, string> = {};
  for (const member of configuration.workspace.filter((path) => path.startsWith("./std/"))) {
    const folder = new URL(`${member}/`, ROOT);
    const { name, exports } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", folder)),
    );
    const entries = typeof exports === "string" ? { ".": exports } : exports;
    for (const [entry, path] of Object.entries(entries)) {
      imports[`${name}${entry.slice(1)}`] = new URL(path as string, folder).href;
    }
  }
  return imports;
}

/** Type-checks modules in a browser's library, and returns what the compiler says. */
async function check(folder: string, modules: string[]): Promise<string> {
  const imports = { ...configuration.imports, ...await membersImports() };
  const compilerOptions = { lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"] };
  const file = `${folder}/deno.json`;
  await Deno.writeTextFile(file, JSON.stringify({ imports, compilerOptions, lock: false }));
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", file, ...modules],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr);
}

Deno.test("every entry point type-checks without the types of Deno", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const entries = Object.values(configuration.exports).map((path) => new URL(path, ROOT).href);
    assertEquals(await check(folder, entries), "");
    const module = `${folder}/of_deno.ts`;
    await Deno.writeTextFile(module, "export const folder: string = Deno.cwd();\n");
    assert((await check(folder, [module])).includes("Cannot find name 'Deno'"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
