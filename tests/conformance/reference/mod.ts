/**
 * Forward passes written by hand in float64, with plain loops: the oracle of the conformance tests.
 * Nothing here uses TensorFlow.js. Gradients come from central differences of these.
 *
 * @module
 */
export * from "./activate.ts";
export * from "./convolution.ts";
export * from "./einsum.ts";
export * from "./losses.ts";
export * from "./nd_array.ts";
export * from "./normalize.ts";
export * from "./random.ts";
export * from "./recurrent.ts";
export * from "./resize.ts";
