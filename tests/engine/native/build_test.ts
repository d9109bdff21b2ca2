import { assert, assertEquals } from "@std/assert";
import { binaries, sources } from "../../../src/engine/native/binaries.ts";
import { checkpointBinary } from "../../../src/engine/native/checkpoint_binary.ts";
import { hashSources } from "../../../tools/build_native.ts";

const BUILD = new URL("../../../tools/build_native.ts", import.meta.url);

Deno.test("who imports a function of build.ts compiles nothing", async () => {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(script, `import "${BUILD.href}";`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", script],
  }).output();
  await Deno.remove(script);
  assert(success, new TextDecoder().decode(stderr));
});

// That the sources give these very bytes is checked by `deno task build:native --check`, in CI.
Deno.test("binaries.ts was made from the sources as they are", async () => {
  assertEquals(sources, await hashSources(), "run deno task build:native");
});

Deno.test("each binary imports the memory, and nothing else, and brings none", () => {
  for (const [name, binary] of Object.entries({ ...binaries, checkpoint: checkpointBinary })) {
    const module = new WebAssembly.Module(Uint8Array.fromBase64(binary));
    assertEquals(
      WebAssembly.Module.imports(module),
      [{ module: "env", name: "memory", kind: "memory" }],
      name,
    );
    const kinds = new Set(WebAssembly.Module.exports(module).map(({ kind }) => kind));
    assertEquals([...kinds], ["function"], name);
  }
});
