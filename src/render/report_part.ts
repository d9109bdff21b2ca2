import type { Measurements } from "../measure/measurements.ts";
import { measurementShape } from "../rules/shapes/measurement_shape.ts";
import { DOCUMENTS, writeDocument } from "../words/document.ts";
import { InputError, refusal } from "../words/input_error.ts";
import { count, object, oneOf, readShape } from "../words/shape.ts";

/** Part of the report on a file of weights: the layers that one machine measured. */
export interface ReportPart {
  version: 1;
  /** Number of the part, from 1, and of parts. */
  shard: { index: number; count: number };
  /** Measurements with the layers of this part alone. */
  measurements: Measurements;
}

const partShape = object<ReportPart>({
  version: oneOf(DOCUMENTS.part.version),
  shard: object<ReportPart["shard"]>({ index: count, count }),
  measurements: measurementShape,
});

/** Writes a part as JSON. */
export const encodePart = (
  shard: ReportPart["shard"],
  measurements: Measurements,
): string =>
  writeDocument(
    partShape.encode({ version: DOCUMENTS.part.version, shard, measurements }) as object,
  );

/**
 * Reads the text of a part, and restores the figures exactly.
 *
 * @throws {InputError} If it is not one.
 */
export const parsePart = (json: string): ReportPart => readShape(json, partShape, "The part");

/**
 * Joins the parts of a report, each with the name of its file.
 *
 * @throws {InputError} If they are parts of several files of weights, or if one is missing or given twice.
 */
export function joinParts(parts: readonly (ReportPart & { name: string })[]): Measurements {
  const [first] = parts;
  const seen = new Map<number, string>();
  for (const { name, shard, measurements } of parts) {
    if (identity(measurements) !== identity(first.measurements)) {
      throw new InputError(
        refusal`${name} is a part of the report on other weights, expected those of ${first.name}`,
      );
    }
    if (shard.count !== first.shard.count) {
      throw new InputError(
        refusal`${name} is one of ${shard.count} parts, expected ${first.shard.count} as in ${first.name}`,
      );
    }
    const other = seen.get(shard.index);
    if (other !== undefined) {
      throw new InputError(
        refusal`${name} is part ${shard.index} of ${shard.count}, expected another than ${other}`,
      );
    }
    seen.set(shard.index, name);
  }
  const missing = Array.from({ length: first.shard.count }, (_, i) => i + 1)
    .filter((index) => !seen.has(index));
  if (missing.length > 0) {
    throw new InputError(
      refusal`Parts ${missing.join(", ")} of ${first.shard.count} are missing, expected all`,
    );
  }
  const layers = parts.flatMap(({ measurements }) => measurements.layers)
    .toSorted((a, b) => a.depth! - b.depth!);
  return { ...first.measurements, layers };
}

/** Returns what the parts of one file have in common. */
const identity = ({ model, weightsOnly }: Measurements) => JSON.stringify([model, weightsOnly]);
