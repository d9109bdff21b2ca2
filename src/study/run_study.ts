import configuration from "../../deno.json" with { type: "json" };
import { runningEngine } from "../engine/running_engine.ts";
import { isLocal, packageFolder } from "../engine/start/engine_files.ts";
import { ensureEngine, startEngine } from "../engine/start/start_engine.ts";
import { InputError, refusal } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import { countPoints, type ResolvedGrid, type StudyPoint } from "./grid_point.ts";
import type { PointMeter, StudyIdentity } from "./point_meter.ts";
import { shardRange, type StudyHeader } from "./study_document.ts";
import { resolveGrid, type StudyGrid } from "./study_grid.ts";
import {
  ownStudyRule,
  requireKnown,
  requireSubject,
  StudyError,
  type StudyOptions,
  studyRules,
  type StudySubject,
} from "./study_options.ts";
import type { StudyTask } from "./study_workers.ts";
import { host } from "../platform/host.ts";

/**
 * Work, in milliseconds of one process, above which workers are worth their start. Measured on a
 * quiet 2-core Xeon with Deno 2.9.6, two workers against a running process: work of 0.9 s takes
 * 1.13 times as long, 1.7 s 0.94 times, 3.3 s 0.81 times; measured from the start of the command
 * (`deno task bench study`), 1.3 s takes 0.91 times as long.
 */
export const WORK_WORTH_JOBS = 1500;

/**
 * Returns the number of workers that are worth starting for the rest of a study.
 *
 * @param milliseconds Time that this process would need for it.
 * @param cores Cores of the machine. Default: `navigator.hardwareConcurrency`.
 * @returns One worker per core, or 0: this process continues.
 */
export function chooseJobs(milliseconds: number, cores = navigator.hardwareConcurrency): number {
  return milliseconds < WORK_WORTH_JOBS || cores < 2 ? 0 : cores;
}

/** Returns true if this process may start workers, which read this package again. */
function mayStartWorkers(): boolean {
  return !isLocal() ||
    host.permissions.querySync({ name: "read", path: packageFolder() }).state === "granted";
}

/** Says why this process may not, and what to do about it. */
function workersRefused(jobs: number): string {
  return `${jobs} jobs need to read this package: run again with --allow-read=${packageFolder()}, ` +
    `or with one job`;
}

/**
 * Returns the number of jobs for a study: the requested one, or 1 if workers cannot run it.
 *
 * @throws {InputError} If the number of jobs is not valid.
 * @throws {StudyError} If workers are impossible, and several were requested.
 */
function requireJobs(
  jobs: number | "auto",
  subject: StudySubject,
  { objective }: StudyOptions,
): number | "auto" {
  if (jobs !== "auto" && !(Number.isSafeInteger(jobs) && jobs >= 1)) {
    throw new InputError(
      refusal`jobs is ${showValue(jobs)}, expected a whole number of at least 1, or "auto"`,
    );
  }
  const inThis = boundToProcess(subject, objective);
  if (inThis === null) {
    if (jobs === 1 || mayStartWorkers()) return jobs;
    if (jobs === "auto") return 1;
    throw new StudyError(workersRefused(jobs));
  }
  if (jobs !== "auto" && jobs > 1) {
    throw new StudyError({ place: "jobs", found: `${jobs}`, expected: "1", hint: `: ${inThis}` });
  }
  return 1;
}

/** Returns the reason why only this process can run a study, or `null` if workers can. */
function boundToProcess(
  subject: StudySubject,
  objective: StudyOptions["objective"],
): string | null {
  if (typeof subject === "function") {
    return "a function cannot be handed to workers: put createModel into a module and give its path";
  }
  if (typeof objective === "function") {
    return "an objective that is a function cannot be handed to workers: export it from the module";
  }
  const ownRule = ownStudyRule();
  if (ownRule === null) return null;
  return `the rule ${ownRule} was registered in this process, and workers do not know it`;
}

const ESTIMATE_AFTER_MS = 250;
/** Signals and timers wait for this long. */
const MAX_BLOCKING_MS = 50;

const OPTIONS: Record<keyof Required<RunStudyOptions>, true> = {
  examples: true,
  batch: true,
  objective: true,
  scaleLayers: true,
  microBatch: true,
  trust: true,
  training: true,
  relaxedSimd: true,
  jobs: true,
  shard: true,
  onProgress: true,
  onWarning: true,
  signal: true,
  isDone: true,
};

/** Options of {@linkcode runStudy}. */
export interface RunStudyOptions extends StudyOptions {
  /**
   * Called with the header before the first point; returns a function that says which points, by
   * index, were measured earlier and are skipped. Default: none.
   */
  isDone?: (
    header: StudyHeader,
  ) => ((index: number) => boolean) | Promise<(index: number) => boolean>;
}

/** A running study. */
export interface RunningStudy {
  /** Header of the study. */
  header: StudyHeader;
  /** Points, in the order of the grid. Read them to the end, or return from the generator. */
  points: AsyncGenerator<StudyPoint, void>;
}

/**
 * Begins a study. It does the same as {@linkcode study}, but yields the points one by one and does
 * not keep them, so that memory does not grow with their number.
 *
 * @param subject The subject of the study.
 * @param grid The points.
 * @param options Options of the run, and which points are skipped.
 * @returns The header, and the points to come.
 *
 * @example Look at points as they come
 * ```ts
 * import { runStudy } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const { header, points } = await runStudy({ network: "exercise" }, { scales: [1 / 894, 1] });
 * assertEquals(header.total, 2);
 * for await (const { scale, healthy } of points) assertEquals(healthy, scale < 1);
 * ```
 *
 * @throws {StudyError} As {@linkcode study} does; for a point, while the points are read.
 */
export async function runStudy(
  subject: StudySubject,
  grid: StudyGrid,
  options: RunStudyOptions = {},
): Promise<RunningStudy> {
  requireSubject(subject);
  requireKnown("the options of a study", options, Object.keys(OPTIONS));
  const resolved = resolveGrid(grid);
  const range = shardRange(resolved, options.shard ?? null);
  const jobs = requireJobs(options.jobs ?? 1, subject, options);
  const plan: StudyPlan = { subject, grid, resolved, range, options };
  return typeof jobs === "number" && jobs > 1
    ? await runInWorkers(plan, jobs)
    : await runHere(plan, { mayStop: jobs === "auto" });
}

interface StudyPlan {
  subject: StudySubject;
  grid: StudyGrid;
  resolved: ResolvedGrid;
  /** Indices of the points of this shard, without the last. */
  range: { from: number; to: number };
  options: RunStudyOptions;
}

async function runInWorkers(plan: StudyPlan, jobs: number): Promise<RunningStudy> {
  const { options } = plan;
  const workers = await startWorkers(plan, jobs);
  try {
    const header = headerOf(plan, await workers.identify());
    const pending = await pendingPoints(plan, header);
    const points = workers.run(pending.indices(), options.signal ?? null);
    return { header, points: counted(points, pending, options, () => jobs) };
  } catch (error) {
    await workers[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a study in this process; if it may stop, workers continue a long one. */
async function runHere(plan: StudyPlan, { mayStop }: { mayStop: boolean }): Promise<RunningStudy> {
  const { subject, resolved, options } = plan;
  const signal = options.signal ?? null;
  const engine = runningEngine() === null
    ? await startEngine({ relaxedSimd: options.relaxedSimd })
    : null;
  const closing: (() => unknown)[] = [() => engine?.stop()];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const { PointMeter } = await import("./point_meter.ts");
    const meter = await PointMeter.open(await ensureEngine(), subject, resolved, options);
    closing.push(() => meter.close());
    const header = headerOf(plan, await meter.identify());
    const pending = await pendingPoints(plan, header);
    let count = 0;
    const points = async function* () {
      try {
        const next = yield* inProcess(meter, pending, { mayStop, signal });
        if (next === null) return;
        await close();
        count = next.jobs;
        const workers = await startWorkers(plan, count);
        yield* workers.run(pending.indices(next.index), signal);
      } finally {
        await close();
      }
    };
    return { header, points: counted(points(), pending, options, () => count) };
  } catch (error) {
    await close();
    throw error;
  }
}

function headerOf(
  { resolved, options }: StudyPlan,
  { warning, ...identity }: StudyIdentity,
): StudyHeader {
  if (warning !== null) options.onWarning?.(warning);
  return {
    format: "gradient-health study",
    version: 1,
    package: configuration.version,
    engine: identity.engine,
    model: identity.model,
    objective: identity.objective,
    examples: identity.examples,
    batch: options.batch ?? null,
    scaleLayers: options.scaleLayers?.source ?? null,
    rules: studyRules().map(({ name }) => name),
    grid: resolved,
    total: countPoints(resolved),
    shard: options.shard ?? null,
    training: identity.training,
  };
}

async function startWorkers({ subject, grid, resolved, options }: StudyPlan, count: number) {
  // Imported when a study runs: other uses of the library must not wait for it.
  const { StudyWorkers } = await import("./study_workers.ts");
  const task = taskOf(subject, grid, options);
  return new StudyWorkers({ count, task, grid: resolved, warn: options.onWarning ?? (() => {}) });
}

interface PendingPoints {
  /** Number of points. */
  count: number;
  /** Number of points of this study that were measured earlier. */
  done: number;
  /** Returns their indices, all of them or from one on. */
  indices(from?: number): Generator<number, void>;
}

async function pendingPoints(
  { range: { from, to }, options }: StudyPlan,
  header: StudyHeader,
): Promise<PendingPoints> {
  const { isDone: ask = () => () => false } = options;
  const isDone = await ask(header);
  let done = 0;
  for (let index = from; index < to; index++) if (isDone(index)) done++;
  return {
    count: to - from - done,
    done,
    *indices(start = from) {
      for (let index = start; index < to; index++) if (!isDone(index)) yield index;
    },
  };
}

/** Measures in this process; if workers are worth it, stops and returns where they continue. */
async function* inProcess(
  meter: PointMeter,
  pending: PendingPoints,
  { mayStop, signal }: { mayStop: boolean; signal: AbortSignal | null },
): AsyncGenerator<StudyPoint, { jobs: number; index: number } | null> {
  const started = performance.now();
  let undecided = mayStop;
  let rested = started;
  let measured = 0;
  let giveUp = () => {};
  const abort = () => giveUp();
  signal?.addEventListener("abort", abort);
  try {
    for (const index of pending.indices()) {
      const now = performance.now();
      if (undecided && now - started >= ESTIMATE_AFTER_MS) {
        undecided = false;
        const left = pending.count - measured;
        const jobs = chooseJobs(left * (now - started) / measured);
        if (jobs > 0) return { jobs, index };
      }
      if (now - rested >= MAX_BLOCKING_MS) {
        await new Promise((resolve) => setTimeout(resolve));
        rested = performance.now();
      }
      if (signal?.aborted) return null;
      // Creating a model may take long, or forever.
      const point = await new Promise<StudyPoint | null>((resolve, reject) => {
        giveUp = () => resolve(null);
        meter.measure(index).then(resolve, reject);
      });
      if (point === null) return null;
      yield point;
      measured++;
    }
    return null;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Reports progress for every point that passes. */
async function* counted(
  points: AsyncGenerator<StudyPoint, void>,
  { count, done }: PendingPoints,
  { onProgress }: StudyOptions,
  workers: () => number,
): AsyncGenerator<StudyPoint, void> {
  let seen = done;
  const total = count + done;
  onProgress?.({ done: seen, total, workers: workers() });
  for await (const point of points) {
    yield point;
    onProgress?.({ done: ++seen, total, workers: workers() });
  }
}

function taskOf(subject: StudySubject, grid: StudyGrid, options: StudyOptions): StudyTask {
  const { examples, batch, objective, scaleLayers, microBatch, relaxedSimd, trust, training } =
    options;
  return {
    subject: subject as StudyTask["subject"],
    grid,
    options: {
      examples,
      batch,
      objective,
      scaleLayers,
      microBatch,
      relaxedSimd,
      trust,
      training,
    },
  };
}
