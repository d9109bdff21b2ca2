import { assert, assertEquals } from "@std/assert";
import { runScript } from "../engine/run_script.ts";
import { runCommand } from "./run_command.ts";

const FINE = "export const createModel = ({ tf }) =>" +
  "  tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });";

/** Waits by the processor time of the whole process, in which other tests may be at work. */
const WAITS = `
import { assertEquals, assertRejects } from "@std/assert";
import { untilStalled } from "./src/files/user_code/foreign_code.ts";

const stalled = () => new Error("stalled");
const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

await assertRejects(() => untilStalled(new Promise(() => {}), stalled, 500), Error, "stalled");
const busy = async () => {
  const end = performance.now() + 2000;
  while (performance.now() < end) await sleep(0);
  return 1;
};
assertEquals(await untilStalled(busy(), stalled, 500), 1);
assertEquals(await untilStalled(sleep(300).then(() => 2), stalled, 500), 2);
`;

Deno.test("untilStalled() ends the wait for what does nothing, and for nothing else", async () => {
  const { code, stderr } = await runScript(WAITS, ["-A"]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("check exits with 2 for a module whose top-level await never settles, in a worker too", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Two stalled modules would be waited for one after the other.
    const files = [`${folder}/stalled.ts`, `${folder}/fine.ts`];
    await Deno.writeTextFile(files[0], "await new Promise(() => {});");
    await Deno.writeTextFile(files[1], FINE);
    const flags = ["--no-config", "--quiet"];
    const outcomes = await Promise.all([
      runCommand(["check", files[0], ...flags], { separate: true }),
      runCommand(["check", ...files, ...flags, "--seeds", "1", "--jobs", "2"], { separate: true }),
    ]);
    for (const { code, stdout, stderr } of outcomes) {
      assertEquals(code, 2, stderr);
      const said = `${stdout}${stderr}`;
      assert(
        said.includes(
          `no result: the code of ${
            files[0]
          } ended the process, or awaits a promise that never settles`,
        ),
        said,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("report names the module whose code breaks JavaScript itself", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, `Array.prototype.map = () => 1;${FINE}`);
    const { code, stderr } = await runCommand(["report", path, "--quiet"], { separate: true });
    assertEquals(code, 2);
    assert(stderr.startsWith(`error: ${path}: `), stderr);
  } finally {
    await Deno.remove(path);
  }
});
