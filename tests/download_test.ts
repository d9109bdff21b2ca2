import { assert, assertEquals } from "@std/assert";
import { loadedWith, readImports } from "./read_imports.ts";

const ROOT = new URL("../", import.meta.url);
const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));

Deno.test("report imports few packages beside TensorFlow.js", async () => {
  const imports = await readImports(new URL("src/", ROOT));
  // Modules that Deno reads before --help, the subcommand, and its renderer.
  const entries = ["overview", "run", "commands/run_report"].map((name) => `cli/${name}.ts`);
  const modules = loadedWith(imports, [...entries, "core/text/render_text.ts"], ["value", "late"]);
  const name = /^(@std|(@[^/]+\/)?[^/]+)/;
  const packages = modules.filter((path) => !/^node:|\.(ts|json)$/.test(path))
    .map((path) => name.exec(path)![0]);
  // `bench/download_bench.ts` fetches them, and lists those that come with them.
  assertEquals([...new Set(packages)].sort(), [
    "@std",
    "@tensorflow/tfjs",
    "@tensorflow/tfjs-backend-cpu",
    "@tensorflow/tfjs-backend-wasm",
    "@tensorflow/tfjs-core",
    "@tensorflow/tfjs-layers",
    "fast-png",
    "get-east-asian-width",
    "jsonc-parser",
  ]);
});

Deno.test("a checkout fetches what is imported, and TensorFlow.js gets the package long that it was made with", async () => {
  const { unstable } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assert(unstable.includes("npm-lazy-caching"));
  // TensorFlow.js requires long without declaring it, and is given the newest in the lock, fetched or not.
  const long = Object.keys(lock.npm).filter((name) => name.startsWith("long@"));
  assertEquals(long, ["long@4.0.0"]);
});
