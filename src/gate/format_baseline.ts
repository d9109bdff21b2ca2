import { writeJson } from "../words/write_json.ts";
import type { Baseline, BaselineLayer } from "./baseline.ts";
import { requireValue } from "../words/requirements.ts";
import { baselineShape } from "./requirements.ts";

/**
 * Writes a baseline: models and layers sorted by name, seeds by number, one line a layer, so that a
 * changed layer is a changed line.
 *
 * @param baseline The figures.
 * @returns The text of the file; {@linkcode parseBaseline} reads it.
 */
export function formatBaseline(baseline: Baseline): string {
  requireValue("baseline", baseline, baselineShape);
  const models = sorted(baseline).map(([name, passes]) => {
    const seeds = sorted(passes, (a, b) => Number(a) - Number(b)).map(([seed, pass]) => {
      const layers = sorted(pass.layers)
        .map(([layer, figures]) => `          ${key(layer)}: ${line(figures)}`);
      const head = `        "objective": ${
        key(pass.objective)
      },\n        "examples": ${pass.examples},`;
      return `      ${key(seed)}: {\n${head}\n        "layers": ${block(layers, 8)}\n      }`;
    });
    return `    ${key(name)}: ${block(seeds, 4)}`;
  });
  return `{\n  "version": 1,\n  "models": ${block(models, 2)}\n}\n`;
}

const key = (name: string) => writeJson(name);

function block(lines: string[], indent: number): string {
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${" ".repeat(indent)}}`;
}

function line({ activations, deltas, saturated, dead, weights }: BaselineLayer): string {
  const figures = Object.entries({ activations, deltas, saturated, dead })
    .flatMap(([name, value]) => value === undefined ? [] : [`"${name}": ${figure(value)}`]);
  if (weights !== undefined) {
    const each = sorted(weights)
      .map(([name, values]) => `${key(name)}: [${values.map(figure).join(", ")}]`);
    figures.push(`"weights": { ${each.join(", ")} }`);
  }
  return figures.length === 0 ? "{}" : `{ ${figures.join(", ")} }`;
}

/** JSON has no NaN and no infinity: they are written as strings. */
const figure = (value: number) => Number.isFinite(value) ? String(value) : `"${value}"`;

function sorted<T>(
  entries: Record<string, T>,
  compare: (a: string, b: string) => number = (a, b) => a < b ? -1 : 1,
): [string, T][] {
  return Object.entries(entries).sort(([a], [b]) => compare(a, b));
}
