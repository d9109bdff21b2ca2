import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";

/**
 * Checks that there are a model and a batch at all, for callers that no type checker has warned.
 *
 * @throws {TypeError} If one of them is something else.
 */
export function checkSubject(model: LayersModel, batch: Batch): void {
  if (!Array.isArray(Object(model).layers) || typeof model.apply !== "function") {
    throw new TypeError(`Cannot measure ${kindOf(model)}: expected a layers model`);
  }
  const { inputs } = Object(batch) as Partial<Batch>;
  if (inputs !== undefined && inputs !== null && !isTensor(batch)) return;
  throw new TypeError(
    `Cannot measure model ${model.name}: a batch must be { inputs, targets } of tensors, got ${
      kindOf(batch)
    }`,
  );
}

const isTensor = (value: unknown) => typeof Object(value).dataSync === "function";

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (isTensor(value)) return "a tensor";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.length <= 3 ? `{ ${keys.join(", ")} }` : "another object";
}
