import { assertEquals } from "@std/assert";
import { createRequire } from "node:module";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { onBackend } from "./backends.ts";
import { guardHeap } from "./guard_heap.ts";
import { ACTIVATIONS, ALIASES, ROWS, WITHOUT_ARITHMETIC } from "./rows/mod.ts";
import { CORE_LOSSES, LAYER_LOSSES } from "./reference/mod.ts";
import type { Row } from "./row.ts";
import { runRow } from "./run_row.ts";
import type { Summary } from "./summarize.ts";

const subjects = new Set(ROWS.map((row) => row.subject));

Deno.test("tf.layers exports no layer without a row", async () => {
  const tf = await import("@tensorflow/tfjs");
  const exported = Object.keys(tf.layers);
  const missing = exported.filter((name) =>
    !subjects.has(ALIASES[name] ?? name) && !(name in WITHOUT_ARITHMETIC)
  );
  assertEquals(missing, []);
  const factories = tf.layers as unknown as Record<string, unknown>;
  for (const [alias, name] of Object.entries(ALIASES)) {
    const className = (key: string) =>
      (factories[key] as (options: object) => { getClassName(): string })({}).getClassName();
    assertEquals(className(alias), className(name), alias);
  }
});

Deno.test("TensorFlow.js knows no activation without rows", async () => {
  const tf = await import("@tensorflow/tfjs");
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  // Activations are the classes whose names begin in lower case.
  const names = Object.keys(classNameMap).filter((name) => /^[a-z]/.test(name));
  assertEquals(names.sort(), ACTIVATIONS.toSorted());
});

Deno.test("TensorFlow.js knows no loss without rows", async () => {
  const tf = await import("@tensorflow/tfjs");
  assertEquals(Object.keys(tf.losses).sort(), Object.keys(CORE_LOSSES).sort());
  // The losses of model.compile are not exported: read the list in the source.
  const { resolve } = createRequire(import.meta.resolve("@tensorflow/tfjs"));
  const source = await Deno.readTextFile(resolve("@tensorflow/tfjs-layers"));
  const list = source.match(/\blossesMap = \{([^}]*)\}/)![1];
  const names = list.split(",").map((entry) => entry.split(":")[0].trim()).filter((name) => name);
  assertEquals(names.sort(), Object.keys(LAYER_LOSSES).sort());
});

function checkRows(tf: TensorFlow, rows: Row[]) {
  const heap = guardHeap(tf);
  for (const row of rows) {
    const { status, worst, detail, leaked } = runRow(tf, row);
    assertEquals(status, "ok", `${row.options}: ${detail}, relative error ${worst}`);
    assertEquals(leaked, 0, `${row.options}: tensors left behind`);
  }
  heap.remove();
  assertEquals(heap.damaged(), 0, "a kernel wrote outside its output");
}

Deno.test("every layer computes what the reference computes, and its gradients", async (t) => {
  await onBackend("this engine", async (tf) => {
    for (const subject of subjects) {
      await t.step(subject, () => checkRows(tf, ROWS.filter((row) => row.subject === subject)));
    }
  });
});

Deno.test("products are right without fused multiply-add, too", async () => {
  const names = /^(dense|conv[12]d|depthwiseConv2d|lstm|tf\.(fused\.)?matMul)$/;
  const rows = ROWS.filter((row) => names.test(row.subject));
  await onBackend("this engine", (tf) => checkRows(tf, rows), { relaxedSimd: false });
});

Deno.test("the summary is that of the rows there are", async () => {
  const path = new URL("summary.json", import.meta.url);
  const summary: Summary = JSON.parse(await Deno.readTextFile(path));
  assertEquals(summary.rows, ROWS.length, "run deno task conformance --write");
  assertEquals(Object.keys(summary.subjects).sort(), [...subjects].sort());
  assertEquals(summary.total["this engine"].ok, ROWS.length);
});
