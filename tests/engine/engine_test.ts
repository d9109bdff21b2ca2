import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { fileURLToPath } from "node:url";
import { EngineError } from "../../src/engine/engine.ts";
import { patchProperty } from "../../src/engine/patching.ts";
import { chooseThreads, MAX_THREADS, WORKLOAD_WORTH_THREADS } from "../../src/engine/engine.ts";
import {
  engineFileUrl,
  requireEngineFiles,
  requireFiles,
} from "../../src/engine/start/engine_files.ts";
import { engineSettings, startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { runScript } from "./run_script.ts";
import { assertRefused } from "../assert_refused.ts";

Deno.test("engineSettings() takes relaxed SIMD unless it is turned off", () => {
  assertEquals(engineSettings({}), { threads: 1, relaxedSimd: true });
  assertEquals(engineSettings({ relaxedSimd: false }).relaxedSimd, false);
});

Deno.test("engineSettings() refuses an option that there is not", () => {
  assertRefused(
    () => engineSettings({ thread: 2 } as never),
    {
      place: "startEngine()",
      found: 'no option "thread"',
      expected: "threads, workload, relaxedSimd",
    },
  );
});

Deno.test("startEngine() does without relaxed SIMD where the runtime has none", async () => {
  const { stdout } = await runScript(
    `
    import { startEngine } from "@gradient-health/gradient-health/engine";
    // Ours is the only module that is asked about with this operation; TensorFlow.js asks for SIMD.
    const { validate } = WebAssembly;
    WebAssembly.validate = (bytes) => ![...bytes].join().includes("253,133,2") && validate(bytes);
    await using engine = await startEngine({ relaxedSimd: true });
    console.log(engine.relaxedSimd, engine.tf.getBackend());
  `,
    ["-A"],
  );
  assertEquals(stdout, "false wasm\n");
});

Deno.test("startEngine() throws where the runtime has no SIMD at all", async () => {
  const { stdout } = await runScript(
    `
    import { startEngine } from "@gradient-health/gradient-health/engine";
    WebAssembly.validate = () => false;
    await startEngine().catch((error) => console.log(error.name, error.message));
  `,
    ["-A"],
  );
  assertEquals(
    stdout,
    "EngineError This machine has no WASM SIMD, which the engine needs: use another\n",
  );
});

Deno.test("engineSettings() chooses threads by the workload only for auto", () => {
  const workload = WORKLOAD_WORTH_THREADS;
  const cores = Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  assertEquals(engineSettings({ threads: "auto", workload }).threads, cores);
  assertEquals(engineSettings({ threads: "auto", workload: workload - 1 }).threads, 1);
  assertEquals(engineSettings({ threads: "auto" }).threads, 1);
  assertEquals(engineSettings({ threads: 3, workload }).threads, 3);
});

Deno.test("hasRelaxedSimd() asks the runtime about relaxed multiply-add, once", async () => {
  // A module of its own, which has not asked yet.
  const fresh = import.meta.resolve("../../src/engine/start/engine_files.ts?fresh");
  const { hasRelaxedSimd } = await import(fresh);
  const asked: Uint8Array<ArrayBuffer>[] = [];
  const undo = patchProperty(WebAssembly, "validate", {
    value: (bytes: Uint8Array<ArrayBuffer>) => asked.push(bytes) > 0,
  });
  try {
    assertEquals([hasRelaxedSimd(), hasRelaxedSimd()], [true, true]);
  } finally {
    undo();
  }
  assertEquals(asked.length, 1);
  const [bytes] = asked;
  assertEquals(WebAssembly.validate(bytes), true, "Deno 2.9 has relaxed SIMD");
  const unknown = bytes.with(bytes.length - 2, 0x7f);
  assertEquals(WebAssembly.validate(unknown), false, "an operation that nothing has");
});

Deno.test("requireEngineFiles() finds the files of this installation", async () => {
  await requireEngineFiles(1);
  await requireEngineFiles(2);
});

Deno.test("requireFiles() throws and says what to install when a file is not there", async () => {
  const there = fileURLToPath(engineFileUrl("single"));
  const gone = there + ".gone";
  const error = await assertRejects(() => requireFiles([there, gone]), EngineError);
  assertMatch(
    error.message,
    /not installed: the file .*\.gone is missing; install it with deno cache/,
  );
  await assertRejects(() => requireFiles([import.meta.dirname!]), EngineError, "not installed");
});

Deno.test("chooseThreads() takes every core from the line on, and one below it", () => {
  assertEquals(chooseThreads(0, 4), 1);
  assertEquals(chooseThreads(WORKLOAD_WORTH_THREADS * 0.999, 4), 1);
  assertEquals(chooseThreads(WORKLOAD_WORTH_THREADS, 4), 4);
  assertEquals(chooseThreads(Infinity, 4), 4);
});

Deno.test("chooseThreads() stays within the pool, and on one core at one thread", () => {
  assertEquals(chooseThreads(Infinity, 64), 8);
  assertEquals(chooseThreads(Infinity, 1), 1);
});

Deno.test("chooseThreads() asks the machine for its cores", () => {
  assertEquals(chooseThreads(Infinity), Math.min(8, navigator.hardwareConcurrency));
});

type Product = { m: number; k: number; n: number; left: boolean; right: boolean };

/** Shapes drawn from a fixed seed, some across the block sizes of the kernels. */
const products = fc.sample(
  fc.record({
    m: fc.integer({ min: 1, max: 130 }),
    k: fc.integer({ min: 1, max: 300 }),
    n: fc.integer({ min: 1, max: 130 }),
    left: fc.boolean(),
    right: fc.boolean(),
  }),
  { numRuns: 40, seed: 1 },
);

function compute(tf: TensorFlow): number[][] {
  const normal = (shape: number[], seed: number) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
  const bits = (tensor: Tensor) => [...new Int32Array(tensor.dataSync().slice().buffer)];
  const product = ({ m, k, n, left, right }: Product) =>
    tf.matMul(normal(left ? [k, m] : [m, k], 1), normal(right ? [n, k] : [k, n], 2), left, right);
  return tf.tidy(() => {
    const image = normal([3, 19, 17, 5], 3) as Parameters<TensorFlow["conv2d"]>[0];
    const filter = normal([3, 3, 5, 9], 4) as Parameters<TensorFlow["conv2d"]>[1];
    const results = [
      ...products.map(product),
      product({ m: 256, k: 512, n: 256, left: false, right: false }),
      tf.conv2d(image, filter, 2, "same") as Tensor,
      tf.depthwiseConv2d(image as never, normal([3, 3, 5, 2], 5) as never, 1, "valid") as Tensor,
      tf.avgPool(image as never, 3, 2, "same") as Tensor,
      normal([300, 77], 6).softmax(),
      normal([300, 77], 7).tanh().sum(0),
      ...[0, 1, 2, [0, 2], [1, 2], [0, 1, 2]].flatMap((axes) => {
        const x = normal([30, 1000, 20], 8);
        return [tf.sum(x, axes), tf.mean(x, axes)] as Tensor[];
      }),
    ];
    return results.map(bits);
  });
}

Deno.test("startEngine() gives the same bits whatever the number of threads", async () => {
  const results: number[][][] = [];
  for (const threads of [1, 2, 5]) {
    await using engine = await startEngine({ threads });
    results.push(compute(engine.tf));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});
