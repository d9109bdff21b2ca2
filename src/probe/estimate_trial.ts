import { estimateMemory } from "../measure/estimate_memory.ts";
import { estimateWorkload } from "../measure/estimate_workload.ts";
import { layerUses } from "../measure/layer_uses.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import type { OpenProbe } from "./open_probe.ts";

/** Operations a second of a slow machine in one thread, of the products that the workload counts. */
const SPEED = 5e9;

/** Seconds that a call of a layer costs beside its products, forwards and backwards. */
const CALL = 1.5e-4;

/** A recurrent layer runs so many times the operations of another for each step of its sequence. */
const CELL = 8;

/** Bytes a second, of all that is kept for the backward pass, at which layers do what is no product. */
const MEMORY = 1e9;

/** Seconds that an update costs for each weight. */
const UPDATE = 1e-8;

/**
 * Estimates the seconds that training takes on a slow machine: not measured, so that it is the same
 * everywhere and a trial takes place or does not.
 *
 * @param steps How many steps.
 */
export function estimateTraining({ model, inputs }: OpenProbe, steps: number): number {
  const shapes = inputs.map(({ shape }) => shape);
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, leaves, containerLayers(model), shapes);
  const calls = uses.reduce(
    (sum, { layer, input, times }) => sum + times * ("cell" in layer ? CELL * input[1] : 1),
    0,
  );
  const step = estimateWorkload(model, shapes) / SPEED + CALL * calls +
    estimateMemory(leaves, uses) / MEMORY + UPDATE * model.countParams();
  return steps * step;
}
