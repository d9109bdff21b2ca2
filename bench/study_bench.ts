/**
 * What a study costs: `deno run -A bench/study_bench.ts` (some four minutes), or only the
 * sections named: `point`, `curve`, `jobs`, `pay`.
 *
 * A point against the pass it makes, time and memory over the number of points, two jobs against one,
 * and from what size on jobs pay. Whatever is compared takes turns in one run; medians count.
 *
 * @module
 */
import { startEngine } from "../src/engine/start_engine.ts";
import { runPass } from "../src/measure/run_pass.ts";
import { randomBatch } from "../src/model/random_batch.ts";
import { rescaleWeights } from "../src/model/rescale_weights.ts";
import { WORK_WORTH_JOBS } from "../src/study/jobs.ts";
import { denseNetwork } from "../src/study/dense_network.ts";
import { PointMeter } from "../src/study/point_meter.ts";
import { runStudy } from "../src/study/run_study.ts";
import { resolveGrid } from "../src/study/study_grid.ts";
import { median } from "./median.ts";

const DENSE = { network: "dense" } as const;

function row(...cells: (string | number)[]): void {
  console.log(cells.map((cell) => String(cell).padStart(14)).join(""));
}

function verdict(what: string, value: number, most: number): void {
  const met = value <= most ? "met" : "MISSED";
  console.log(`${what}: ${value.toFixed(2)}, target at most ${most}: ${met}\n`);
}

/** Runs a sweep of 20 scales a seed in a process of its own, as its user does, and says how long it took. */
async function time(
  { seeds, width, examples, jobs }: {
    seeds: number;
    width: number;
    examples: number;
    jobs: number;
  },
): Promise<number> {
  const scales = Array.from({ length: 20 }, (_, i) => 0.5 + i / 10);
  const flags = { seeds, width, examples, jobs, scale: scales, activation: "tanh", format: "json" };
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", new URL("../mod.ts", import.meta.url).href, "sweep", "--quiet"],
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ],
    stdout: "null",
    stderr: "inherit",
  });
  const started = performance.now();
  const { success } = await command.output();
  if (!success) throw new Error("the sweep failed");
  return performance.now() - started;
}

async function pointAgainstPass(): Promise<void> {
  console.log(
    "A point against the pass it makes (10 tanh layers, median of 400 and 100, scales 0.8 to 1.2)",
  );
  row("width", "batch", "pass, ms", "point, ms", "ratio");
  let worst = 0;
  const networks = [[20, 32, 400], [64, 32, 400], [256, 64, 100], [512, 64, 100]];
  for (const [width, examples, counted] of networks) {
    await using engine = await startEngine();
    const count = 50 + counted;
    const scales = Array.from({ length: count }, (_, i) => 0.8 + 0.4 * i / count);
    const grid = resolveGrid({ scales, widths: [width], activations: ["tanh"] });
    const meter = await PointMeter.open(engine, DENSE, grid, { examples });
    const variant = { activation: "tanh", initializer: null, depth: 10, width };
    const model = denseNetwork({ tf: engine.tf, seed: 0, ...variant });
    const batch = randomBatch(model, { examples });
    const passes: number[] = [];
    const points: number[] = [];
    for (let i = 0; i < scales.length; i++) {
      // A pass on weights that are as fresh as the point's: the engine packs new ones once.
      rescaleWeights(model, 1 + (i % 2 ? -1 : 1) * 1e-3);
      const started = performance.now();
      runPass(engine, model, batch, {});
      const between = performance.now();
      await meter.measure(i);
      points.push(performance.now() - between);
      passes.push(between - started);
    }
    meter.close();
    model.dispose();
    engine.tf.dispose(batch.inputs);
    const [pass, point] = [passes, points].map((times) => median(times.slice(50)));
    worst = Math.max(worst, point / pass);
    row(width, examples, pass.toFixed(2), point.toFixed(2), (point / pass).toFixed(2));
  }
  verdict("point over pass", worst, 1.2);
}

async function curve(): Promise<void> {
  console.log("Time and memory over the number of points (10 tanh layers of 20 units, 100 scales)");
  row("points", "seconds", "ms a point", "heap, MB", "rss, MB", "tensors");
  await using engine = await startEngine();
  for (const count of [100, 1000, 10_000]) {
    const scales = Array.from({ length: 100 }, (_, i) => 0.5 + i / 100);
    const grid = { scales, seeds: count / 100, widths: [20], activations: ["tanh"] };
    const started = performance.now();
    const { points } = await runStudy(DENSE, grid);
    let tensors = 0;
    for await (const { index } of points) {
      if (index === count - 1) tensors = engine.tf.memory().numTensors;
    }
    const seconds = (performance.now() - started) / 1000;
    const { heapUsed, rss } = Deno.memoryUsage();
    row(
      count,
      seconds.toFixed(2),
      (seconds * 1000 / count).toFixed(2),
      (heapUsed / 2 ** 20).toFixed(0),
      (rss / 2 ** 20).toFixed(0),
      tensors,
    );
  }
  console.log();
}

async function jobs(): Promise<void> {
  console.log("Two jobs against one (10 layers of 256 units, batch 64; processes; median of 3)");
  row("points", "1 job, s", "2 jobs, s", "ratio");
  let last = 0;
  for (const seeds of [20, 40, 100]) {
    last = await compareJobs({ seeds, width: 256, examples: 64 }, 3);
  }
  verdict("two jobs over one", last, 0.6);
}

async function whenJobsPay(): Promise<void> {
  console.log(
    "From what size on jobs pay (10 layers of 64 units, batch 32; processes; median of 5)",
  );
  row("points", "1 job, s", "2 jobs, s", "ratio");
  let from = Infinity;
  for (const seeds of [2, 4, 8, 16, 32, 64]) {
    const ratio = await compareJobs({ seeds, width: 64, examples: 32 }, 5);
    from = ratio < 1 ? Math.min(from, 20 * seeds) : Infinity;
  }
  console.log(
    `jobs pay from ${from} points on; --jobs auto starts them from ${
      WORK_WORTH_JOBS / 1000
    } s of ` +
      "work on\n",
  );
}

/** Shows and returns the time of two jobs over that of one. */
async function compareJobs(
  study: { seeds: number; width: number; examples: number },
  rounds: number,
): Promise<number> {
  const one: number[] = [], two: number[] = [];
  for (let round = 0; round < rounds; round++) {
    one.push(await time({ ...study, jobs: 1 }));
    two.push(await time({ ...study, jobs: 2 }));
  }
  const [a, b] = [one, two].map(median);
  row(20 * study.seeds, (a / 1000).toFixed(2), (b / 1000).toFixed(2), (b / a).toFixed(2));
  return b / a;
}

const SECTIONS: Record<string, () => Promise<void>> = {
  point: pointAgainstPass,
  curve,
  jobs,
  pay: whenJobsPay,
};
const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(SECTIONS);
for (const name of chosen) await SECTIONS[name]();
