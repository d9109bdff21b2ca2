/**
 * Cost of a study, in about four minutes: a point against its pass, time and memory over the number
 * of points, two jobs against one, and the size from which jobs pay. Whatever is compared takes
 * turns in one run; medians count.
 *
 * @module
 */
import { startEngine } from "../src/engine/start/start_engine.ts";
import { runPass } from "../src/core/measure/pass.ts";
import { randomBatch } from "../src/core/model/batches/random_batch.ts";
import { rescaleWeights } from "../src/core/model/weights/model_weights.ts";
import { runStudy, WORK_WORTH_JOBS } from "../src/study/run_study.ts";
import { denseNetwork } from "../src/study/open_subject.ts";
import { PointMeter } from "../src/study/point_meter.ts";
import { resolveGrid } from "../src/study/study_grid.ts";
import { median } from "../src/ground/theory/statistics.ts";
import type { Row } from "./row.ts";

const DENSE = { network: "dense" } as const;

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
      "run",
      "-A",
      new URL("../mod.ts", import.meta.url).href,
      "sweep",
      "--quiet",
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

/** A point against the pass it makes: 10 tanh layers, scales 0.8 to 1.2. */
async function pointAgainstPass(): Promise<Row[]> {
  const rows: Row[] = [];
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
    rows.push({
      what: `point, 10 x ${width} tanh, batch ${examples}`,
      figure: point,
      unit: "ms",
      against: { what: "its pass", figure: pass },
      target: { of: "ratio", most: 1.2 },
    });
  }
  return rows;
}

/** Time and memory over the number of points: 10 tanh layers of 20 units, 100 scales. */
async function curve(): Promise<Row[]> {
  await using engine = await startEngine();
  const rows: Row[] = [];
  let first: { tensors: number; ms: number; rss: number } | null = null;
  for (const count of [100, 1000, 10_000]) {
    const scales = Array.from({ length: 100 }, (_, i) => 0.5 + i / 100);
    const grid = { scales, seeds: count / 100, widths: [20], activations: ["tanh"] };
    const started = performance.now();
    const { points } = await runStudy(DENSE, grid);
    let tensors = 0;
    for await (const { index } of points) {
      if (index === count - 1) tensors = engine.tf.memory().numTensors;
    }
    const ms = (performance.now() - started) / count;
    const rss = Deno.memoryUsage().rss / 2 ** 20;
    first ??= { tensors, ms, rss };
    const against = (figure: number) => ({ what: "of 100 points", figure });
    const what = `study of ${count} points`;
    rows.push(
      { what: `${what}, a point`, figure: ms, unit: "ms", against: against(first.ms) },
      { what: `${what}, memory`, figure: rss, unit: "MiB", against: against(first.rss) },
      {
        what: `${what}, at its end`,
        figure: tensors,
        unit: "tensors",
        against: against(first.tensors),
      },
    );
  }
  return rows;
}

/** Two jobs against one: 10 layers of 256 units, batch 64. */
async function jobs(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const seeds of [20, 40, 100]) {
    rows.push(await compareJobs({ seeds, width: 256, examples: 64 }, 3));
  }
  rows.at(-1)!.target = { of: "ratio", most: 0.6 };
  return rows;
}

/** From what size on jobs pay, and whether `--jobs auto` starts them there: 10 layers of 64 units, batch 32. */
async function whenJobsPay(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const seeds of [2, 4, 8, 16, 32, 64]) {
    const row = await compareJobs({ seeds, width: 64, examples: 32 }, 5);
    const started = row.against!.figure >= WORK_WORTH_JOBS;
    rows.push({ ...row, ...started && { target: { of: "ratio", most: 1 } } });
  }
  return rows;
}

/** The time of two jobs over that of one. */
async function compareJobs(
  study: { seeds: number; width: number; examples: number },
  rounds: number,
): Promise<Row> {
  const one: number[] = [], two: number[] = [];
  for (let round = 0; round < rounds; round++) {
    one.push(await time({ ...study, jobs: 1 }));
    two.push(await time({ ...study, jobs: 2 }));
  }
  const what = `sweep of ${20 * study.seeds} points, 10 x ${study.width}, batch ${study.examples}`;
  return {
    what: `${what}, two jobs`,
    figure: median(two),
    unit: "ms",
    against: { what: "one job", figure: median(one) },
  };
}

/** Points, curves and jobs. */
export async function rows(): Promise<Row[]> {
  const sections = [pointAgainstPass, curve, jobs, whenJobsPay];
  const rows: Row[] = [];
  for (const section of sections) rows.push(...await section());
  return rows;
}
