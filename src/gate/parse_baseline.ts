import { jsonFailure } from "../words/json_failure.ts";
import { showValue } from "../words/show_value.ts";
import type { Baseline, BaselineLayer, BaselinePass } from "./baseline.ts";
import { GateError } from "./gate_error.ts";
import { requireValue, text as aText } from "../words/requirements.ts";

type Decode<T> = (json: unknown, place: string) => T;

/**
 * Reads what {@linkcode formatBaseline} wrote.
 *
 * @param text The text of the file.
 * @param file Its path, for the error.
 * @throws {GateError} If it is no baseline: one sentence with the place in it.
 *
 * @example There and back
 * ```ts
 * import { formatBaseline, parseBaseline } from "@gradient-health/gradient-health/gate";
 * import { assertEquals } from "@std/assert";
 *
 * const layers = { dense_1: { activations: 0.62, deltas: 0.011 } };
 * const baseline = { digits: { 0: { objective: "sum", examples: 32, layers } } };
 * assertEquals(parseBaseline(formatBaseline(baseline), "figures.json"), baseline);
 * ```
 */
export function parseBaseline(text: string, file: string): Baseline {
  requireValue("text", text, aText);
  requireValue("file", file, aText);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new GateError(`${file}: the baseline is not JSON: ${jsonFailure(error)}`);
  }
  const { version, models } = Object(json) as Record<string, unknown>;
  if (version !== 1) {
    throw new GateError(
      `${file}: expected a baseline of version 1, found ${
        version === undefined ? "none" : `version ${showValue(version)}`
      }`,
    );
  }
  return record(record(pass))(models, `${file}: models`);
}

const pass: Decode<BaselinePass> = (json, place) => {
  const { objective, examples, layers } = object(json, place);
  if (typeof objective !== "string") throw mismatch(`${place}.objective`, "a text", objective);
  return {
    objective,
    examples: count(examples, `${place}.examples`),
    layers: record(layer)(layers, `${place}.layers`),
  };
};

const layer: Decode<BaselineLayer> = (json, place) => {
  const found = object(json, place);
  const figures: BaselineLayer = {};
  for (const name of ["activations", "deltas", "saturated", "dead"] as const) {
    if (found[name] !== undefined) figures[name] = number(found[name], `${place}.${name}`);
  }
  if (found.weights !== undefined) {
    figures.weights = record(pair)(found.weights, `${place}.weights`);
  }
  return figures;
};

const pair: Decode<[number] | [number, number]> = (json, place) => {
  if (!Array.isArray(json) || json.length < 1 || json.length > 2) {
    throw mismatch(place, "one or two numbers", json);
  }
  return json.map((value, index) => number(value, `${place}[${index}]`)) as [number];
};

const number: Decode<number> = (json, place) => {
  if (typeof json === "number") return json;
  if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
  throw mismatch(place, "a number", json);
};

const count: Decode<number> = (json, place) => {
  // No figure, so neither "NaN" nor "Infinity".
  if (typeof json === "number") return json;
  throw mismatch(place, "a number", json);
};

const object: Decode<Record<string, unknown>> = (json, place) => {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw mismatch(place, "an object", json);
};

function record<T>(decode: Decode<T>): Decode<Record<string, T>> {
  return (json, place) =>
    Object.fromEntries(
      Object.entries(object(json, place)).map(([key, value]) => [
        key,
        decode(value, `${place}[${showValue(key)}]`),
      ]),
    );
}

function mismatch(place: string, expected: string, found: unknown): GateError {
  return new GateError(
    `${place}: expected ${expected}, found ${found === undefined ? "nothing" : showValue(found)}`,
  );
}
