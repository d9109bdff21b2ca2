import type { Difference } from "../compare/difference.ts";
import { formatCount } from "../words/numbers.ts";

/** Layer whose output shape changed; both shapes without the number of examples. */
export interface ShapeChange {
  /** Name of the layer in the second run. */
  layer: string;
  from: string;
  to: string;
}

const MAX_LAYERS_NAMED = 4;

/** Returns the layers of two runs whose output shapes differ, regardless of their figures. */
export function shapeChanges({ before, after, comparison }: Difference): ShapeChange[] {
  const [one, other] = [before, after].map(({ measurements }) =>
    new Map(measurements.layers.map(({ name, shape }) => [name, shape]))
  );
  return comparison.layers.flatMap((layer) => {
    const [from, to] = [one.get(layer.before), other.get(layer.after)]
      .map((shape) => shape?.slice(1).join(", "));
    const isKnown = from !== undefined && to !== undefined;
    return isKnown && from !== to ? [{ layer: layer.after, from, to }] : [];
  });
}

/** Returns `fc1 from [8] to [16]`. */
export function shapeWords(changes: readonly ShapeChange[]): string {
  const said = changes.slice(0, MAX_LAYERS_NAMED).map(({ layer, from, to }) =>
    `${layer} from [${from}] to [${to}]`
  );
  const more = changes.length - said.length;
  return said.join(", ") + (more > 0 ? ` and ${formatCount(more, "more layer")}` : "");
}
