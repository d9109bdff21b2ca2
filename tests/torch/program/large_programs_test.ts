import { assert, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { byteSource } from "../../../src/files/byte_source.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { buildProgram } from "../../../src/torch/program/build_program.ts";
import { openProgram } from "../../../src/torch/program/open_program.ts";
import { assertRefused } from "../../assert_refused.ts";
import { type ProgramSize, writeLargeProgram } from "./write_large_program.ts";

const LOADER = new URL("loaded_peak.ts", import.meta.url).pathname;

/** Returns the largest memory of a process that loads a program. */
async function peakOf(folder: string, size: ProgramSize): Promise<number> {
  const path = `${folder}/net.pt2`;
  await writeLargeProgram(path, size);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", LOADER, path],
  });
  const { stdout, code, stderr } = await command.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}

for (const isPickled of [false, true]) {
  const layout = isPickled ? "the layout before PyTorch 2.9" : "the present layout";
  Deno.test({
    name: `loadModel() holds the weights of a program once, in ${layout}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        // Memory that the collector has not yet freed does not grow with the weights.
        const few = 16, many = 56;
        const least = await peakOf(folder, { layers: few, units: 1024, isPickled });
        const peak = await peakOf(folder, { layers: many, units: 1024, isPickled });
        const share = (peak - least) / (4 * (many - few) * 1024 ** 2);
        assert(share > 0.7 && share < 1.5, `${share.toFixed(2)} times the weights`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

Deno.test("buildProgram() refuses weights for which the WASM heap has no room, and reads none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/net.pt2`;
    await writeLargeProgram(path, { layers: 2, units: 4, isPickled: false });
    const archive = openProgram(await byteSource(path), "");
    await using engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    // Tensors that other tests of this isolate keep.
    const before = tf.memory().numTensors;
    // 4 GiB of the heap are 2^30 floats.
    const tensors = (entries: number) =>
      new Map([...archive.tensors].map(([name, tensor]) => [
        name,
        { ...tensor, shape: [entries / 2], copyTo: () => assert(false, "must not be read") },
      ]));
    const build = (entries: number, beforeWeights: () => void) =>
      buildProgram(tf, { ...archive, tensors: tensors(entries) }, { name: "net", beforeWeights });
    assertRefused(() => build(2 ** 30, () => {}), {
      place: "The weights of the program",
      found: "4.0 GiB as float32",
      expected: "less than the 4.0 GiB of the WASM heap",
    }, ModelError);
    assertThrows(
      () =>
        build(2 ** 30 - 2, () => {
          throw new Error("room for them");
        }),
      Error,
      "room for them",
    );
    assertEquals(tf.memory().numTensors, before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
