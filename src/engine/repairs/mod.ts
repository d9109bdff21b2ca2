/**
 * Repairs of TensorFlow.js's layers that no op can provide.
 *
 * @module
 */
export { installLayerRepairs } from "./install_layer_repairs.ts";
export * from "./unmeasurable_reason.ts";
