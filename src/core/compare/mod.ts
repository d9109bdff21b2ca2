/**
 * Comparison of two runs, layer by layer. Pure functions of measurements; nothing is loaded or run.
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
