import { formatNumber, formatPercent } from "../../ground/words/numbers.ts";
import { median } from "../../ground/theory/statistics.ts";
import type { TrainingLog } from "../training_log.ts";
import { defineTrainingRule } from "../training_rule.ts";
import type { LayerSignals } from "../training_step.ts";
import { MEASURED } from "./jumps.ts";
import { LEARNED } from "./learning.ts";
import { FIRST, HELD_OUT_FALLS, HELD_OUT_STANDS } from "./rates.ts";

/** Number of measurements in a row in which a layer must stand still. */
const IN_A_ROW = 5;
/** Number of steps in which kernels shrink. */
const SHRINKS_IN = 10;
/** Share of the penalties in a loss that its fall may come from. */
const SMALL_PENALTY = 0.1;
/** Share of the loss of 5 steps before below which it falls. */
const FALLS = 0.9;
/**
 * Kernels that have lost more than this in as many steps need no second look. An attention that has
 * kept more of its entropy has hardly become sharper.
 */
const HALF = 0.5;
/** Smaller networks have no other layers to compare one with. */
const LEAST_LAYERS = 3;

/** Rule (f): units die in training. */
export const unitsDying = defineTrainingRule({
  name: "units-dying",
  problem: "units die",
  formula: "Share of units that are off for every held-out example, minus that at step 0; less " +
    "severe if the held-out loss is lower than ever. From step 20 on, mostDiedUnlearned counts if the " +
    "held-out loss is above 0.95 of that of a network that has learned nothing.",
  thresholds: {
    mostDied: {
      default: 0.8,
      unit: "of the units",
      range: [0, 1],
      source: `Lu et al. 2019, Dying ReLU and Initialization; ${MEASURED}`,
      about: "Share of a layer's units that may die.",
    },
    mostDiedUnlearned: {
      default: 0.5,
      unit: "of the units",
      range: [0, 1],
      atMost: "mostDied",
      source: MEASURED,
      about: "The same while nothing is learned.",
    },
    mostDiedAtAll: {
      default: 0.95,
      unit: "of the units",
      range: [0, 1],
      source: MEASURED,
      about: "Share of dead units from which a layer passes next to nothing: an error.",
    },
  },
  source: "Lu et al. 2019; Dohare et al. 2024 on loss of plasticity.",
  fix: "Lower the learning rate, or use leaky units.",
  reads: ["layers"],
  judge(log, { mostDied, mostDiedUnlearned, mostDiedAtAll }) {
    const least = log.least("validationLoss");
    const falls = least?.step === log.step && least.value < HELD_OUT_FALLS * log.unlearned;
    const stands = log.age >= FIRST &&
      (log.now("validationLoss") ?? NaN) > HELD_OUT_STANDS * log.unlearned;
    const most = stands ? mostDiedUnlearned : mostDied;
    const threshold = stands ? "mostDiedUnlearned" : "mostDied";
    for (const { layer, dead } of log.row.layers ?? []) {
      if (!isNumber(dead)) continue;
      const shares = log.layers.get(layer)!.flatMap((one) => one.dead ?? []);
      const [first] = shares;
      const all = dead > mostDiedAtAll && first <= mostDiedAtAll;
      // Units that the first large steps have turned off may come back.
      const lasts = log.age > FIRST && Math.min(dead, shares.at(-2) ?? 0) - first > mostDied;
      // While the held-out loss falls, the other units are enough.
      const isDying = stands ? dead - first > mostDiedUnlearned : lasts && !falls;
      if (!all && !isDying) continue;
      return {
        severity: all && !falls ? "error" : "warning",
        kind: all ? "dead" : "dying",
        since: lastHealthy(log, layer, first + most),
        layer,
        measured: all ? dead : dead - first,
        threshold: all ? "mostDiedAtAll" : threshold,
        message: `Units of \`${layer}\` die: ${formatPercent(dead)} are off for every example, ` +
          `${formatPercent(first)} were before training.`,
      };
    }
    return null;
  },
});

function lastHealthy(log: TrainingLog, layer: string, limit: number): number {
  const healthy = log.layers.get(layer)!.findLast(({ dead }) => isNumber(dead) && dead <= limit);
  return healthy?.step ?? 0;
}

/** Rule (g): a layer does not move, or moves alone. */
export const layerStill = defineTrainingRule({
  name: "layer-still",
  problem: "a layer does not move with the others",
  formula: "Update ratio of a kernel over the median of the others, in 5 measurements in a row.",
  thresholds: {
    leastShare: {
      default: 1e-3,
      unit: "of the median",
      range: [0, 1],
      source: MEASURED,
      about: "Share of the median update below which a layer does not move.",
    },
    mostShare: {
      default: 1000,
      unit: "times the median",
      range: [1, Infinity],
      source: MEASURED,
      about: "Factor above the median update from which a layer moves alone.",
    },
  },
  source: "Yosinski et al. 2014 on layers that train at different speeds.",
  fix:
    "Look at why its gradient does not arrive: a frozen layer, a dead path, or a scale that the " +
    "optimizer cannot follow.",
  reads: ["layers"],
  judge(log, { leastShare, mostShare }) {
    const moving = (log.row.layers ?? []).filter(({ updateRatio }) => isNumber(updateRatio));
    if (moving.length < LEAST_LAYERS) return null;
    // Few layers stand out at a step, and only they need a look at the steps before.
    const usual = median(moving.map(({ updateRatio }) => updateRatio!));
    const outer = moving.filter(({ updateRatio }) =>
      updateRatio! < leastShare * usual || updateRatio! > mostShare * usual
    );
    if (outer.length === 0) return null;
    const recent = recentUpdates(log);
    const shares = outer.map((layer) => ({ layer, recent: recentShares(recent, layer) }))
      .filter(({ recent }) => recent.length === IN_A_ROW);
    const still = shares.find(({ recent }) => recent.every((share) => share < leastShare));
    const alone = shares.find(({ recent }) => recent.every((share) => share > mostShare));
    const found = still ?? alone;
    if (found === undefined) return null;
    const share = median(found.recent);
    const { layer } = found.layer;
    return {
      severity: "warning",
      kind: still ? "still" : "alone",
      since: log.step - IN_A_ROW + 1,
      layer,
      measured: share,
      threshold: still ? "leastShare" : "mostShare",
      message: still
        ? `\`${layer}\` does not move: its updates are ${formatNumber(share)} of those of the ` +
          "other layers."
        : `\`${layer}\` moves alone: its updates are ${formatNumber(share)} times those of the ` +
          "other layers.",
    };
  },
});

/** Updates of the layers at a step. */
interface Updates {
  median: number;
  of: ReadonlyMap<string, number>;
}

/** Returns the updates of the latest measurements. */
function recentUpdates(log: TrainingLog): Updates[] {
  return log.rows.slice(-IN_A_ROW).map(({ layers = [] }) => {
    const of = new Map(
      layers.flatMap(({ layer, updateRatio }) =>
        isNumber(updateRatio) ? [[layer, updateRatio] as const] : []
      ),
    );
    return { median: median([...of.values()]), of };
  });
}

/** Returns the layer's update over the median of all, in the latest measurements. */
function recentShares(recent: readonly Updates[], { layer }: LayerSignals): number[] {
  return recent.flatMap(({ median: usual, of }) => {
    const own = of.get(layer);
    return isNumber(own) && usual > 0 ? [own / usual] : [];
  });
}

/** Source of thresholds of attention. */
const HEADS = "own: transformers of bench/monitor with MultiHeadAttention";

/** Rule (h): attention goes to one key each. */
export const attentionCollapses = defineTrainingRule({
  name: "attention-collapses",
  problem: "attention collapses",
  formula:
    "Largest |score| before the softmax; the same over that of the first pass; mean entropy of the " +
    "rows, from 1 (all keys alike) to 0.",
  thresholds: {
    largeLogit: {
      default: 1000,
      unit: "",
      range: [0, Infinity],
      source:
        `Wortsman et al. 2023 saw divergence above 1e4; ${HEADS}: no training with such scores ` +
        "came near the best of its rates",
      about: "Score from which the softmax has no slope left.",
    },
    mostLogitGrowth: {
      default: 10,
      unit: "times that of the first pass",
      range: [1, Infinity],
      source: HEADS,
      about: "Factor by which large scores may have grown, if the entropy has also halved.",
    },
    leastEntropy: {
      default: 0.02,
      unit: "of log keys",
      range: [0, 1],
      source: "Zhai et al. 2023, attention entropy collapse",
      about: "Smallest mean entropy, if it was above ten times that before training.",
    },
    sharpLogit: {
      default: 200,
      unit: "",
      range: [0, Infinity],
      source: `QK-Clip of Kimi K2 (2025) acts at 100; ${HEADS}: one at its best rate reached 181`,
      about: "Score up to which a task may ask for rows of a single key.",
    },
  },
  source: "Zhai et al. 2023; Wortsman et al. 2023; Dehghani et al. 2023.",
  fix: "Normalise queries and keys (QK norm), or lower the learning rate.",
  reads: ["layers"],
  judge(log, { mostLogitGrowth, largeLogit, leastEntropy, sharpLogit }) {
    for (const now of log.row.layers ?? []) {
      const { layer, attentionLogit: logit, attentionEntropy: entropy } = now;
      if (!isNumber(logit) && !isNumber(entropy)) continue;
      const rows = log.layers.get(layer)!;
      const before = rows.find((one) => isNumber(one.attentionLogit));
      const first = rows.find((one) => isNumber(one.attentionEntropy));
      const start = first?.attentionEntropy ?? 0;
      const sharper = !isNumber(entropy) || entropy < HALF * start;
      const grown = isNumber(logit) && logit > mostLogitGrowth * before!.attentionLogit!;
      if (grown && logit > largeLogit && sharper) {
        return {
          severity: "error",
          kind: "logits",
          since: rows.findLast((one) => (one.attentionLogit ?? Infinity) <= largeLogit)?.step ?? 0,
          layer,
          measured: logit,
          threshold: "largeLogit",
          message: `The attention scores of \`${layer}\` grow: ${formatNumber(logit)} at most, ` +
            `and ${formatNumber(before!.attentionLogit!)} at step ${before!.step}.`,
        };
      }
      if (!isNumber(entropy) || entropy >= leastEntropy || start < 10 * leastEntropy) continue;
      if (isNumber(logit) && logit <= sharpLogit) continue;
      return {
        severity: "error",
        kind: "entropy",
        since: first!.step,
        layer,
        measured: entropy,
        threshold: "leastEntropy",
        message: `The attention of \`${layer}\` collapses: the entropy of its rows is ` +
          `${formatNumber(entropy)} of that of equal weights, and was ${formatNumber(start)}.`,
      };
    }
    return null;
  },
});

/** Rule (i): a penalty or weight decay outweighs the task. */
export const weightsShrink = defineTrainingRule({
  name: "weights-shrink",
  problem: "weight decay or a penalty eats the weights",
  formula:
    "Largest ||kernel|| over that before training, over the same of 10 steps before; smallest " +
    "||kernel|| over that before training; share of the penalties in the loss, unless the held-out " +
    "loss shows that the task is learned.",
  thresholds: {
    leastKept: {
      default: 0.85,
      unit: "of its size",
      range: [0, 1],
      source: MEASURED,
      about: "Share of its size of 10 steps before that some kernel keeps.",
    },
    leastKernel: {
      default: 0.9,
      unit: "of its size",
      range: [0, 1],
      source: MEASURED,
      about: "Share of its size before training below which a kernel shrinks.",
    },
    mostPenalty: {
      default: 0.9,
      unit: "of the loss",
      range: [0, 1],
      source: MEASURED,
      about: "Share of the penalties in the loss above which the task does not count.",
    },
  },
  source: "Krogh & Hertz 1991; van Laarhoven 2017 on decay and the effective rate.",
  fix: "Lower the weight decay or the factor of the regularizers by a factor of 10 to 1000.",
  reads: ["growth", "shrinkage", "penalty"],
  judge(log, { leastKept, leastKernel, mostPenalty }) {
    const shrinkage = log.now("shrinkage") ?? NaN;
    const penalty = log.now("penalty") ?? NaN;
    const kept = keptOf(log);
    // A kernel that is back at its size after a large step is not eaten.
    const isSteady = kept < HALF && log.now("growth")! < 1 || shrinksSteadily(log);
    if (kept < leastKept && shrinkage < leastKernel && isSteady && !lossFalls(log)) {
      return {
        severity: "error",
        kind: "shrinks",
        since: Math.max(1, log.step - SHRINKS_IN),
        measured: kept,
        threshold: "leastKept",
        message: `Weight decay eats the weights: each kernel has lost ` +
          `${formatPercent(1 - kept)} of its size in ${SHRINKS_IN} steps, and one is ` +
          `${formatNumber(shrinkage)} of its size before training.`,
      };
    }
    if (!(penalty > mostPenalty) || shrinkage > 0.9) return null;
    // The loss of a task that is learned is small beside any penalty.
    if ((log.now("validationLoss") ?? NaN) < LEARNED * log.unlearned) return null;
    return {
      severity: "warning",
      kind: "penalty",
      since: log.step,
      measured: penalty,
      threshold: "mostPenalty",
      message: `Penalties are ${formatPercent(penalty)} of the loss, and the weights shrink: the ` +
        "task hardly counts.",
    };
  },
});

/** Returns the share of its size of 10 steps before that the kernel has which shrank least. */
function keptOf(log: TrainingLog): number {
  const before = log.last("growth", SHRINKS_IN + 1)
    .find(({ step }) => step >= log.step - SHRINKS_IN);
  return (log.now("growth") ?? NaN) / (before?.value ?? NaN);
}

/** Returns true if the loss falls while the kernels shrink, and not by penalties: the task asks for small ones. */
function lossFalls(log: TrainingLog): boolean {
  if ((log.column("penalty").at(-1)?.value ?? 0) > SMALL_PENALTY) return false;
  const [before, now] = log.last("validationLoss", 2);
  if (now?.step >= log.step - SHRINKS_IN) return now.value < FALLS * before.value;
  const losses = log.last("loss", SHRINKS_IN).map(({ value }) => value);
  const half = losses.length >> 1;
  return median(losses.slice(half)) < FALLS * median(losses.slice(0, half));
}

/** Returns true if every kernel has shrunk at each of the latest steps. A single large step does not. */
function shrinksSteadily(log: TrainingLog): boolean {
  const growth = log.last("growth", IN_A_ROW);
  return growth.length === IN_A_ROW &&
    growth.every(({ value }, i) => i === 0 || value < growth[i - 1].value);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number";
}
