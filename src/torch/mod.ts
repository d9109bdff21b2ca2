/**
 * PyTorch: its files of weights, and programs that `torch.export` wrote, as models of TensorFlow.js.
 *
 * @module
 */
export { giveWeights } from "./give_weights.ts";
export { loadProgram } from "./program/load_program.ts";
