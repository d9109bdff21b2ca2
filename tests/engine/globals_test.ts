import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { ThreadWorker } from "../../src/engine/thread_worker.ts";
import { startEngine } from "../../src/engine/start_engine.ts";

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/** Everything that a start or a stop touches, property by property. */
function snapshot() {
  const properties: [object, string][] = [
    [globalThis, "Worker"],
    [os, "cpus"],
    [fs, "writeSync"],
    [process, "on"],
    ...["log", "warn", "error", "info"].map((name): [object, string] => [console, name]),
  ];
  return {
    properties: properties.map(([target, key]) => Object.getOwnPropertyDescriptor(target, key)),
    globals: Object.getOwnPropertyNames(globalThis).sort(),
    listeners: EVENTS.map((event) => process.rawListeners(event)),
  };
}

for (const threads of [1, 2]) {
  Deno.test(`startEngine() and stop() change nothing of the program, threads ${threads}`, async () => {
    let once = 0;
    const mine = () => {};
    const myOnce = () => once++;
    for (const event of EVENTS) process.on(event, mine);
    process.once("unhandledRejection", myOnce);
    try {
      // TensorFlow.js defines two globals of its own when it is imported.
      await import("@tensorflow/tfjs");
      const before = snapshot();
      const engine = await startEngine({ threads });
      assertEquals(snapshot(), before, "while it runs");
      await engine.stop();
      assertEquals(snapshot(), before, "after it stopped");
      const again = await startEngine({ threads });
      await again.stop();
      assertEquals(snapshot(), before, "the second time");
      assertEquals(process.rawListeners("unhandledRejection").length, 2);
      process.emit("unhandledRejection", null, Promise.resolve());
      process.emit("unhandledRejection", null, Promise.resolve());
      assertEquals(once, 1, "a listener added with once stays one");
    } finally {
      for (const event of EVENTS) process.off(event, mine);
      process.off("unhandledRejection", myOnce);
    }
  });
}

Deno.test("startEngine() gives Worker back as soon as the pool is full", async () => {
  const mine = globalThis.Worker;
  const starting = startEngine({ threads: 2 });
  let started = false;
  starting.then(() => started = true);
  while (ThreadWorker.living < 8) await new Promise((resolve) => setTimeout(resolve, 0));
  assert(!started);
  assertStrictEquals(globalThis.Worker, mine);
  await (await starting).stop();
});

Deno.test("startEngine() leaves TensorFlow.js's test mode off, whose checks break gradients", async () => {
  await using engine = await startEngine();
  assert(!engine.tf.env().getBool("IS_TEST"));
});
