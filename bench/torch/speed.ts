/**
 * Compares a pass over a PyTorch program with PyTorch's own pass with hooks (speed.py), by processor time, and
 * whole commands by the time that a user waits as well:
 *
 *     python bench/torch/speed.py make FOLDER
 *     deno run -A bench/torch/speed.ts FOLDER PYTHON [--turns 2] [NAME...]
 *
 * Warm: both processes run passes in turn, and the least of each counts. Cold: a whole command of each, from its
 * start to its figures. With `--job NAME` it is the tool's process of warm passes.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { cpuUsage } from "node:process";
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel, readBatch } from "../../src/entry/model.ts";
import { measure } from "../../src/entry/measure.ts";

interface Pass {
  wall: number;
  processor: number;
  loss: number;
}

const { _: [folder, python, ...chosen], turns, job } = parseArgs(Deno.args, {
  string: ["_", "job"],
  default: { turns: 2 },
});
const SCRIPT = new URL("speed.py", import.meta.url).pathname;
const SELF = new URL(import.meta.url).pathname;
const NAMES = ["lstm", "resnet18", "vit_s", "gpt2"];

const seconds = ({ user, system }: { user: number; system: number }) => (user + system) / 1e6;

/** Runs a pass for each line on stdin. */
async function runJob(name: string): Promise<void> {
  await using _engine = await startEngine({ threads: "auto" });
  const { model } = await loadModel(`${folder}/${name}.pt2`);
  const batch = await readBatch(`${folder}/${name}.npz`, model, { objective: "cross_entropy" });
  for await (const _ of linesOf(Deno.stdin.readable)) {
    const before = cpuUsage();
    const start = performance.now();
    const { objective } = await measure(model, batch, { objective: "cross_entropy" });
    const wall = (performance.now() - start) / 1000;
    const row: Pass = { wall, processor: seconds(cpuUsage(before)), loss: objective.value };
    console.log(JSON.stringify(row));
  }
}

/** Starts a process that runs a pass whenever it is asked to. */
function startTurns(command: string, args: string[]) {
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  return {
    async turn(): Promise<Pass> {
      await writer.write(new TextEncoder().encode("\n"));
      const { value } = await lines.next();
      return JSON.parse(value);
    },
    async stop() {
      await writer.close();
      await child.status;
    },
  };
}

/** Runs a whole command; its processor time is that of the children of a shell. */
async function cold(command: string): Promise<Omit<Pass, "loss">> {
  const script = `${command} > /dev/null; times`;
  const start = performance.now();
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  const wall = (performance.now() - start) / 1000;
  const [, children] = new TextDecoder().decode(stdout).trim().split("\n").slice(-2);
  const processor = [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
  return { wall, processor };
}

/** Yields the lines of a stream. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

const least = (passes: Pass[]) => Math.min(...passes.map(({ processor }) => processor));

async function compare(): Promise<void> {
  const heads = ["warm", "cold", "cold, wall"].map((head) => `${head} | PyTorch | ratio`);
  console.log(`| program | ${heads.join(" | ")} | same loss |`);
  console.log(`| --- |${" ---: |".repeat(9)} --- |`);
  for (const name of chosen.length > 0 ? chosen.map(String) : NAMES) {
    const ours = startTurns(Deno.execPath(), [
      "run",
      "-A",
      SELF,
      String(folder),
      "-",
      "--job",
      name,
    ]);
    const theirs = startTurns(String(python), [SCRIPT, "turns", String(folder), name]);
    const passes: { ours: Pass; theirs: Pass }[] = [];
    // The first of each is not counted.
    for (let i = 0; i <= Number(turns); i++) {
      passes.push({ ours: await ours.turn(), theirs: await theirs.turn() });
    }
    await Promise.all([ours.stop(), theirs.stop()]);
    const counted = passes.slice(1);
    const warm = [
      least(counted.map(({ ours }) => ours)),
      least(counted.map(({ theirs }) => theirs)),
    ];
    const path = `${folder}/${name}`;
    const report = `deno run -A mod.ts report ${path}.pt2 --batch ${path}.npz ` +
      "--objective cross_entropy --trial off --trust";
    const whole = [
      await cold(report),
      await cold(`${python} ${SCRIPT} cold ${folder} ${name}`),
    ];
    const [processor, wall] = (["processor", "wall"] as const)
      .map((clock) => whole.map((one) => one[clock]));
    const [first] = passes;
    const isSame = Math.abs(first.ours.loss / first.theirs.loss - 1) < 1e-3;
    const cells = [warm, processor, wall].flatMap(([a, b]) => [
      `${a.toFixed(2)} s`,
      `${b.toFixed(2)} s`,
      (a / b).toFixed(2),
    ]);
    console.log(`| ${name} | ${cells.join(" | ")} | ${isSame ? "yes" : "no"} |`);
  }
}

if (job !== undefined) await runJob(job);
else await compare();
