import { shadowMethod } from "../../engine/patching.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";

export type Shape = readonly number[];

/** Use of a layer in a pass. */
export interface LayerUse {
  layer: Layer;
  /** Shape of its first input. */
  input: Shape;
  /** Shape of its first output. */
  output: Shape;
  /** Number of such calls in a row. */
  times: number;
  /** True if the outputs of these calls are stacked again. */
  isStacked?: boolean;
}

interface Shaped {
  computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[];
}

/**
 * A `tf.sequential()`, which has no input layers until its first call, and again after a layer was
 * added.
 */
interface Buildable {
  built: boolean;
  model?: LayersModel | null;
  build(): void;
}

/**
 * Returns the shapes that layers take and return in a pass, as they compute them themselves. The
 * graph does not tell: its axes may have any size, and it lacks the layers inside a wrapper.
 *
 * @param leaves Its layers that compute something themselves.
 * @param containers Its layers that call others.
 * @param inputs Shapes of the batch's inputs.
 * @returns The uses in their order; only the first ones, if a layer cannot tell or rejects a shape.
 */
export function layerUses(
  model: LayersModel,
  leaves: readonly Layer[],
  containers: readonly Layer[],
  inputs: readonly Shape[],
): LayerUse[] {
  const uses: LayerUse[] = [];
  let times = 1;
  const restore: (() => void)[] = [];
  const around = (
    layer: Layer,
    compute: (next: () => Shape | Shape[], input: Shape) => unknown,
  ) => {
    restore.push(shadowMethod(
      layer,
      "computeOutputShape",
      (original) => (shape: Shape | Shape[]) => compute(() => original(shape), firstOf(shape)),
    ));
  };
  for (const layer of leaves) {
    around(layer, (next, input) => {
      const output = next();
      // A copy: the caller may change its shape afterwards, as a bidirectional layer does.
      uses.push({ layer, input, output: [...firstOf(output)], times });
      return output;
    });
  }
  for (const container of containers) {
    around(container, (next, input) => {
      const before = times, known = uses.length;
      times *= callsOf(container, input);
      try {
        return next();
      } finally {
        times = before;
        const isStacked = uses.length > known && container.getClassName() === "TimeDistributed";
        if (isStacked) uses.at(-1)!.isStacked = true;
      }
    });
  }
  try {
    const buildable = model as unknown as Buildable;
    const isBuilt = buildable.built && buildable.model != null;
    if (model.getClassName() === "Sequential" && !isBuilt) buildable.build();
    (model as unknown as Shaped).computeOutputShape(inputs.length === 1 ? inputs[0] : [...inputs]);
  } catch {
    // The pass will say what is wrong, and where.
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return uses;
}

/** Returns the number of calls of a layer whose container asks only once for its shape. */
function callsOf(container: Layer, input: Shape): number {
  switch (container.getClassName()) {
    case "TimeDistributed":
      return input[1];
    case "Bidirectional":
      return 2;
    default:
      return 1;
  }
}

const firstOf = (shapes: Shape | Shape[]) =>
  (Array.isArray(shapes[0]) ? shapes[0] : shapes) as Shape;
