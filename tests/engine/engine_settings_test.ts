import { assertEquals, assertThrows } from "@std/assert";
import { MAX_THREADS, WORKLOAD_WORTH_THREADS } from "../../src/engine/start/choose_threads.ts";
import { engineSettings } from "../../src/engine/start/engine_settings.ts";
import { patchProperty } from "../../src/engine/patching.ts";
import { runScript } from "./run_script.ts";

Deno.test("engineSettings() takes relaxed SIMD unless it is turned off", () => {
  assertEquals(engineSettings({}), { threads: 1, relaxedSimd: true });
  assertEquals(engineSettings({ relaxedSimd: false }).relaxedSimd, false);
});

Deno.test("engineSettings() refuses an option that there is not", () => {
  assertThrows(
    () => engineSettings({ thread: 2 } as never),
    TypeError,
    'startEngine() has no option "thread", expected threads, workload, relaxedSimd',
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
