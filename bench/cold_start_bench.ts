/**
 * From the command line to the verdict. Every line is a process of its own, as a CI job starts one. All of them take
 * turns, so that what disturbs one round disturbs them alike; the least time counts.
 *
 * @module
 */
import { installPackage } from "../tools/bundle/install.ts";
import type { Row } from "./row.ts";

const ROUNDS = 20;
const ROOT = new URL("../", import.meta.url).pathname;
const CLI = `${ROOT}mod.ts`;
/** The package, as a project that has installed it runs it. */
const PACKAGE = ["--config", "user/deno.json", "user/package/mod.ts"];
const EMPTY = "empty.ts", BARE = "bare.ts";
const HEALTHY = `${ROOT}fixtures/golden/relu_he/model.json`;
const ILL = `${ROOT}fixtures/golden/seed_tanh_stddev_200/model.json`;
const CONFIGURATION = `${ROOT}examples/ci/gradient-health.json`;

/** References of the program: an empty script, and TensorFlow.js without work. */
const FILES = {
  [EMPTY]: "",
  [BARE]: `import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
await tf.setBackend("wasm");
if (tf.getBackend() !== "wasm") throw new Error("the backend did not start");
`,
};

/** A process, the exit code that it must have, and how long it may take over what it is held against. */
interface Line {
  args: string[];
  code?: number;
  against?: "empty run" | "bare start of TensorFlow.js" | "check, healthy model.json";
  most?: number;
}

const LINES: Record<string, Line> = {
  "empty run": { args: [EMPTY] },
  // What the workspace and its lock file cost whatever is run in a checkout.
  "empty run, this deno.json": {
    args: ["--config", `${ROOT}deno.json`, EMPTY],
    against: "empty run",
  },
  "--help": { args: [CLI, "--help"], against: "empty run", most: 2.2 },
  "check --help": { args: [CLI, "check", "--help"], against: "empty run" },
  "wrong usage": { args: [CLI, "check"], code: 2, against: "empty run" },
  "bare start of TensorFlow.js": { args: [BARE] },
  "check, healthy model.json": {
    args: [CLI, "check", HEALTHY],
    against: "bare start of TensorFlow.js",
    most: 1.6,
  },
  "package: --help": { args: [...PACKAGE, "--help"], against: "empty run", most: 2 },
  "package: check --help": { args: [...PACKAGE, "check", "--help"], against: "empty run" },
  "package: check, healthy model.json": {
    args: [...PACKAGE, "check", HEALTHY],
    against: "check, healthy model.json",
    most: 0.8,
  },
  "check, ill model.json": {
    args: [CLI, "check", ILL],
    code: 1,
    against: "bare start of TensorFlow.js",
    most: 1.6,
  },
  "check, configuration, 6 runs": {
    args: [CLI, "check", "--config", CONFIGURATION],
    against: "bare start of TensorFlow.js",
  },
  "report": { args: [CLI, "report"], against: "bare start of TensorFlow.js" },
};

/** Milliseconds of one process. */
async function time({ args, code = 0 }: Line, folder: string): Promise<number> {
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

/** Whole processes over an empty one, and over a bare start of TensorFlow.js. */
export async function rows(): Promise<Row[]> {
  const folder = await Deno.makeTempDir();
  const least: Record<string, number> = {};
  try {
    await Deno.mkdir(`${folder}/user`);
    await installPackage(`${folder}/user`);
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    // The first round checks types and fills the caches.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, line] of Object.entries(LINES)) {
        const taken = await time(line, folder);
        if (round > 0) least[name] = Math.min(taken, least[name] ?? Infinity);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const ill = "check, ill model.json";
  return [
    ...Object.entries(LINES).map(([what, { against, most }]): Row => ({
      what,
      figure: least[what],
      unit: "ms",
      ...against && { against: { what: against, figure: least[against] } },
      ...most !== undefined && { target: { of: "ratio", most } },
    })),
    {
      what: `${ill}, in itself`,
      figure: least[ill],
      unit: "ms",
      target: { of: "figure", most: 500 },
    },
  ];
}
