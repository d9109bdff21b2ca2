import { nearest } from "../words/nearest.ts";
import { array, must, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Choice of layers, or of their weights: a name, a class, a pattern that names match, or several of
 * these.
 *
 * A name is that of a layer (`"dense_1"`), of a weight (`"dense_1/kernel"`) or of a model or
 * wrapper around layers (`"encoder"`: all layers within). A class in place of the name chooses all
 * layers of that class: `"Dense"`, and `"Dense/kernel"` their kernels. If a layer has the name of a
 * class, the name takes precedence.
 */
export type TensorChoice = string | RegExp | readonly (string | RegExp)[];

/** Keys by which something can be chosen. */
export interface ChoiceKeys {
  /** Path: `encoder/dense_1`, `encoder/dense_1/kernel`. */
  path: string;
  /** Path with the class of the layer in place of the layer's path: `Dense/kernel`. */
  classPath: string;
}

const isPattern = (value: unknown) => typeof value === "string" || value instanceof RegExp;

/**
 * Chooses some of many, in their order.
 *
 * @param all Everything there is.
 * @param choice The choice; everything if `undefined`.
 * @param what Kind of thing, for a message: `a layer`.
 * @throws {TypeError} If the choice is neither a text, a pattern nor an array of them.
 * @throws {RangeError} If it is empty, or a part of it chooses nothing.
 */
export function chooseTensors<T extends ChoiceKeys>(
  all: readonly T[],
  choice: TensorChoice | undefined,
  what: string,
): T[] {
  if (choice === undefined) return [...all];
  const patterns = isPattern(choice) ? [choice as string | RegExp] : choice;
  const either = must("a name, a RegExp, or an array of them", isPattern);
  if (!Array.isArray(patterns)) requireValue("options.of", patterns, either);
  requireValue("options.of", patterns, array);
  const chosen = new Set<T>();
  for (const [index, pattern] of (patterns as (string | RegExp)[]).entries()) {
    requireValue(`options.of[${index}]`, pattern, must("a name or a RegExp", isPattern));
    const found = matching(all, pattern);
    if (found.length === 0) throw new RangeError(complaint(all, pattern, what));
    for (const one of found) chosen.add(one);
  }
  if (chosen.size === 0) {
    throw new RangeError(`options.of is an empty array, expected the name or the class of ${what}`);
  }
  return all.filter((one) => chosen.has(one));
}

function matching<T extends ChoiceKeys>(all: readonly T[], pattern: string | RegExp): T[] {
  // Not test(): a pattern with the flag g would continue after its last match.
  if (typeof pattern !== "string") return all.filter(({ path }) => path.search(pattern) !== -1);
  const isWithin = (path: string) => path === pattern || path.startsWith(`${pattern}/`);
  const named = all.filter(({ path }) => isWithin(path));
  return named.length > 0 ? named : all.filter(({ classPath }) => isWithin(classPath));
}

function complaint(all: readonly ChoiceKeys[], pattern: string | RegExp, what: string): string {
  if (typeof pattern !== "string") {
    return `options.of has ${pattern}, expected a pattern that the name of ${what} matches`;
  }
  const names = new Set(
    all.flatMap(({ path, classPath }) => [...wholes(path), ...wholes(classPath)]),
  );
  const near = nearest(pattern, [...names]);
  return `options.of has ${showValue(pattern)}, expected the name or the class of ${what}${near}`;
}

/** Returns a path and those around it: `a/b/c`, `a/b`, `a`. */
function wholes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, i) => parts.slice(0, parts.length - i).join("/"));
}
