import { InputError } from "../../ground/words/input_error.ts";
import { format } from "@std/fmt/bytes";
import { HEAP_LIMIT } from "../../engine/heap/guard_heap.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { batchShapes, sizeOf } from "../model/layers/shapes.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { estimateLeast, estimateMemory } from "./estimate_memory.ts";
import { layerUses, type Shape } from "./layer_uses.ts";

/** Way to fit a pass into the WASM heap. */
export type MemoryPlan =
  /** Whole batch in one go. */
  | { kind: "whole" }
  /**
   * This many examples at a time; their figures are merged. `apart`: layers that may tell the
   * difference.
   */
  | { kind: "parts"; examples: number; apart: readonly Layer[] }
  /** Whole batch in one go, with tensors that are not needed soon in JavaScript's memory. */
  | { kind: "offload" };

/** Facts that a plan is based on. */
interface MemorySubject {
  model: LayersModel;
  /** Layers that compute something themselves. */
  layers: readonly Layer[];
  /** Layers that call others. */
  containers: readonly Layer[];
  /** Shapes of the batch's inputs. */
  inputs: readonly Shape[];
  /** Batch normalisations that run on the statistics of the batch. */
  onBatch: ReadonlySet<Layer>;
}

/** Facts that the estimate of a pass needs: the statistics of a normalisation do not matter. */
type PassSubject = Omit<MemorySubject, "onBatch">;

/**
 * Largest estimate of a pass, as a share of the heap; real peaks are up to 1.3 times the estimate.
 */
const ROOM = 0.75 * HEAP_LIMIT;

/**
 * Last pass over each model that was far from filling the heap: one over the same layers and shapes
 * is, too.
 */
const small = new WeakMap<LayersModel, Pick<MemorySubject, "layers" | "inputs">>();

function isKnownSmall({ model, layers, inputs }: MemorySubject): boolean {
  const known = small.get(model);
  return known !== undefined && isSame(known.layers, layers) &&
    known.inputs.length === inputs.length &&
    known.inputs.every((shape, i) => isSame(shape, inputs[i]));
}

const isSame = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((one, i) => one === b[i]);

/**
 * Plans how to fit a pass into the heap. The choice depends only on the model and the batch, not on
 * the machine. `"auto"` keeps every figure as for the whole batch: it cuts the batch if no layer
 * can see more than one example, and moves tensors off the heap otherwise.
 *
 * @param microBatch Number of examples at a time. Default: as many as fit, all of them if they do.
 * @throws {InputError} If the batch cannot be cut like this, or not even one layer's tensors fit.
 */
export function planMemory(
  subject: MemorySubject,
  microBatch: number | "auto" = "auto",
): MemoryPlan {
  const { inputs } = subject;
  const examples = inputs[0][0];
  if (microBatch !== "auto" && microBatch < examples) return cutBy(subject, microBatch);
  // Asking every layer for its shapes takes 6 % of the time of measuring ten small layers.
  if (isKnownSmall(subject)) return { kind: "whole" };
  const estimate = estimatePass(subject, examples);
  if (estimate <= ROOM / 8) small.set(subject.model, { layers: subject.layers, inputs });
  if (estimate <= ROOM) return { kind: "whole" };
  if (microBatch === "auto" && canBeCut(subject.model) && together(subject).length === 0) {
    const { alone, beside } = bytesOfAll(subject, examples);
    const fitting = alone <= ROOM ? fittingExamples(subject, ROOM - beside) : 0;
    if (fitting >= 1) {
      // Makes the parts about equally large.
      const parts = Math.ceil(examples / fitting);
      return { kind: "parts", examples: Math.ceil(examples / parts), apart: [] };
    }
  }
  const least = estimateLeast(subject.layers, usesOf(subject, examples));
  if (least <= HEAP_LIMIT) return { kind: "offload" };
  throw new InputError({
    place: "batch.inputs",
    verb: "has",
    found: saidShapes(subject, examples),
    expected: `less than the ${showBytes(HEAP_LIMIT)} of the WASM heap`,
    hint: `: ${showBytes(least)} of it at once, in its largest layer: use ${
      examples > 1 ? "fewer examples or " : ""
    }a smaller input`,
  });
}

/**
 * Rejects a model if not even one example of its pass fits the heap.
 *
 * @param model A built model; its weights do not matter.
 * @param undefinedSize Size of the axes that the model does not fix.
 * @throws {InputError} If its largest layer needs more than the heap for one example.
 */
export function requireOneFits(model: LayersModel, undefinedSize: number): void {
  const layers = leafLayers(model).map(({ layer }) => layer);
  const inputs = batchShapes(model, { ...canBeCut(model) ? { examples: 1 } : {}, undefinedSize });
  const containers = containerLayers(model);
  planMemory({ model, layers, containers, inputs, onBatch: new Set() });
}

/**
 * Returns the largest number of examples whose pass fits the heap by the estimate; 0 if not even
 * one does.
 *
 * @param subject Model and inputs; the first axes of the inputs' shapes do not count.
 * @param room Number of bytes that the pass may take.
 */
export function fittingExamples(subject: PassSubject, room: number = ROOM): number {
  const one = estimatePass(subject, 1);
  const each = estimatePass(subject, 2) - one;
  if (each > 0) return Math.max(0, Math.floor((room - (one - each)) / each));
  // A layer whose output does not grow with the batch does not limit it.
  return one <= room ? Infinity : 0;
}

/**
 * Returns the bytes that a batch in parts takes on the heap, regardless of the size of the parts.
 */
function bytesOfAll(subject: PassSubject, examples: number): { alone: number; beside: number } {
  const heads: ReadonlySet<Layer> = new Set(subject.model.outputLayers);
  const bytesOf = (shapes: readonly Shape[]) =>
    4 * shapes.map(sizeOf).reduce((sum, size) => sum + size, 0);
  const batch = bytesOf(shapesOf(subject, examples));
  const outputs = bytesOf(
    usesOf(subject, examples).filter(({ layer }) => heads.has(layer)).map(({ output }) => output),
  );
  // The objective takes the outputs of all parts together, and its gradient stays until the last
  // part.
  return { alone: batch + 3 * outputs, beside: batch + outputs };
}

/**
 * Returns the layers that may see more than one example of a batch, so that cutting it changes
 * their results: normalisations on the batch, layers that work along it, and custom layers that
 * were not declared `perExample`.
 */
function together({ layers, onBatch }: MemorySubject): Layer[] {
  return layers.filter((layer) =>
    onBatch.has(layer) || !layerTraits(layer.getClassName()).perExample ||
    Object.hasOwn(layer, "call") || worksAlongBatch(layer)
  );
}

/** Layers that work along any axis, that of the examples included. */
const ALONG_ANY_AXIS = ["Concatenate", "Softmax", "UnitNormalization"];

/** Returns true if one of a layer's axes is that of the examples. */
function worksAlongBatch(layer: Layer): boolean {
  if (!ALONG_ANY_AXIS.includes(layer.getClassName())) return false;
  const { axis } = layer.getConfig() as { axis?: number | number[] };
  const axes = [axis].flat();
  return axes.includes(0) ||
    layer.inboundNodes.some(({ inputTensors: [{ rank }] }) => axes.includes(-rank));
}

/**
 * Returns true if a model takes batches of any size: a stateful layer keeps a state for each
 * example.
 */
function canBeCut({ inputs }: LayersModel): boolean {
  return inputs.every(({ shape }) => shape[0] === null);
}

function cutBy(subject: MemorySubject, microBatch: number): MemoryPlan {
  const { model, inputs } = subject;
  if (!canBeCut(model)) {
    throw new InputError({
      place: "microBatch",
      found: String(microBatch),
      expected: `${inputs[0][0]} or auto: model ${model.name} is built for batches of that size`,
    });
  }
  const { alone, beside } = bytesOfAll(subject, inputs[0][0]);
  if (Math.max(alone, beside + estimatePass(subject, microBatch)) <= HEAP_LIMIT) {
    return { kind: "parts", examples: microBatch, apart: together(subject) };
  }
  throw new InputError({
    place: "microBatch",
    found: `${microBatch}, with which batch.inputs has ${saidShapes(subject, microBatch)}`,
    expected: `less than the ${showBytes(HEAP_LIMIT)} of the WASM heap: use fewer, or auto`,
  });
}

const showBytes = (bytes: number) => format(bytes, { binary: true, maximumFractionDigits: 1 });

function saidShapes(subject: PassSubject, examples: number): string {
  const shapes = shapesOf(subject, examples).map((shape) => `[${shape.join(", ")}]`).join(", ");
  return `the shapes ${shapes}, with which a pass of model ${subject.model.name} would take ` +
    `about ${showBytes(estimatePass(subject, examples))}`;
}

function shapesOf({ inputs }: PassSubject, examples: number): Shape[] {
  return inputs.map(([, ...rest]) => [examples, ...rest]);
}

function usesOf(subject: PassSubject, examples: number) {
  const { model, layers, containers } = subject;
  return layerUses(model, layers, containers, shapesOf(subject, examples));
}

/**
 * Estimates the peak memory of a pass over some examples on the WASM heap, including the batch.
 *
 * @returns Bytes.
 */
export function estimatePass(subject: PassSubject, examples: number): number {
  const entries = shapesOf(subject, examples).map(sizeOf);
  return 4 * entries.reduce((a, b) => a + b, 0) +
    estimateMemory(subject.layers, usesOf(subject, examples));
}
