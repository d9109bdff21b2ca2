import type { Finding } from "../../src/checks/mod.ts";
import { isTried, weighTrial } from "../../src/diagnosis/weigh_trial.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { isSuspect } from "../../src/examine/is_suspect.ts";
import { trialFinding } from "../../src/examine/training_cause.ts";
import type { Measurements } from "../../src/measure/mod.ts";
import type { Batch } from "../../src/model/batch.ts";
import { tryTraining } from "../../src/probe/mod.ts";

/**
 * Tries what one pass found by training a few steps, as `check` does by default, and returns the findings as
 * they stand then. It gets the compiled network, the batch that was measured, the measurements and the findings of
 * the pass, and leaves the network bit for bit as it was.
 */
export type Trial = (
  model: LayersModel,
  batch: Batch,
  measurements: Measurements,
  findings: readonly Finding[],
) => Promise<Finding[]>;

/** The trial that the benchmark runs: that of `examine` by default. */
export const trial: Trial | null = async (model, batch, measurements, findings) => {
  const isDue = findings.some(isTried) || isSuspect(model, measurements, findings);
  if (!isDue) return [...findings];
  const { seed } = measurements;
  const trial = await tryTraining(model, batch, seed === null ? {} : { seed });
  const weighed = weighTrial(findings, trial);
  if ("skipped" in trial || weighed.some(({ severity }) => severity === "error")) return weighed;
  const shown = trialFinding(trial);
  return shown === null ? weighed : [...weighed, shown];
};
