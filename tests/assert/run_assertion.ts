import type { LayersModel } from "../../src/engine/tensorflow.ts";
import type { Batch } from "../../src/model/batch.ts";

// deno-lint-ignore no-explicit-any
export type Options = any;
export type Assertion = (
  model: LayersModel,
  batch: Batch,
  options?: Options,
  msg?: string,
) => Promise<void>;

/** A model, options for the assertion, and the batch where a random one will not do. */
export interface Setting {
  model: LayersModel;
  options?: Options;
  batch?: Batch;
}
