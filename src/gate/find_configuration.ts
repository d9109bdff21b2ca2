import { readUserText } from "../files/user_file.ts";
import { failure } from "../ground/words/failure.ts";
import type { Refusal } from "../ground/words/input_error.ts";
import {
  callable,
  nullable,
  object,
  placeOf,
  refusalAt,
  requireValue,
  string,
} from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import type { Configuration } from "./configuration.ts";
import { configurationShape } from "./configuration_shape.ts";
import { GateError, isReadable } from "../core/diagnosis/gate_result.ts";
import type { Node, ParseError } from "jsonc-parser";
import { isFileProblem } from "../platform/file_problems.ts";

/** Text of a configuration file, and the key of the configuration in it. */
export interface FoundConfiguration {
  /** Path of the file. */
  file: string;
  /** Contents of the file. */
  text: string;
  /** Key of the configuration in a file that also has other contents, or `null`. */
  key: "gradientHealth" | null;
}

const OWN = ["gradient-health.json", "gradient-health.jsonc"];
const SHARED = ["deno.json", "deno.jsonc"];

/**
 * Reads the named configuration file. In a `deno.json`, the configuration is the value of
 * `gradientHealth`.
 *
 * @throws {GateError} If it cannot be read.
 * @returns Its text, not yet checked: see {@linkcode readConfiguration}.
 *
 * @example A file that was named
 * ```ts
 * import { openConfiguration, readConfiguration } from "@gradient-health/gradient-health/gate";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".jsonc" });
 * await Deno.writeTextFile(file, '{ "extends": "strict" } // warnings fail too');
 * const configuration = await readConfiguration(await openConfiguration(file));
 * assertEquals(configuration.extends, "strict");
 * await Deno.remove(file);
 * ```
 */
export async function openConfiguration(file: string): Promise<FoundConfiguration> {
  requireValue("file", file, string);
  try {
    const text = await readUserText(file);
    const isShared = SHARED.some((name) => file === name || file.endsWith(`/${name}`));
    return { file, text, key: isShared ? "gradientHealth" : null };
  } catch (error) {
    throw new GateError(`the configuration cannot be read: ${failure(error)}`).within(file);
  }
}

/**
 * Looks for a configuration in a folder and the folders above it. A folder without read permission
 * is skipped and reported; the function never prompts for a permission.
 *
 * @param folder The folder to begin with, absolute.
 * @param note Called with a sentence if the folder could not be read.
 * @returns The nearest one, or `null`.
 * @throws {GateError} If one folder has two configurations.
 *
 * @example The one of the folder above
 * ```ts
 * import { findConfiguration } from "@gradient-health/gradient-health/gate";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/models`);
 * await Deno.writeTextFile(`${folder}/gradient-health.json`, "{}");
 * const found = await findConfiguration(`${folder}/models`, console.error);
 * assertEquals(found?.file, `${folder}/gradient-health.json`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function findConfiguration(
  folder: string,
  note: (text: string) => void,
): Promise<FoundConfiguration | null> {
  requireValue("folder", folder, string);
  requireValue("note", note, callable);
  const unread: string[] = [];
  for (let at = folder;; at = parentOf(at)) {
    if (!isReadable(at)) unread.push(at);
    const found: FoundConfiguration[] = [];
    for (const name of [...OWN, ...SHARED]) {
      const file = `${at === "/" ? "" : at}/${name}`;
      const text = await textOf(file);
      if (text === null) continue;
      if (SHARED.includes(name) && !await hasKey(text)) continue;
      found.push({ file, text, key: SHARED.includes(name) ? "gradientHealth" : null });
    }
    if (found.length > 1) {
      throw new GateError({
        place: at,
        verb: "holds",
        found: `two configurations, ${found.map(({ file }) => baseName(file)).join(" and ")}`,
        expected: "one, or --config FILE",
      });
    }
    if (found.length === 1) return found[0];
    if (at === parentOf(at)) break;
  }
  if (unread[0] === folder) {
    note(`skipped the configuration lookup: no permission to read ${folder}`);
  }
  return null;
}

async function textOf(file: string): Promise<string | null> {
  if (!isReadable(file)) return null;
  try {
    return await readUserText(file);
  } catch (error) {
    if (isFileProblem(error, "NotFound", "NotADirectory")) {
      return null;
    }
    throw new GateError(`the configuration cannot be read: ${failure(error)}`).within(file);
  }
}

/** Returns true if the file has a configuration: an import or a task may have the same name. */
async function hasKey(text: string): Promise<boolean> {
  // The word alone proves nothing, but without it parsing is unnecessary.
  if (!text.includes('"gradientHealth"')) return false;
  const { findNodeAtLocation, parseTree } = await import("jsonc-parser");
  const tree = parseTree(text, [], { allowTrailingComma: true });
  return tree !== undefined && findNodeAtLocation(tree, ["gradientHealth"]) !== undefined;
}

const parentOf = (folder: string) => folder.replace(/[\\/][^\\/]*$/, "") || "/";

const baseName = (file: string) => file.replace(/^.*[\\/]/, "");

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
