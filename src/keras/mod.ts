/**
 * Keras: the layers that TensorFlow.js lacks, and its files.
 *
 * @module
 */
export * from "./layers/mod.ts";
export { saveModel, type SaveOptions } from "./save_model.ts";
