import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { Engine } from "../../engine/engine.ts";
import { backendChange } from "../../engine/start/prepare_engine.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import type { LayerRecord } from "./layer_record.ts";
import { MeasureError } from "./measure_options.ts";

/**
 * Calls a layer.
 *
 * @param record Its row, which an error names.
 * @throws {MeasureError} If the call throws, or returns something other than tensors.
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

/**
 * Returns the output of a layer if it consists of tensors. A custom layer may return anything, and
 * a later error would not point to it.
 */
function requireTensors(outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  for (const tensor of [outputs].flat()) {
    if (typeof tensor?.dataSync !== "function") {
      const found = tensor === null ? "null" : typeof tensor;
      throw new InputError(refusal`The layer returned ${found}, expected a tensor`);
    }
    if (tensor.isDisposed) {
      throw new InputError(
        refusal`The layer returned a tensor that was disposed of, expected a live one`,
      );
    }
    if (tensor.size === 0) {
      throw new InputError(
        refusal`The layer returned a tensor of shape [${
          tensor.shape.join(", ")
        }], expected entries`,
      );
    }
  }
  return outputs;
}

/**
 * Turns an error of a pass into the one to throw.
 *
 * @param error Error that the pass threw.
 * @param after Progress once the outputs were known: the name of the objective, and the layer whose
 * gradient was shown last, or `null` if there was none yet. `null` before that.
 */
export function explainPass(
  error: unknown,
  engine: Engine,
  after: { objective: string; latest: LayerRecord | null } | null,
): unknown {
  const change = backendChange(engine);
  if (change !== null) return new MeasureError(change, { cause: error });
  if (error instanceof MeasureError || error instanceof InputError || error instanceof RangeError) {
    return error;
  }
  return new MeasureError(`${failedPart(after)}: ${errorMessage(error as Error)}`, {
    cause: error,
  });
}

/** Names the part of a pass that failed, by its progress. */
function failedPart(after: { objective: string; latest: LayerRecord | null } | null): string {
  if (after === null) return "The forward pass failed";
  const { objective, latest } = after;
  if (latest === null) return `The objective ${objective} cannot be evaluated or differentiated`;
  return `The gradient of layer ${latest.name} (${latest.className}) cannot be computed`;
}
