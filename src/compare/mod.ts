/**
 * Comparison: two runs side by side, layer by layer. A pure function of what was measured; nothing is loaded or
 * run.
 *
 * @module
 */
export {
  compareMeasurements,
  type Comparison,
  type FigureChange,
  type FigureName,
  type LayerComparison,
} from "./compare_measurements.ts";
export type * from "../measure/measurements.ts";
