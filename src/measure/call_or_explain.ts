import type { Engine } from "../engine/engine.ts";
import { backendChange } from "../engine/prepare_engine.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { errorMessage } from "../words/error_message.ts";
import type { LayerRecord } from "./layer_record.ts";
import { MeasureError } from "./measure_error.ts";

/**
 * Calls a layer.
 *
 * @param record Its row, which an error names.
 * @param call Calls it.
 * @throws {MeasureError} If it cannot be called, or returns something else than tensors.
 */
export function callOrExplain(
  record: Pick<LayerRecord, "name" | "className">,
  call: () => Tensor | Tensor[],
): Tensor | Tensor[] {
  try {
    return requireTensors(call());
  } catch (error) {
    if (error instanceof MeasureError) throw error;
    throw new MeasureError(
      `The forward pass failed in layer ${record.name} (${record.className}): ${
        errorMessage(error)
      }`,
      { cause: error },
    );
  }
}

/** What a layer returned. A custom layer may return anything, and later nothing would point to it. */
function requireTensors(outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  for (const tensor of [outputs].flat()) {
    if (typeof tensor?.dataSync !== "function") {
      throw new Error(
        `The layer returned ${tensor === null ? "null" : typeof tensor}, expected a tensor`,
      );
    }
    if (tensor.isDisposed) {
      throw new Error("The layer returned a tensor that was disposed of, expected a live one");
    }
    if (tensor.size === 0) {
      throw new Error(`Its output has no entries: its shape is [${tensor.shape.join(", ")}]`);
    }
  }
  return outputs;
}

/**
 * What to throw for what a pass has thrown.
 *
 * @param error What it has thrown.
 * @param engine The engine that it ran on.
 * @param after Where the outputs were known: the name of what is differentiated, and the layer whose gradient was
 *   shown last, `null` where it was none yet. `null` where they were not.
 */
export function explainPass(
  error: unknown,
  engine: Engine,
  after: { objective: string; latest: LayerRecord | null } | null,
): unknown {
  const change = backendChange(engine);
  if (change !== null) return new MeasureError(change, { cause: error });
  if (error instanceof MeasureError || error instanceof RangeError) return error;
  const where = after === null
    ? "The forward pass failed"
    : after.latest === null
    ? `The objective ${after.objective} cannot be evaluated or differentiated`
    : `The gradient of layer ${after.latest.name} (${after.latest.className}) cannot be computed`;
  return new MeasureError(`${where}: ${errorMessage(error as Error)}`, { cause: error });
}
