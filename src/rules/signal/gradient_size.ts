import type { Measurements } from "../../measure/measurements.ts";
import { atMost } from "../expected.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule_record.ts";
import { absorbsInputScale } from "../network/absorbs_input_scale.ts";
import { isNormalised } from "../network/theory_layers.ts";
import type { NetworkView } from "../network/network_view.ts";
import { figure, NOTHING, say, weightName } from "../say.ts";
import type { Sentence } from "../sentence.ts";
import { takesGradientAsItIs } from "./zero_gradient_cause.ts";

/** Smallest rms of data that are out of scale. Sensible data stay below 10. */
const OUT_OF_SCALE = 30;

/**
 * Finds the largest entry of a gradient if the loss is a mean. It is AUTOTRAINER's sign of
 * exploding training. Adam copes if the cause is a layer or the targets, but not if it is the
 * inputs, which do not change.
 */
export function largeEntry(
  { layers, measurements, network, thresholds: { explodingEntry } }: Case<"explodingEntry">,
): Verdict[] {
  if ((measurements.batch.targets ?? []).length === 0) return [];
  const large = layers.flatMap((row) =>
    row.weights.flatMap(({ name, trainable, gradients }) =>
      trainable && gradients !== null && gradients.nonFinite === 0 &&
        gradients.maxAbs > explodingEntry
        ? [{ row, layer: row.name, name, size: gradients.maxAbs }]
        : []
    )
  );
  if (large.length === 0) return [];
  const unscaled = unscaledData(measurements, network);
  const felt = unscaled === null
    ? large.filter(({ row }) => !isNormalised(row, network.graph, ["passesOn"]))
    : large;
  const isAbsorbed = felt.length === 0;
  const largest = (isAbsorbed ? large : felt).reduce((a, b) => b.size > a.size ? b : a);
  const isError = unscaled !== null && (unscaled.stays || takesGradientAsItIs(measurements));
  const expected = atMost(explodingEntry);
  const figures = { gradient: figure(largest.size, "max |gradient|") };
  return [{
    severity: severityOf({ isError, isAbsorbed }),
    kind: unscaled === null ? "entry" : "unscaled-data",
    layer: largest.layer,
    measured: largest.size,
    expected,
    threshold: "explodingEntry",
    figures,
    message: say`The largest |gradient| of ${
      weightName(largest.name, largest.layer)
    } is ${figures.gradient}${
      unscaled === null ? NOTHING : say`, and ${unscaled.what}`
    }; expected ${expected} (explodingEntry).`,
    fix: unscaled === null
      ? "Draw the kernels at a smaller scale, or clip the gradients."
      : unscaled.fix,
  }];
}

/**
 * Returns the severity of a large entry. A kernel before a normalisation grows with its steps, which
 * makes the next ones smaller (Arora et al. 2019).
 */
function severityOf({ isError, isAbsorbed }: { isError: boolean; isAbsorbed: boolean }) {
  const mild = isAbsorbed ? "note" : "warning";
  return isError ? "error" : mild;
}

/** Data that are out of scale. */
interface Unscaled {
  what: Sentence;
  fix: Sentence;
  /**
   * True if Adam does not cope. Large targets that Adam cannot cope with are reported by
   * target-normalized.
   */
  stays: boolean;
}

/** Returns the data that are out of scale, targets first, or `null`. */
function unscaledData({ batch }: Measurements, network: NetworkView): Unscaled | null {
  const target = batch.targets!.find(({ values, classes }) =>
    classes === undefined && values.rms > OUT_OF_SCALE
  );
  if (target !== undefined) {
    return {
      what: say`the rms of the targets is ${figure(target.values.rms, "target")}`,
      fix: say`Subtract the mean of the targets over the training set, divide by their standard
        deviation, and undo both after predict.`,
      stays: false,
    };
  }
  if (absorbsInputScale(network)) return null;
  const input = batch.perInput.find(({ values, dtype, lookedUp, scaledBy }) =>
    dtype !== "int32" && !lookedUp && scaledBy === undefined && values.rms > OUT_OF_SCALE
  );
  return input === undefined ? null : {
    what: say`the rms of the input "${input.name}" is ${figure(input.values.rms, "x")}`,
    fix: say`Subtract the mean of each feature over the training set and divide by its standard
      deviation.`,
    stays: true,
  };
}

/** Finds gradients whose global l2 norm is too large. */
export function globalNorm({ layers, thresholds }: Case<"explodingGlobalNorm">): Verdict[] {
  const squares = new Map<string, number>();
  for (const { weights } of layers) {
    // Keyed by name, so that a weight shared by two layers counts once.
    for (const { name, trainable, gradients } of weights) {
      if (trainable && gradients !== null) squares.set(name, gradients.l2 ** 2);
    }
  }
  const norm = Math.sqrt(squares.values().reduce((sum, square) => sum + square, 0));
  if (norm <= thresholds.explodingGlobalNorm) return [];
  const expected = atMost(thresholds.explodingGlobalNorm);
  const figures = { norm: figure(norm, "l2 of all gradients") };
  return [{
    severity: "error",
    kind: "global-norm",
    layer: null,
    measured: norm,
    expected,
    threshold: "explodingGlobalNorm",
    figures,
    message: say`The l2 norm of all gradients together is ${figures.norm}; expected ${expected}
      (explodingGlobalNorm).`,
    fix: "Average the loss over the batch instead of adding it up, or clip the gradients.",
  }];
}
