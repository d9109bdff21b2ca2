import { showValue } from "../words/show_value.ts";
import type { Node, ParseError } from "jsonc-parser";
import type { Configuration } from "./configuration.ts";
import type { FoundConfiguration } from "./find_configuration.ts";
import { GateError } from "./gate_result.ts";
import type { Refusal } from "../words/input_error.ts";
import { nullable, object, placeOf, refusalAt, requireValue, string } from "../words/shape.ts";
import { configurationShape } from "./configuration_shape.ts";

const foundShape = object({ file: string, text: string, key: nullable(string) });

/**
 * Reads a configuration: JSON with comments and trailing commas, validated by
 * its shape. The parser is loaded only here, because a run without a configuration does not need
 * it.
 *
 * @param found The file.
 * @returns The configuration.
 * @throws {GateError} If it is not a valid configuration: one sentence with file, line and column.
 *
 * @example Comments are allowed
 * ```ts
 * import { readConfiguration } from "@gradient-health/gradient-health/gate";
 * import { assertEquals } from "@std/assert";
 *
 * const text = '{ "extends": "strict" } // nothing passes';
 * const found = { file: "gradient-health.jsonc", text, key: null };
 * assertEquals(await readConfiguration(found), { extends: "strict" });
 * ```
 */
export async function readConfiguration(found: FoundConfiguration): Promise<Configuration> {
  requireValue("found", found, foundShape);
  const { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } = await import(
    "jsonc-parser"
  );
  const { file, text, key } = found;
  const complain = (offset: number, refusal: Refusal | string) => {
    const before = text.slice(0, offset).split("\n");
    return new GateError(refusal)
      .within(`${file}:${before.length}:${before.at(-1)!.length + 1}`);
  };
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) {
    const code = printParseErrorCode(errors[0].error).replace(/(?<!^)([A-Z])/g, " $1");
    throw complain(errors[0].offset, `it is not JSON: ${code.toLowerCase()}`);
  }
  const root = key === null ? tree : tree && findNodeAtLocation(tree, [key]);
  // The parser has already rejected a file without any value.
  if (root === undefined) throw complain(0, `it has no key "${key}"`);
  const twice = repeatedKey(root);
  if (twice !== null) {
    throw complain(twice.offset, `the key ${showValue(twice.value)} is given twice`);
  }
  const value = getNodeValue(root);
  const wrong = configurationShape.mismatch(value);
  if (wrong === null) return value as Configuration;
  const path = wrong.unknownKey === undefined ? wrong.path : [...wrong.path, wrong.unknownKey];
  const place = placeOf("", wrong.path) || "the configuration";
  throw complain((findNodeAtLocation(root, path) ?? root).offset, refusalAt(place, wrong));
}

/** Finds a repeated key: in JSON, a later one silently overrides an earlier one. */
function repeatedKey({ type, children = [] }: Node): Node | null {
  const seen = new Set<unknown>();
  for (const child of children) {
    const [key] = type === "object" ? child.children! : [];
    if (key !== undefined && seen.has(key.value)) return key;
    if (key !== undefined) seen.add(key.value);
    const inner = repeatedKey(child);
    if (inner !== null) return inner;
  }
  return null;
}
