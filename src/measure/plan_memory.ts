import { format } from "@std/fmt/bytes";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { batchShapes, sizeOf } from "../model/shapes.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { estimateLeast, estimateMemory } from "./estimate_memory.ts";
import { layerUses, type Shape } from "./layer_uses.ts";

/** How a pass is made to fit the WASM heap. */
export type MemoryPlan =
  /** The batch in one go. */
  | { kind: "whole" }
  /** So many examples at a time; their figures are put together. `apart`: layers that may tell the difference. */
  | { kind: "parts"; examples: number; apart: readonly Layer[] }
  /** The batch in one go, with tensors that are not needed soon in JavaScript's memory. */
  | { kind: "offload" };

/** What a plan is made from. */
export interface MemorySubject {
  model: LayersModel;
  /** Its layers that compute something themselves. */
  layers: readonly Layer[];
  /** Its layers that call others. */
  containers: readonly Layer[];
  /** Shapes of the batch's inputs. */
  inputs: readonly Shape[];
  /** The batch normalisations that run on the statistics of the batch. */
  onBatch: ReadonlySet<Layer>;
}

/** What a pass is estimated from: whose statistics a normalisation runs on does not count. */
type PassSubject = Omit<MemorySubject, "onBatch">;

/** How much of the heap a pass may take by its estimate, which real peaks exceed by up to 1.3. */
const ROOM = 0.75 * HEAP_LIMIT;

/** The last pass over a model, if it was far from filling the heap: one over the same layers and shapes is, too. */
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
 * Plans how a pass is made to fit the heap: the choice depends on the model and the batch alone, not on the machine.
 * `"auto"` keeps every figure what it is for the whole batch. It cuts the batch where no layer can see more than one
 * example, and moves tensors off the heap where one may.
 *
 * @param microBatch How many examples to take at a time. Default: as many as fit, all of them if they do.
 * @throws {RangeError} If the batch cannot be cut so, or even what one layer needs does not fit.
 */
export function planMemory(
  subject: MemorySubject,
  microBatch: number | "auto" = "auto",
): MemoryPlan {
  const { inputs } = subject;
  const examples = inputs[0][0];
  if (microBatch !== "auto" && microBatch < examples) return cutBy(subject, microBatch);
  // To ask every layer for its shapes takes 6 % of what ten small layers take to be measured.
  if (isKnownSmall(subject)) return { kind: "whole" };
  const estimate = estimatePass(subject, examples);
  if (estimate <= ROOM / 8) small.set(subject.model, { layers: subject.layers, inputs });
  if (estimate <= ROOM) return { kind: "whole" };
  if (microBatch === "auto" && canBeCut(subject.model) && together(subject).length === 0) {
    const { alone, beside } = bytesOfAll(subject, examples);
    const fitting = alone <= ROOM ? fittingExamples(subject, ROOM - beside) : 0;
    if (fitting >= 1) {
      // The parts of a batch are to be of about one size.
      const parts = Math.ceil(examples / fitting);
      return { kind: "parts", examples: Math.ceil(examples / parts), apart: [] };
    }
  }
  const least = estimateLeast(subject.layers, usesOf(subject, examples));
  if (least <= HEAP_LIMIT) return { kind: "offload" };
  throw new RangeError(
    `${saidShapes(subject, examples)}, expected less than the ${
      showBytes(HEAP_LIMIT)
    } of the WASM heap: ` +
      `${showBytes(least)} of it at once, in its largest layer: use ${
        examples > 1 ? "fewer examples or " : ""
      }a smaller input`,
  );
}

/**
 * Refuses a model of whose pass not even one example fits the heap.
 *
 * @param model A built model, its weights whatever they are.
 * @param undefinedSize Size of the axes that it leaves open.
 * @throws {RangeError} If what its largest layer needs of one example is more than the heap has.
 */
export function requireOneFits(model: LayersModel, undefinedSize: number): void {
  const layers = leafLayers(model).map(({ layer }) => layer);
  const inputs = batchShapes(model, { ...canBeCut(model) ? { examples: 1 } : {}, undefinedSize });
  const containers = containerLayers(model);
  planMemory({ model, layers, containers, inputs, onBatch: new Set() });
}

/**
 * The most examples whose pass fits the heap by the estimate; 0 where not even one does.
 *
 * @param subject What is measured; of its inputs' shapes the first axes do not count.
 * @param room How many bytes the pass may take.
 */
export function fittingExamples(subject: PassSubject, room: number = ROOM): number {
  const one = estimatePass(subject, 1);
  const each = estimatePass(subject, 2) - one;
  // A layer whose output does not grow with the batch says nothing about it.
  return Math.max(
    0,
    each > 0 ? Math.floor((room - (one - each)) / each) : one <= room ? Infinity : 0,
  );
}

/** Bytes that take the heap of a batch in parts, whatever their size. */
function bytesOfAll(subject: PassSubject, examples: number): { alone: number; beside: number } {
  const heads: ReadonlySet<Layer> = new Set(subject.model.outputLayers);
  const bytesOf = (shapes: readonly Shape[]) =>
    4 * shapes.map(sizeOf).reduce((sum, size) => sum + size, 0);
  const batch = bytesOf(shapesOf(subject, examples));
  const outputs = bytesOf(
    usesOf(subject, examples).filter(({ layer }) => heads.has(layer)).map(({ output }) => output),
  );
  // The objective takes the outputs of the parts together, and its gradient stays until the last part.
  return { alone: batch + 3 * outputs, beside: batch + outputs };
}

/**
 * The layers that may see more than one example of a batch, so that cutting it changes what they compute:
 * normalisations on the batch, and custom layers that were not declared `perExample`.
 */
function together({ layers, onBatch }: MemorySubject): Layer[] {
  return layers.filter((layer) =>
    onBatch.has(layer) || !layerTraits(layer.getClassName()).perExample ||
    Object.hasOwn(layer, "call")
  );
}

/** Whether a model takes batches of any size: a stateful layer keeps a state for each example. */
function canBeCut({ inputs }: LayersModel): boolean {
  return inputs.every(({ shape }) => shape[0] === null);
}

function cutBy(subject: MemorySubject, microBatch: number): MemoryPlan {
  const { model, inputs } = subject;
  if (!canBeCut(model)) {
    throw new RangeError(
      `microBatch is ${microBatch}, expected ${
        inputs[0][0]
      } or auto: model ${model.name} is built for ` +
        "batches of that size",
    );
  }
  const { alone, beside } = bytesOfAll(subject, inputs[0][0]);
  if (Math.max(alone, beside + estimatePass(subject, microBatch)) <= HEAP_LIMIT) {
    return { kind: "parts", examples: microBatch, apart: together(subject) };
  }
  throw new RangeError(
    `microBatch is ${microBatch}, with which ${
      saidShapes(subject, microBatch)
    }, expected less than ` +
      `the ${showBytes(HEAP_LIMIT)} of the WASM heap: use fewer, or auto`,
  );
}

const showBytes = (bytes: number) => format(bytes, { binary: true, maximumFractionDigits: 1 });

function saidShapes(subject: PassSubject, examples: number): string {
  const shapes = shapesOf(subject, examples).map((shape) => `[${shape.join(", ")}]`).join(", ");
  return `batch.inputs has the shapes ${shapes}, with which a pass of model ${subject.model.name} would take ` +
    `some ${showBytes(estimatePass(subject, examples))}`;
}

function shapesOf({ inputs }: PassSubject, examples: number): Shape[] {
  return inputs.map(([, ...rest]) => [examples, ...rest]);
}

function usesOf(subject: PassSubject, examples: number) {
  const { model, layers, containers } = subject;
  return layerUses(model, layers, containers, shapesOf(subject, examples));
}

/**
 * Estimates the most memory that a pass over so many examples takes on the WASM heap, the batch included.
 *
 * @returns Bytes.
 */
export function estimatePass(subject: PassSubject, examples: number): number {
  const entries = shapesOf(subject, examples).map(sizeOf);
  return 4 * entries.reduce((a, b) => a + b, 0) +
    estimateMemory(subject.layers, usesOf(subject, examples));
}
