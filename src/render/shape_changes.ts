import type { Difference } from "../compare/difference.ts";
import { formatCount } from "../words/numbers.ts";

/** A layer that puts out another shape; of both the examples are left out. */
export interface ShapeChange {
  /** What it is called after. */
  layer: string;
  from: string;
  to: string;
}

/** Of more layers the first are named. */
const MOST = 4;

/** The layers of two runs that put out another shape, whatever became of their figures. */
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

/** `fc1 from [8] to [16]`. */
export function shapeWords(changes: readonly ShapeChange[]): string {
  const said = changes.slice(0, MOST).map(({ layer, from, to }) =>
    `${layer} from [${from}] to [${to}]`
  );
  const more = changes.length - said.length;
  return said.join(", ") + (more > 0 ? ` and ${formatCount(more, "more layer")}` : "");
}
