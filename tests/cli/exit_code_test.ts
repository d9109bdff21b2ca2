import { assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const SICK = `export const createModel = ({ tf }) => tf.sequential({
  layers: [1, 2].map((units) =>
    tf.layers.dense({ units, inputShape: [4], kernelInitializer: "zeros" })
  ),
});
`;

/** Actions of a model when the process ends. */
const LISTENERS = [
  'addEventListener("unload", () => Deno.exit(0));',
  'addEventListener("unload", () => { Deno.exitCode = 0; }, { capture: true });',
  "globalThis.onunload = () => Deno.exit(0);",
  'addEventListener("unload", () => { throw new Error("late"); });',
  'import process from "node:process"; addEventListener("unload", () => { process.exitCode = 0; });',
  'import process from "node:process"; addEventListener("unload", () => process.exit(0));',
];

for (const listener of LISTENERS) {
  Deno.test(`the exit code is that of the verdict, whatever ends with it: ${listener}`, () =>
    withGateFolder([], { "net.ts": SICK + listener }, async (cwd) => {
      const args = ["check", "net.ts", "--no-config", "--trial", "off"];
      const { code, stdout } = await runCommand(args, { cwd, separate: true });
      assertEquals(code, 1);
      assertStringIncludes(stdout, "SICK");
    }));
}

Deno.test("an end without a verdict has the exit code 2, and a model may clean up", () =>
  withGateFolder([], {
    "net.ts": 'addEventListener("unload", () => { console.error("clean"); Deno.exit(0); });\n' +
      "Deno.exit(0);",
  }, async (cwd) => {
    const { code, stderr } = await runCommand(["check", "net.ts", "--no-config"], {
      cwd,
      separate: true,
    });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "no result: the code of net.ts ended the process");
    assertStringIncludes(stderr, "clean");
  }));
