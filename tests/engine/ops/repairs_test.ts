import { onBackend } from "../../conformance/backends.ts";
import { runRow } from "../../conformance/run_row.ts";
import { CASES } from "./repair_cases.ts";
import { assertEquals, assertNotEquals } from "@std/assert";

Deno.test("stock TensorFlow.js fails where a kernel or a gradient is repaired", async (t) => {
  await onBackend("stock WASM", async (tf) => {
    for (const [name, row] of Object.entries(CASES)) {
      await t.step(name, () => {
        assertNotEquals(runRow(tf, row).status, "ok", "stock is right here: nothing to repair");
      });
    }
  });
});

Deno.test("installOps() repairs every kernel and gradient", async (t) => {
  await onBackend("this engine", async (tf) => {
    for (const [name, row] of Object.entries(CASES)) {
      await t.step(name, () => {
        const { status, detail, worst, leaked } = runRow(tf, row);
        assertEquals(status, "ok", `${detail}, relative error ${worst}`);
        assertEquals(leaked, 0);
      });
    }
  });
});
