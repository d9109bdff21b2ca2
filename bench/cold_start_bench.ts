/**
 * From the command line to the verdict: `deno run -A bench/cold_start_bench.ts`.
 *
 * Every line is a process of its own, as a CI job starts one. All of them take turns, so that what
 * disturbs one round disturbs them alike; medians count.
 *
 * @module
 */
import { median } from "./median.ts";

const ROUNDS = 15;
const ROOT = new URL("../", import.meta.url).pathname;
const EXERCISE = `${ROOT}fixtures/golden/seed_tanh_stddev_200/model.json`;
const CONFIGURATION = `${ROOT}examples/ci/gradient-health.json`;

const folder = await Deno.makeTempDir();
const empty = `${folder}/empty.ts`;
const bare = `${folder}/bare.ts`;
await Deno.writeTextFile(empty, "");
await Deno.writeTextFile(
  bare,
  `import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
await tf.setBackend("wasm");
if (tf.getBackend() !== "wasm") throw new Error("the backend did not start");
`,
);

const cli = `${ROOT}mod.ts`;
const LINES: Record<string, { args: string[]; code: number }> = {
  "empty deno run": { args: [empty], code: 0 },
  // What the workspace and its lock file cost whatever is run in a checkout.
  "empty, this deno.json": { args: ["--config", `${ROOT}deno.json`, empty], code: 0 },
  "--help": { args: [cli, "--help"], code: 0 },
  "check --help": { args: [cli, "check", "--help"], code: 0 },
  "wrong usage": { args: [cli, "check"], code: 2 },
  "TensorFlow.js + WASM": { args: [bare], code: 0 },
  "report": { args: [cli, "report"], code: 0 },
  "check, exercise": { args: [cli, "check", EXERCISE], code: 1 },
  "check, configuration, 6 runs": { args: [cli, "check", "--config", CONFIGURATION], code: 0 },
};

/** Milliseconds of one process. */
async function time({ args, code }: { args: string[]; code: number }): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    stdout: "null",
    stderr: "null",
    cwd: folder,
  });
  const before = performance.now();
  const status = await command.output();
  const taken = performance.now() - before;
  if (status.code !== code) throw new Error(`${args.join(" ")} exited with ${status.code}`);
  return taken;
}

const times: Record<string, number[]> = {};
// The first round checks types and fills the caches.
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, line] of Object.entries(LINES)) {
    const taken = await time(line);
    if (round > 0) (times[name] ??= []).push(taken);
  }
}
await Deno.remove(folder, { recursive: true });

const middle = (name: string) => median(times[name]);
const nothing = middle("empty deno run");
const tensorflow = middle("TensorFlow.js + WASM");
console.log(`${`median of ${ROUNDS} processes`.padEnd(32)}      ms   x empty   x TF.js`);
for (const name of Object.keys(LINES)) {
  const ms = middle(name);
  const cells = [ms.toFixed(0), (ms / nothing).toFixed(2), (ms / tensorflow).toFixed(2)];
  console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(8)).join("  "));
}
const target = (what: string, value: number, most: number) =>
  console.log(
    `${what}: ${value.toFixed(2)}, target at most ${most}: ${value <= most ? "met" : "MISSED"}`,
  );
console.log();
target("--help over an empty run", middle("--help") / nothing, 2.2);
target("check over TensorFlow.js + WASM", middle("check, exercise") / tensorflow, 3);
target("check in seconds", middle("check, exercise") / 1000, 0.5);
