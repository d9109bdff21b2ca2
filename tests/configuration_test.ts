import { assertEquals } from "@std/assert";

const read = (name: string) =>
  JSON.parse(Deno.readTextFileSync(new URL(`../${name}`, import.meta.url)));

Deno.test("deno.jsr.json is deno.json without the workspace members", () => {
  const { workspace, ...expected } = read("deno.json");
  assertEquals(workspace, ["./std/assert", "./std/cli", "./std/expect", "./std/fmt"]);
  assertEquals(read("deno.jsr.json"), { ...expected, exclude: ["std/"] });
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
