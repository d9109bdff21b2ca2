import { type Finding, SEVERITIES } from "../../core/rules/finding.ts";
import type { WeightProgress } from "../training_pass.ts";
import type { Cause } from "../../core/diagnosis/diagnosis.ts";
import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../../core/measure/measurements.ts";
import { updateRatio } from "../../core/rules/trained/update_ratio.ts";
import { formatNumber } from "../../ground/words/numbers.ts";
import { causeOf, judgeTraining } from "../judge_training.ts";
import type { Lowered, TrainingStep } from "../training_step.ts";
import { kernelOf } from "../../core/text/fold_layers.ts";
import { byMagnitude, DECADES, type Magnitude } from "../../pages/color_steps.ts";
import { evenly, partsOf } from "../../pages/markup.ts";

/** Properties of a monitor's record that a page needs. */
export interface HistoryRecord {
  /** Number of batches trained on so far; 0 before the first one. */
  step: number;
  /** Epoch, from 1; 0 before the first one. */
  epoch: number;
  /** Measurements at this step. */
  measurements: Measurements;
  /** Findings of the rules. */
  findings: readonly Finding[];
  /** Change of each kernel by training. */
  progress: readonly WeightProgress[];
  /** Cause of a problem in training itself; `null` if there is none. */
  cause: Cause | null;
}

/** Cause of a problem in a training, and the step at which it was found. */
export interface FoundCause {
  step: number;
  cause: Cause;
  /** Layers to which the cause refers. */
  layers: LayerMeasurements[];
  /** Step after which the training went on from an earlier state; absent if it did not. */
  until?: number;
}

/** Figures of every layer or every kernel at every step. */
export interface HistoryMap {
  title: string;
  about: string;
  magnitude: Magnitude;
  colorOf: ReturnType<typeof byMagnitude>;
  rows: { name: string; cells: (number | null)[] }[];
}

/**
 * Number of measurements and layers that fit into a page; larger numbers are thinned out evenly.
 */
const MOST_RECORDS = 100;
const MOST_LAYERS = 24;
const MOST_STEPS = 300;

/** Powers of ten between which updates are healthy, for the rule about them. */
const SOUND_UPDATES = {
  least: updateRatio.thresholds.updateRatioMin.default,
  most: updateRatio.thresholds.updateRatioMax.default,
};

/**
 * Returns the records to show: evenly spaced ones, the first, the last, and the one in which a
 * cause was found.
 */
export function shownRecords(history: readonly HistoryRecord[]): HistoryRecord[] {
  const found = foundAt(history);
  return evenly(history.length, MOST_RECORDS, found === null ? [] : [history.indexOf(found)])
    .map((place) => history[place]);
}

/** Returns the first cause, and how long it held; `null` without one. */
export function foundCause(
  history: readonly HistoryRecord[],
  steps: readonly TrainingStep[],
  lowerings: readonly Lowered[] = [],
): FoundCause | null {
  const found = firstCause(history, steps);
  const lowered = lowerings.find(({ at }) => at >= (found?.step ?? Infinity));
  return found === null || lowered === undefined ? found : { ...found, until: lowered.at };
}

/** Returns the first error in the records, or else in the signals of the steps; or the first warning. */
function firstCause(
  history: readonly HistoryRecord[],
  steps: readonly TrainingStep[],
): FoundCause | null {
  const record = foundAt(history);
  const recorded = record &&
    { step: record.step, cause: record.cause!, layers: record.measurements.layers };
  if (recorded?.cause.severity === "error") return recorded;
  const found = causeOf(judgeTraining(steps));
  if (found === null || recorded !== null && found.severity !== "error") return recorded;
  const { rule, severity, layer, message, fix, step, since } = found;
  const cause: Cause = {
    kind: rule,
    severity,
    layers: layer === null ? [] : [layer],
    message,
    consequences: [],
    findings: [],
    fixes: [{ kind: "rebuild", what: fix }],
    since,
  };
  return { step, cause, layers: history[0].measurements.layers };
}

/** Returns the steps to show: of neighbours that share a place the one with the largest loss. */
export function shownSteps(steps: readonly TrainingStep[]): TrainingStep[] {
  const size = Math.ceil(steps.length / MOST_STEPS);
  const rank = ({ loss }: TrainingStep) => {
    if (loss == null) return -Infinity;
    return Number.isNaN(loss) ? Infinity : loss;
  };
  return partsOf(steps, size).map((part) =>
    part.reduce((worst, next) => rank(next) > rank(worst) ? next : worst)
  );
}

/** Returns the first record with a cause, preferably an error; `null` if there is none. */
export function foundAt<R extends HistoryRecord>(history: readonly R[]): R | null {
  const found = history.filter(({ cause }) => cause !== null);
  return found.find(({ cause }) => cause!.severity === "error") ?? found[0] ?? null;
}

/** Returns the errors of a record. */
export function errorsOf({ findings }: HistoryRecord): Finding[] {
  return findings.filter(({ severity }) => severity === "error");
}

/** Returns the errors and warnings of a record, the gravest first. */
export function gravestOf({ findings }: HistoryRecord): Finding[] {
  return findings.filter(({ severity }) => severity !== "note")
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** Returns the heat maps of a history, without figures that no layer has. */
export function historyMaps(records: readonly HistoryRecord[]): HistoryMap[] {
  const layers = records[0].measurements.layers.map(({ name }) => name);
  const byName = records.map(({ measurements }) =>
    new Map(measurements.layers.map((layer) => [layer.name, layer]))
  );
  const ofLayers = (of: (layer: LayerMeasurements) => TensorStatistics | null | undefined) =>
    thinned(layers.map((name) => ({
      name,
      cells: byName.map((layers) => meanOf(layers.get(name) && of(layers.get(name)!))),
    })));
  const weights = new Map(
    records.flatMap(({ progress }) => progress.map(({ weight, layer }) => [weight, layer])),
  );
  const isOneEach = new Set(weights.values()).size === weights.size;
  const ofWeights = (figure: "growth" | "updateRatio") =>
    thinned([...weights].map(([weight, layer]) => ({
      name: isOneEach ? layer : weight,
      cells: records.map(({ progress }) =>
        progress.find((one) => one.weight === weight)?.[figure] ?? null
      ),
    })));
  const map = (
    title: string,
    about: string,
    rows: HistoryMap["rows"],
    magnitude: Magnitude = fitting(rows),
  ) => ({ title, about, rows, magnitude, colorOf: byMagnitude(magnitude) });
  return [
    map(
      "mean |gradient|",
      "of the kernel, layer by layer",
      ofLayers((layer) => {
        const kernel = kernelOf(layer);
        return kernel?.gradientsOfUsedRows ?? kernel?.gradients;
      }),
    ),
    map("mean |activation|", "layer by layer", ofLayers(({ activations }) => activations)),
    map(
      "growth",
      "rms of each kernel over that before training: 10 is blown up",
      ofWeights("growth"),
      { middle: 0, perDecade: 9 },
    ),
    map(
      "update ratio",
      `l2 of what the latest step changed over that of the kernel: healthy from ${
        formatNumber(10 ** SOUND_UPDATES.least)
      } to ${formatNumber(10 ** SOUND_UPDATES.most)}`,
      ofWeights("updateRatio"),
      {
        middle: (SOUND_UPDATES.least + SOUND_UPDATES.most) / 2,
        perDecade: 3,
        sound: (SOUND_UPDATES.most - SOUND_UPDATES.least) / 2,
      },
    ),
  ].filter(({ rows }) => rows.length > 0);
}

/**
 * Returns the largest figure of all kernels after each step; a non-finite one counts as the
 * largest.
 */
export function largestOf(
  records: readonly HistoryRecord[],
  figure: "growth" | "updateRatio",
): (number | null)[] {
  return records.map(({ progress }) => {
    const known = progress.flatMap(({ [figure]: value }) => value ?? []);
    return known.length === 0 ? null : known.reduce((a, b) => !Number.isFinite(a) || a > b ? a : b);
  });
}

/** Returns a scale with three shades per factor of ten, if its range is sufficient. */
function fitting(rows: HistoryMap["rows"]): Magnitude {
  const fits = rows.flatMap(({ cells }) => cells).every((cell) =>
    !cell || !Number.isFinite(cell) || Math.abs(Math.log10(cell)) <= 3
  );
  return fits ? { middle: 0, perDecade: 3 } : DECADES;
}

function meanOf(statistics: TensorStatistics | null | undefined): number | null {
  if (!statistics) return null;
  return statistics.nonFinite > 0 ? NaN : statistics.meanAbs;
}

function thinned(rows: HistoryMap["rows"]): HistoryMap["rows"] {
  const known = rows.filter(({ cells }) => cells.some((cell) => cell !== null));
  return evenly(known.length, MOST_LAYERS).map((place) => known[place]);
}
