import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { engineFileUrl } from "../../src/engine/start/engine_files.ts";
import { runScript } from "./run_script.ts";

const path = (file: "single" | "threaded") => fileURLToPath(engineFileUrl(file));

/** Starts an engine, computes, stops: prints nothing that TensorFlow.js did not make it print. */
const compute = (threads: number) => `
  import { startEngine } from "@gradient-health/gradient-health/engine";
  const engine = await startEngine({ threads: ${threads} });
  const { tf } = engine;
  const y = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]));
  console.log(tf.getBackend(), engine.threads, [...y.dataSync()].join());
  await engine.stop();
  console.log(tf.getBackend(), [...y.add(1).dataSync()].join());
`;

const start = (threads: number) => `
  import { startEngine } from "@gradient-health/gradient-health/engine";
  try {
    await startEngine({ threads: ${threads} });
  } catch (error) {
    console.log(error.name + ": " + error.message);
  }
  const tf = await import("@tensorflow/tfjs");
  console.log("backend", tf.getBackend());
`;

Deno.test("startEngine() prints nothing and needs no more than to read its file", async () => {
  assertEquals(await runScript(compute(1), [`--allow-read=${path("single")}`]), {
    code: 0,
    stdout: "wasm 1 3,3,3,3\ncpu 4,4,4,4\n",
    stderr: "",
  });
});

Deno.test("stop() sets TensorFlow.js's flag PROD back, and keeps its banner away all the same", async () => {
  const { stdout, stderr } = await runScript(
    `
    import * as tf from "@tensorflow/tfjs";
    import { startEngine } from "@gradient-health/gradient-health/engine";
    for (const production of [false, true]) {
      tf.env().set("PROD", production);
      const engine = await startEngine();
      const x = tf.ones([2]);
      const { numDataBuffers } = tf.memory();
      await engine.stop();
      console.log(tf.env().getBool("PROD"), tf.memory().numDataBuffers - numDataBuffers);
      console.log([...tf.add(x, 1).dataSync()].join());
    }
    tf.env().set("PROD", false);
    await tf.setBackend("wasm");
    await startEngine().catch(({ name }) => console.log(name, tf.env().getBool("PROD")));
  `,
    ["-A"],
  );
  assertEquals(
    { stdout, stderr },
    { stdout: "false 0\n2,2\ntrue 0\n2,2\nEngineError false\n", stderr: "" },
  );
});

Deno.test("startEngine() with threads prints nothing, needs one file, lets a script end", async () => {
  assertEquals(await runScript(compute(2), [`--allow-read=${path("threaded")}`]), {
    code: 0,
    stdout: "wasm 2 3,3,3,3\ncpu 4,4,4,4\n",
    stderr: "",
  });
});

Deno.test("startEngine() works under await using in a script with threads", async () => {
  const { code, stdout, stderr } = await runScript(
    `
    import { startEngine } from "@gradient-health/gradient-health/engine";
    await using engine = await startEngine({ threads: 3 });
    console.log(engine.tf.matMul(engine.tf.ones([600, 600]), engine.tf.ones([600, 1])).dataSync()[0]);
  `,
    ["-A"],
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "600\n", stderr: "" });
});

Deno.test("startEngine() throws and says what to allow when it may not read", async (t) => {
  const cases: [threads: number, flags: string[], denied: string[]][] = [
    [1, [], [path("single")]],
    [1, [`--deny-read=${path("single")}`, "--allow-read"], [path("single")]],
    [2, [], [path("threaded")]],
    [2, [`--allow-read=${path("single")}`], [path("threaded")]],
  ];
  for (const [threads, flags, denied] of cases) {
    await t.step(
      `threads ${threads}, may not read ${denied.length} (${flags.length})`,
      async () => {
        const { code, stdout, stderr } = await runScript(start(threads), flags);
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        const [error, backend] = stdout.split("\n");
        assertMatch(
          error,
          /^EngineError: The WASM engine may not read its files?: run again with /,
        );
        assertStringIncludes(error, `--allow-read=${denied.join()}`);
        assertEquals(backend, "backend undefined");
      },
    );
  }
});

Deno.test("startEngine() throws, quietly, when the binary is no WASM", async (t) => {
  const corrupt = await Deno.makeTempFile({ suffix: ".wasm" });
  try {
    await Deno.writeTextFile(corrupt, "not WASM");
    for (const threads of [1, 2]) {
      await t.step(`threads ${threads}`, async () => {
        const { code, stdout, stderr } = await runScript(
          `
          import process from "node:process";
          import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
          setWasmPaths({
            "tfjs-backend-wasm.wasm": ${JSON.stringify(corrupt)},
            "tfjs-backend-wasm-simd.wasm": ${JSON.stringify(corrupt)},
            "tfjs-backend-wasm-threaded-simd.wasm": ${JSON.stringify(corrupt)},
          });
          ${start(threads)}
          console.log(process.listenerCount("unhandledRejection"), Worker.name);
        `,
          ["-A"],
        );
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        const [error, backend, rest] = stdout.split("\n");
        assertMatch(
          error,
          /^EngineError: The WASM engine did not start \(.*magic word.*\): reinstall/,
        );
        assertEquals(backend, "backend wasm", "nothing to fall back on: computing throws");
        assertEquals(rest, "0 Worker");
      });
    }
  } finally {
    await Deno.remove(corrupt);
  }
});

Deno.test("startEngine() throws when a WASM backend runs that it did not start", async () => {
  const { stdout } = await runScript(
    `
    import * as tf from "@tensorflow/tfjs";
    import "@tensorflow/tfjs-backend-wasm";
    await tf.setBackend("wasm");
    ${start(1).replace("const tf = await import", "await import")}
  `,
    ["-A"],
  );
  assertMatch(stdout, /^EngineError: .* did not start: remove the tf\.setBackend\("wasm"\)/);
});

Deno.test("startEngine() throws when the WASM backend was removed", async () => {
  const { stdout } = await runScript(
    `
    import * as tf from "@tensorflow/tfjs";
    import "@tensorflow/tfjs-backend-wasm";
    tf.removeBackend("wasm");
    ${start(1).replace("const tf = await import", "await import")}
  `,
    ["-A"],
  );
  assertMatch(stdout, /^EngineError: .* delete the call tf\.removeBackend\("wasm"\)/);
});

Deno.test("startEngine() leaves the program's own warnings alone while it starts", async () => {
  const { stdout, stderr } = await runScript(
    `
    import { writeSync } from "node:fs";
    import { startEngine } from "@gradient-health/gradient-health/engine";
    const timer = setInterval(() => { console.warn("mine"); console.log("mine"); }, 1);
    const engine = await startEngine({ threads: 2 });
    clearInterval(timer);
    await engine.stop();
  `,
    ["-A"],
  );
  assertMatch(stderr, /^(mine\n)+$/);
  assertMatch(stdout, /^(mine\n)+$/);
});

Deno.test("startEngine() mutes complaints for no longer than it takes", async () => {
  const { stderr } = await runScript(
    `
    import { startEngine } from "@gradient-health/gradient-health/engine";
    const mine = console.warn;
    const starting = startEngine();
    while (console.warn === mine) await new Promise((resolve) => setTimeout(resolve, 0));
    const bound = console.warn;
    bound("Aborted(at the start)");
    const engine = await starting;
    bound("Aborted(later)");
    await engine.stop();
  `,
    ["-A"],
  );
  assertEquals(stderr, "Aborted(later)\n");
});

Deno.test("startEngine() takes over a model that was built on cpu", async () => {
  const { stdout } = await runScript(
    `
    import * as tf from "@tensorflow/tfjs";
    import { startEngine } from "@gradient-health/gradient-health/engine";
    tf.env().set("PROD", true);
    await tf.setBackend("cpu");
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const before = model.getWeights().map((w) => [...w.dataSync()].join());
    const x = tf.ones([1, 3]);
    const cpu = [...model.predict(x).dataSync()];
    const engine = await startEngine();
    const wasm = [...model.predict(x).dataSync()];
    const after = model.getWeights().map((w) => [...w.dataSync()].join());
    console.log(before.join() === after.join(), cpu.every((y, i) => Math.abs(y - wasm[i]) < 1e-6));
    await engine.stop();
    console.log(tf.getBackend());
  `,
    ["-A"],
  );
  assertEquals(stdout, "true true\ncpu\n");
});
