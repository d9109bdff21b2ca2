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
