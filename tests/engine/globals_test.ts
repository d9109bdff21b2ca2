import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { patchProperty } from "../../src/engine/patching.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

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

Deno.test("startEngine() gives Worker back before it waits for its own threads", async () => {
  const mine = globalThis.Worker;
  const seen: unknown[] = [];
  // The code that starts the threads of our own module finds the program's Worker.
  const undo = patchProperty(globalThis, "Worker", {
    writable: true,
    value: class extends mine {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        seen.push(globalThis.Worker === this.constructor);
      }
    },
  });
  try {
    await (await startEngine({ threads: 3 })).stop();
  } finally {
    undo();
  }
  assertEquals(seen, [true, true]);
  assertStrictEquals(globalThis.Worker, mine);
});

Deno.test("startEngine() leaves TensorFlow.js's test mode off, whose checks break gradients", async () => {
  await using engine = await startEngine();
  assert(!engine.tf.env().getBool("IS_TEST"));
});
