import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";
import { MeasureError } from "./measure_error.ts";

/**
 * Returns the number of rows of a layer that looks up its inputs, or `null` for any other layer.
 */
function rowsOf({ layer, className }: LayerRecord): number | null {
  const { inputDim, numTokens } = layer as unknown as { inputDim?: number; numTokens?: number };
  if (className === "Embedding") return inputDim ?? null;
  return className === "CategoryEncoding" ? numTokens ?? null : null;
}

/**
 * Returns the rows that a layer is about to look up. TensorFlow.js truncates fractions, so 1.7 is
 * row 1; NaN, the infinities and numbers beyond 2^32 silently become some row or other.
 *
 * @param record Row of the layer.
 * @param indices Input of the layer.
 * @returns Each row once, or `null` if the layer does not look anything up.
 * @throws {MeasureError} If an index is outside the table.
 */
export function lookedUpRows(record: LayerRecord, indices: Tensor): Set<number> | null {
  const rows = rowsOf(record);
  if (rows === null) return null;
  const used = new Set<number>();
  for (const index of indices.dataSync()) {
    // -0.5 is row 0; adding 0 turns -0 into 0.
    const row = Math.trunc(index) + 0;
    if (!(row >= 0 && row < rows)) {
      throw new MeasureError(
        `Layer ${record.name} (${record.className}) is given the index ${index}, ` +
          `and it has ${rows === 1 ? "1 row" : `${rows} rows`}: expected ${
            rows === 1 ? "0" : `whole numbers from 0 to ${rows - 1}`
          }`,
      );
    }
    used.add(row);
  }
  return used;
}
