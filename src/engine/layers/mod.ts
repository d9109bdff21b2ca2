/**
 * Repairs of TensorFlow.js's layers, for what no kernel can reach.
 *
 * @module
 */
export { installLayerRepairs } from "./install_layer_repairs.ts";
export * from "./unmeasurable_reason.ts";
