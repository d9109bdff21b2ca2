import { anyOf, escapeControls, showValue } from "../words/show_value.ts";
import { MODEL_RULES } from "../rules/model_rules.ts";
import { nearestObjective } from "../measure/check_objective.ts";
import { nearest } from "../words/nearest.ts";

/** An error in a configuration, and its place. */
export interface SchemaComplaint {
  /** Keys and indices from the root to the place. */
  path: (string | number)[];
  /** Sentence that describes the error. */
  what: string;
}

/** Error of a validator that Ajv generated. */
export interface SchemaError {
  /** Keyword of the schema that the value does not satisfy. */
  keyword: string;
  /** Place of the value, as a JSON pointer. */
  instancePath: string;
  /** Place of the keyword in the schema, as a fragment of its address. */
  schemaPath: string;
  // deno-lint-ignore no-explicit-any -- each keyword has others
  params: Record<string, any>;
  message?: string;
}

const KINDS: Record<string, string> = { rules: "rule" };

/**
 * Describes a validator's error in a sentence, with the name that was probably meant.
 *
 * @param error The error.
 * @param root The whole configuration.
 */
export async function schemaComplaint(
  error: SchemaError,
  root: unknown,
): Promise<SchemaComplaint> {
  const { keyword, params } = error;
  const path = pathOf(error.instancePath, root);
  const data = valueAt(root, path);
  const place = describePath(path);
  const is = (expected: string, hint = "") => ({
    path,
    what: `${place || "the configuration"} is ${show(data)}${
      expected === "" ? "" : `, expected ${expected}`
    }${hint}`,
  });
  switch (keyword) {
    case "additionalProperties": {
      const name: string = params.additionalProperty;
      const names = await keysBeside(error);
      const kind = KINDS[place] ?? (path.length === 3 && path[0] === "rules" ? "threshold" : "key");
      const expected = names.length === 0 ? "none" : listOf(names);
      const model = kind === "rule" ? MODEL_RULES.find((rule) => rule.name === name) : undefined;
      if (model !== undefined) {
        return {
          path: [...path, name],
          what: `rules has ${name}, which needs the model again: use ${model.assertion} in a test`,
        };
      }
      return {
        path: [...path, name],
        what: `${place || "the configuration"} has the unknown ${kind} ${show(name)}${
          nearest(name, names) || `, expected ${expected}`
        }`,
      };
    }
    case "required":
      return {
        path,
        what: `${place || "the configuration"} has no ${
          show(params.missingProperty)
        }, expected one`,
      };
    case "enum": {
      const names: string[] = params.allowedValues;
      const near = path.at(-1) === "objective" ? nearestObjective : nearest;
      const hint = typeof data === "string" ? near(data, names) : "";
      // A rule's thresholds follow its level, which is not obvious to an author who left the level
      // out.
      const levels = path[0] === "rules" && path.length === 2 && typeof data !== "string";
      // A list of all rules would take 500 characters.
      if (path.at(-1) === "rule") return is(hint === "" ? "a rule, which explain lists" : "", hint);
      const choice = levels
        ? `${listOf(names)} or ["error", { ...thresholds }]`
        : anyOf(names.map(show));
      return is(hint === "" || names.length < 6 ? choice : "", hint);
    }
    case "type":
      if (path.at(-1) === "seeds") return is(seedsOf(data));
      if (path[0] === "models" && path.length === 2 && typeof data === "string") {
        return is(`{ "path": ${show(data)} }`);
      }
      return is(article(params.type));
    case "minimum":
    case "maximum":
      return is(`${params.comparison} ${params.limit}`);
    case "minItems":
      return is("one entry or more");
    case "uniqueItems":
      return is("every entry once");
    case "pattern":
      return is(path.at(-1) === "seeds" ? seedsOf(data) : patternOf(params.pattern));
    default:
      return is(String(error.message));
  }
}

/** Returns the keys of an object whose schema has the keyword. */
async function keysBeside({ schemaPath }: SchemaError): Promise<string[]> {
  const { default: schema } = await import("../../gradient-health.schema.json", {
    with: { type: "json" },
  });
  const keys = schemaPath.split("/").slice(1, -1).map((part) =>
    unescapePointer(decodeURIComponent(part))
  );
  const { properties } = valueAt(schema, keys) as { properties: object };
  return Object.keys(properties);
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((at, step) => (at as Record<string | number, unknown>)[step], root);
}

const unescapePointer = (part: string) => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** Parses a JSON pointer. Only a step into an array is an index: a key may be called 0. */
function pathOf(pointer: string, root: unknown): (string | number)[] {
  let at = root;
  return pointer.split("/").slice(1).map((part) => {
    const key = unescapePointer(part);
    const step = Array.isArray(at) ? Number(key) : key;
    at = (at as Record<string | number, unknown>)[step];
    return step;
  });
}

function describePath(path: (string | number)[]): string {
  return path.map((step, index) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `[${showValue(step)}]`;
    return index === 0 ? step : `.${step}`;
  }).join("");
}

function patternOf(pattern: string): string {
  return pattern === "\\S" ? "a text that is not empty" : "YYYY-MM-DD";
}

/**
 * Describes valid seeds. On the command line a number counts draws, so users write that here too.
 */
function seedsOf(found: unknown): string {
  const draws = typeof found === "number" || typeof found === "string" ? Number(found) : NaN;
  const range = Number.isSafeInteger(draws) && draws > 0
    ? `; for ${draws} draws write "0..${draws - 1}"`
    : "";
  return `a list of numbers or a range such as "0..9"${range}`;
}

const listOf = (names: readonly string[]) => names.map((name) => show(name)).join(", ");

const article = (type: string) => `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;

function show(value: unknown): string {
  // JSON would show a number that is too large as null.
  const text = typeof value === "number"
    ? String(value)
    : escapeControls(JSON.stringify(value) ?? String(value));
  return text.length <= 40 ? text : `${text.slice(0, 40)}...`;
}
