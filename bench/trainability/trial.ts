import type { Finding } from "../../src/rules/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { tryFindings } from "../../src/diagnosis/examine/try_findings.ts";
import type { Measurements } from "../../src/measure/mod.ts";
import type { Batch } from "../../src/model/batches/batch.ts";

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
export const trial: Trial | null = async (model, batch, measurements, found) => {
  const subject = { model, batch, objective: undefined };
  const options = { mode: "auto", seed: measurements.seed } as const;
  const { findings, shown } = await tryFindings(subject, { measurements, found }, options);
  return shown === null ? findings : [...findings, shown];
};
