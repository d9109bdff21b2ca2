import { median } from "../../ground/theory/statistics.ts";
import { type Point, spreadOf, type TrainingLog } from "../training_log.ts";

/** Source of the thresholds that the benchmark of monitors has tuned. */
export const MEASURED = "own: even seeds of bench/monitor";

/** Share of the first loss by which a loss must rise to matter: a small loss is noisy. */
export const SMALL_RISE = 0.1;
/** Number of steps that a spike is compared with (OLMo-core). */
export const WINDOW = 128;
/** A shorter window says nothing about the spread. */
export const LEAST_WINDOW = 16;
/** Steps after a spike in which a training recovers. */
export const PATIENCE = 8;
/** Number of updates before a jump of the loss of which one may be its reason. */
const LATE = 3;
/** A loss after an update above this multiple of the usual ones jumps because of that. */
const MOST_UPDATE_BEFORE = 3;
/** Thresholds of a spike that may have caused what follows. */
const SPIKE = { mostSigmas: 6, mostJump: 1.5, mostInputJump: 10 };

/** Returns the points that are numbers. */
export function finite(points: readonly Point[]): Point[] {
  return points.filter(({ value }) => Number.isFinite(value));
}

/** Number of steps whose losses are usual. */
export const BEFORE = 32;
/** Number of those losses that may be larger than the usual ones. */
const OUTLIERS = 2;

/** Returns the largest usual loss of the 32 steps before the latest; NaN without any. */
export function usualMost(log: TrainingLog, latest: number): number {
  const losses = finite(log.last("loss", BEFORE + latest)).slice(0, -latest);
  const sorted = losses.map(({ value }) => value).toSorted((a, b) => b - a);
  return sorted[Math.min(OUTLIERS, sorted.length - 1)] ?? NaN;
}

/** Returns true if one of the latest batches stood out, and so may have caused what follows. */
export function hasSpiked(log: TrainingLog): boolean {
  return Array.from({ length: PATIENCE + 1 }, (_, back) => log.rows.length - 1 - back)
    .some((place) =>
      spikeAt(log, place, SPIKE) !== null || batchJump(log, place, SPIKE.mostInputJump) !== null
    );
}

/** Spike of a step: its distance from the steps before. */
interface Spike {
  sigmas: number;
  mean: number;
  sigma: number;
}

/** Returns the spike of a row, unless a jump of the updates before has caused it. */
export function spikeAt(
  log: TrainingLog,
  place: number,
  { mostSigmas, mostJump }: { mostSigmas: number; mostJump: number },
): Spike | null {
  if (place < LEAST_WINDOW) return null;
  const value = log.rows[place].loss ?? NaN;
  const least = log.least("loss")?.value ?? NaN;
  const rise = SMALL_RISE * (log.column("loss")[0]?.value ?? NaN);
  // No mean is below the least loss. Logs have a million rows, and few of them stand out.
  if (!(value - least > rise)) return null;
  const loss = distance(log, "loss", place);
  if (loss === null || !(loss.sigmas > mostSigmas) || !(value > mostJump * loss.mean)) return null;
  if (!(value - loss.mean > rise)) return null;
  const norm = distance(log, "gradientNorm", place);
  // Saturated units pass no gradient.
  if (norm !== null && !(norm.sigmas > mostSigmas) && log.rows[place].gradientNorm !== 0) {
    return null;
  }
  const updates = log.rows.slice(Math.max(0, place - WINDOW), place)
    .flatMap(({ updateRatio }) => updateRatio ?? []);
  const before = Math.max(0, ...updates.slice(-LATE));
  return before > MOST_UPDATE_BEFORE * median(updates) ? null : loss;
}

/** Returns the distance of a row's value from those before, in sigma; `null` if it has none. */
function distance(log: TrainingLog, name: "loss" | "gradientNorm", place: number): Spike | null {
  const rows = log.rows.slice(Math.max(0, place - WINDOW), place);
  const before = finite(
    rows.map((row) => ({ step: row.step, value: row[name] ?? NaN })),
  );
  const value = log.rows[place][name] ?? null;
  if (before.length < LEAST_WINDOW || value === null) return null;
  const { mean, sigma: seen } = spreadOf(before);
  // A short window has met few of the large losses. OLMo-core waits for half of it.
  const sigma = seen * Math.sqrt(Math.max(1, WINDOW / 2 / before.length));
  return { sigmas: (value - mean) / sigma, mean, sigma };
}

/** Fewer batches say nothing about their largest entry; until there are 16, a jump is 10 times as large. */
const LEAST_BATCHES = 4, FEW_BATCHES = 10;

/** Largest input or target of a batch, over the largest of the batches before. */
interface BatchJump {
  what: "input" | "target";
  times: number;
}

/** Figures of a batch that may jump. */
const LARGEST = [["input", "largestInput"], ["target", "largestTarget"]] as const;

/** Returns the jump of a row's batch above those before it; `null` if it is at most a factor. */
export function batchJump(log: TrainingLog, place: number, most: number): BatchJump | null {
  const least = place < LEAST_WINDOW ? FEW_BATCHES * most : most;
  for (const [what, name] of LARGEST) {
    const times = jumpIn(log, name, place);
    if (times > least) return { what, times };
  }
  return null;
}

function jumpIn(log: TrainingLog, name: "largestInput" | "largestTarget", place: number): number {
  const largest = (row: number) => log.rows[row]?.[name] ?? NaN;
  if (place < LEAST_BATCHES || Number.isNaN(largest(place))) return NaN;
  let before = 0;
  for (let row = Math.max(0, place - WINDOW); row < place; row++) {
    if (Number.isFinite(largest(row))) before = Math.max(before, largest(row));
  }
  // None of the latest rows may have been looked at: the budget skips signals.
  return before > 0 ? largest(place) / before : NaN;
}
