import { assert, assertEquals } from "@std/assert";
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
        // What the collector has not yet freed does not grow with the weights.
        const few = 32, many = 96;
        const least = await peakOf(folder, { layers: few, units: 1024, isPickled });
        const peak = await peakOf(folder, { layers: many, units: 1024, isPickled });
        const share = (peak - least) / (4 * (many - few) * 1024 ** 2);
        assert(share > 0.7 && share < 1.2, `${share.toFixed(2)} times the weights`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
