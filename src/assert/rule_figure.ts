import type { RuleFigure } from "../checks/rule.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import type { Figure } from "./figure_chart.ts";

/** The figure of a rule over measurements, a bar a layer. */
export function ruleFigure({ title, scale, of }: RuleFigure, layers: LayerMeasurements[]): Figure {
  return { title, scale, rows: layers.map((layer) => ({ label: layer.name, value: of(layer) })) };
}
