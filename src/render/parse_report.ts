import { escapeControls } from "../words/escape_controls.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { type Report, reportShape } from "./report_shape.ts";
import { requireValue, text } from "../words/requirements.ts";

export type { Report };

/**
 * Reads what `renderJson` wrote: the very same figures. Keys that it does not know are passed over,
 * so a report with more in it can be read.
 *
 * @param json The text of a JSON report.
 * @returns The measurements and the findings.
 * @throws {SyntaxError} If the text is not JSON.
 * @throws {TypeError} If something is missing or of another kind; the message names the place, what
 * was expected and what was found.
 *
 * @example A report of another version
 * ```ts
 * import { parseReport } from "@gradient-health/gradient-health/render";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => parseReport('{ "version": 2 }'), TypeError, "version: expected 1, found 2");
 * ```
 */
export function parseReport(json: string): Report {
  requireValue("json", json, text);
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw new SyntaxError(`The report is not JSON: ${escapeControls((error as Error).message)}`);
  }
  const { findings, ...measurements } = reportShape.decode(data, "");
  const layers = measurements.layers.map((layer) => {
    if (layer.kind !== undefined) return layer;
    const { kind, kernel } = layerTraits(layer.className);
    return { ...layer, kind, ...kernel === null ? {} : { kernelLayout: kernel } };
  });
  return { measurements: { ...measurements, layers }, findings };
}
