import { assertEquals, assertMatch } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";

/** A layer that takes its thread for a minute, asleep to spare the machine. */
const BUSY = `export const createModel = ({ tf }) => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  model.layers[0].call = () => {
    console.log("busy");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  };
  return model;
};
`;

/** Runs a command line until stderr says something, and sends it Ctrl-C then. */
async function interruptAt(cwd: string, args: string[], text: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("../../mod.ts", import.meta.url).href, ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  let at = 0;
  const timer = setTimeout(() => child.kill("SIGKILL"), 40_000);
  for await (const bytes of child.stderr) {
    stderr += new TextDecoder().decode(bytes);
    if (at > 0 || !stderr.includes(text)) continue;
    at = performance.now();
    child.kill("SIGINT");
  }
  const { code } = await child.status;
  clearTimeout(timer);
  return { code, stderr, seconds: (performance.now() - at) / 1000 };
}

for (
  const args of [
    ["report", "net.ts", "--out", "a.txt"],
    ["check", "net.ts", "--no-config", "--reporter", "json=a.json"],
    ["check", "net.ts", "--no-config", "--seeds", "2", "--jobs", "2", "--reporter", "json=a.json"],
  ]
) {
  Deno.test(`${args.join(" ")} tells of a pass that takes far too long, and ends at Ctrl-C`, () =>
    withGateFolder([], { "net.ts": BUSY }, async (cwd) => {
      const { code, stderr, seconds } = await interruptAt(cwd, args, "Ctrl-C ends it");
      assertMatch(
        stderr,
        /^net\.ts, seed \d: the pass has taken 5 s, far longer than the 1 s that its size explains/m,
      );
      assertEquals([code, seconds < 3], [130, true], stderr);
      assertEquals([...Deno.readDirSync(cwd)].map(({ name }) => name), ["net.ts"]);
    }));
}

Deno.test("sweep ends at Ctrl-C while its first pass has taken the thread", () =>
  withGateFolder([], { "net.ts": BUSY }, async (cwd) => {
    for (const jobs of ["1", "2"]) {
      const args = ["sweep", "net.ts", "--jobs", jobs, "--seeds", "2"];
      const { code, seconds } = await interruptAt(cwd, args, "busy");
      assertEquals([code, seconds < 3], [130, true]);
    }
  }));
