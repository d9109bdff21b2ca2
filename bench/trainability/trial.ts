import type { Finding } from "../../src/checks/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import type { Measurements } from "../../src/measure/mod.ts";
import type { Batch } from "../../src/model/batch.ts";

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

/**
 * The trial that the benchmark runs. While there is none, lines have no `tried`, and the table has no row for
 * it. To put one in, assign it here: nothing else of the benchmark changes.
 */
export const trial: Trial | null = null;
