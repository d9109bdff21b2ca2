import { assertEquals } from "@std/assert";
import { parseReport } from "../../src/entry/render.ts";
import { bytesOf, FOLDER, withFile } from "../keras/files/fixtures.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const pathOf = (name: string) => new URL(name, FOLDER).pathname;

const MODULE = (units: number) => `
export const createModel = ({ tf }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: ${units}, activation: "relu", inputShape: [4] }),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 3, activation: "tanh" }),
      tf.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
`;

/** The sizes of the weights that report finds. */
async function sizes(args: string[]): Promise<number[]> {
  const { code, stdout, stderr } = await runCommand(
    ["report", ...args, "--format", "json", "--quiet"],
  );
  assertEquals([code, stderr], [0, ""]);
  return parseReport(stdout).measurements.layers.flatMap(({ weights }) =>
    weights.map(({ values }) => values.rms)
  );
}

Deno.test("--weights puts the weights of a .weights.h5 or .keras into a module or a topology", async () => {
  const whole = await sizes([pathOf("dense.keras")]);
  await withFile("dense.weights.h5", bytesOf("dense.weights.h5.gz"), async (weights) => {
    await withFile("net.js", new TextEncoder().encode(MODULE(5)), async (module) => {
      assertEquals(await sizes([module, "--weights", weights]), whole);
      assertEquals(await sizes([module, "--weights", pathOf("dense.keras")]), whole);
    });
    assertEquals(await sizes([pathOf("dense.topology.json"), "--weights", weights]), whole);
    await withFile(
      "net.js",
      new TextEncoder().encode(MODULE(6)),
      (module) =>
        assertRefuses(["report", module, "--weights", weights], [
          `${weights}: "layers/dense/vars/0" has shape [4, 5], expected [4, 6] as weight "`,
        ]),
    );
  });
});
