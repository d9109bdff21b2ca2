/**
 * Models and batches: where they come from, and their weights.
 *
 * @module
 */
export * from "./batch.ts";
