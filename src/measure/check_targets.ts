import type { Batch } from "../model/batch.ts";
import { BatchError } from "../model/batch_error.ts";
import type { Objective } from "../model/objective.ts";

/**
 * Checks that a batch has targets where its objective is a loss.
 *
 * @param batch The batch.
 * @param objective The objective.
 * @param file Where the batch comes from: a JSON file, or a module with `createBatch`.
 * @returns The batch.
 * @throws {BatchError} If it has none.
 */
export function checkTargets(batch: Batch, objective: Objective, file: string): Batch {
  if (objective === "sum" || typeof objective === "function") return batch;
  if (batch.targets !== undefined && batch.targets !== null) return batch;
  const cure = /\.json$/i.test(file)
    ? 'add "targets" to it'
    : "let createBatch return { inputs, targets }";
  throw new BatchError(
    `${file}: the objective ${objective} needs targets, and the batch has none: ${cure}`,
  );
}
