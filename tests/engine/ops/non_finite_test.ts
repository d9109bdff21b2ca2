import { installOps } from "../../../src/engine/ops/mod.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { KERNEL_CASES } from "./kernel_cases.ts";
import { assert, assertEquals } from "@std/assert";

/** The kernels that `installOps` registers, on the backend that runs. */
async function registered(tf: TensorFlow): Promise<string[]> {
  const before = new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
  const takeBack = await installOps(tf);
  const names = tf.getKernelsForBackend("wasm")
    .filter((config) => before.get(config.kernelName) !== config)
    .map(({ kernelName }) => kernelName);
  await takeBack();
  return names.sort();
}

Deno.test("every kernel of this project has a case for NaN and infinity", async () => {
  await onBackend("stock WASM", async (tf) => {
    assertEquals(Object.keys(KERNEL_CASES).sort(), await registered(tf));
  });
});

for (const number of [NaN, Infinity]) {
  Deno.test(`no kernel hides ${number}`, async (t) => {
    await onBackend("this engine", async (tf) => {
      for (const [name, { run, bounded }] of Object.entries(KERNEL_CASES)) {
        await t.step(name, () => {
          const begin = (...shape: number[]) => {
            const values = Array(shape.reduce((a, b) => a * b)).fill(1).with(0, number);
            return tf.tensor(values, shape);
          };
          const output: number[] = tf.tidy(() => Array.from(run(tf, begin).dataSync()));
          if (Number.isNaN(number)) assert(output.some(Number.isNaN), `${output}`);
          else if (bounded) assert(output.every(Number.isFinite), `${output}`);
          else assert(output.some((v) => !Number.isFinite(v)), `${output}`);
        });
      }
    });
  });
}
