import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { type AtenContext, type AtenOp, type AtenValue, WholeFloat } from "./aten_op.ts";

/** Value of one type of PyTorch's schemas. */
type ValueOf<T extends string> = T extends `${infer Item}?` ? ValueOf<Item> | null
  : T extends `${infer Item}[${string}]` ? readonly ValueOf<Item>[]
  : T extends "Tensor" ? Tensor
  : T extends "int" | "SymInt" | "float" | "Scalar" ? number
  : T extends "bool" ? boolean
  : T extends "str" | "ScalarType" ? string
  : AtenValue;

type NameOf<Text extends string> = Text extends `${infer Name}=${string}` ? Name : Text;

type Field<Text extends string> = Text extends `${infer Type} ${infer Rest}`
  ? { readonly [Name in NameOf<Rest>]: ValueOf<Type> }
  : unknown;

type Fields<Text extends string> = Text extends `${infer Head}, ${infer Rest}`
  ? Field<Head> & Fields<Rest>
  : Field<Text>;

/** Arguments of a schema by their names, typed from its text. */
type ArgsOf<Schema extends string> = Schema extends `${string}(${infer Inner}) -> ${string}`
  ? Fields<Inner>
  : never;

/**
 * Declares an operation. Its arguments are typed by its schema.
 *
 * @param schema PyTorch's schema without the marks of aliases.
 * @param run Computes the result.
 */
export function aten<Schema extends string>(
  schema: Schema,
  run: (
    args: ArgsOf<Schema>,
    context: AtenContext,
    wholeFloats: ReadonlySet<string>,
  ) => AtenValue,
): AtenOp {
  return { schema, run: run as AtenOp["run"] };
}

/** Returns the name of a schema in a graph: `aten.add.Tensor`, `aten.relu.default`. */
export function nameOfSchema(schema: string): string {
  const name = schema.slice(0, schema.indexOf("("));
  return `aten.${name}${name.includes(".") ? "" : ".default"}`;
}

/** Parameter of a schema. */
interface AtenParameter {
  name: string;
  /** Type without `?` and brackets: `Tensor`, `int`, `Scalar`. */
  type: string;
  /** Levels outside of the type, outermost first: `?` may be None, `[]` and `[2]` are lists. */
  outer: string[];
  isKeywordOnly: boolean;
  /** Default; `undefined` if the argument is required. */
  otherwise: AtenValue | undefined;
}

const parsed = new Map<string, readonly AtenParameter[]>();

/** Parses the parameters of a schema. */
export function parametersOf(schema: string): readonly AtenParameter[] {
  const known = parsed.get(schema);
  if (known !== undefined) return known;
  const inner = schema.slice(schema.indexOf("(") + 1, schema.indexOf(") -> "));
  const parameters: AtenParameter[] = [];
  let isKeywordOnly = false;
  for (const text of inner.split(/, (?![^[]*\])/)) {
    if (text === "*") isKeywordOnly = true;
    if (text === "*" || text === "") continue;
    const [, whole, name, otherwise] = /^(\S+) (\w+)(?:=(.*))?$/.exec(text)!;
    const [, type, levels] = /^(\w+)(.*)$/.exec(whole)!;
    parameters.push({
      name,
      type,
      outer: (levels.match(/\?|\[\d*\]/g) ?? []).toReversed(),
      isKeywordOnly,
      otherwise: otherwise === undefined ? undefined : parseDefault(otherwise, type),
    });
  }
  parsed.set(schema, parameters);
  return parameters;
}

const NAMED_DEFAULTS: Record<string, AtenValue> = { None: null, True: true, False: false };

function parseDefault(text: string, type: string): AtenValue {
  // The only dtype that is a default is number 4.
  if (type === "ScalarType" && text === "4") return "int64";
  if (text in NAMED_DEFAULTS) return NAMED_DEFAULTS[text];
  if (text.startsWith("[")) {
    return text === "[]" ? [] : text.slice(1, -1).split(",").map((item) => Number(item));
  }
  return /^["']/.test(text) ? text.slice(1, -1) : Number(text);
}

/** Arguments of a call, as a graph gives them. */
export interface AtenArguments {
  positional: readonly AtenValue[];
  named: Readonly<Record<string, AtenValue>>;
}

/**
 * Runs an operation on the arguments of a call.
 *
 * @throws {InputError} If an argument is unknown, missing, given twice or of another type.
 */
export function callAten(op: AtenOp, given: AtenArguments, context: AtenContext): AtenValue {
  const bound = bindArguments(op.schema, given, context.tf);
  const wholeFloats = new Set<string>();
  for (const [name, value] of Object.entries(bound)) {
    if (!(value instanceof WholeFloat)) continue;
    wholeFloats.add(name);
    bound[name] = value.value;
  }
  return op.run(bound, context, wholeFloats);
}

/**
 * Returns the arguments of a call by name, with the defaults of the schema. Whole floats stay such
 * for parameters of type `Scalar`.
 */
export function bindArguments(
  schema: string,
  { positional, named }: AtenArguments,
  tf: TensorFlow,
): Record<string, AtenValue> {
  const place = nameOfSchema(schema);
  const parameters = parametersOf(schema);
  const allowed = parameters.filter(({ isKeywordOnly }) => !isKeywordOnly).length;
  const known = parameters.map(({ name }) => name).join(", ");
  if (positional.length > allowed) {
    throw new InputError({
      place,
      verb: "has",
      found: `${positional.length} positional arguments`,
      expected: `at most ${allowed}`,
    });
  }
  const unknown = Object.keys(named).find((name) => !parameters.some((one) => one.name === name));
  if (unknown !== undefined) {
    throw new InputError({
      place,
      verb: "has",
      found: `the argument "${unknown}"`,
      expected: known === "" ? "none" : known,
    });
  }
  const bound: Record<string, AtenValue> = {};
  for (const [i, parameter] of parameters.entries()) {
    const { name, otherwise } = parameter;
    if (i < positional.length && Object.hasOwn(named, name)) {
      throw new InputError({ place: `${place}: ${name}`, found: "given twice", expected: "once" });
    }
    const value = i < positional.length ? positional[i] : named[name] ?? otherwise;
    bound[name] = bindValue(tf, `${place}: ${name}`, parameter, value);
  }
  return bound;
}

/** Lists of an entry for each axis that is a number of entries; a stride of 0 never ends. */
const COUNTS: ReadonlySet<string> = new Set(["kernel_size", "stride", "dilation"]);

function bindValue(
  tf: TensorFlow,
  place: string,
  parameter: AtenParameter,
  value: AtenValue | undefined,
): AtenValue {
  const { type, outer } = parameter;
  const [level, ...inner] = outer;
  if (level === "?") {
    return value == null ? null : bindValue(tf, place, { ...parameter, outer: inner }, value);
  }
  if (level !== undefined) {
    const count = Number(level.slice(1, -1));
    const isOne = count > 0 && typeof value === "number";
    const items = isOne ? new Array<AtenValue>(count).fill(value) : value;
    if (!Array.isArray(items)) throw refusal(place, parameter, value);
    return items.map((item, i) => {
      const own = `${place}[${i}]`;
      if (count > 0 && COUNTS.has(parameter.name) && typeof item === "number" && item < 1) {
        throw new InputError({ place: own, found: String(item), expected: "1 or more" });
      }
      return bindValue(tf, own, { ...parameter, outer: inner }, item);
    });
  }
  if (value instanceof WholeFloat) {
    if (type === "Tensor") return tf.scalar(value.value, "float32");
    if (type === "float") return value.value;
    if (type === "Scalar") return value;
  }
  // A number in the place of a tensor is a tensor of rank 0.
  if (type === "Tensor" && typeof value === "number") {
    return tf.scalar(value, isInt32(value) ? "int32" : "float32");
  }
  if (type === "Tensor" && typeof value === "boolean") return tf.scalar(value, "bool");
  const accepts = TYPES[type]?.accepts ?? (() => true);
  if (value === undefined || !accepts(value, tf)) throw refusal(place, parameter, value);
  return type === "Scalar" ? scalarOf(value) : value;
}

const isInt32 = (value: number) => Number.isInteger(value) && Math.abs(value) < 2 ** 31;

/** Returns a scalar as a number. */
const scalarOf = (value: AtenValue) =>
  typeof value === "object" && value !== null
    ? Number((value as Tensor).dataSync()[0])
    : Number(value);

const isNumber = (value: AtenValue) => typeof value === "number";
const isText = (value: AtenValue) => typeof value === "string";

/** Types of schemas: which values they accept, in code and in words. Other types accept all. */
const TYPES: Record<
  string,
  { accepts: (value: AtenValue, tf: TensorFlow) => boolean; words: string }
> = {
  Tensor: { accepts: (value, tf) => value instanceof tf.Tensor, words: "a tensor" },
  Scalar: {
    accepts: (value, tf) =>
      isNumber(value) || typeof value === "boolean" ||
      value instanceof tf.Tensor && value.size === 1,
    words: "a number",
  },
  float: { accepts: isNumber, words: "a number" },
  int: { accepts: Number.isInteger, words: "a whole number" },
  SymInt: { accepts: Number.isInteger, words: "a whole number" },
  bool: { accepts: (value) => typeof value === "boolean", words: "true or false" },
  str: { accepts: isText, words: "a string" },
  ScalarType: { accepts: isText, words: "the name of a dtype" },
};

function refusal(place: string, { type, outer }: AtenParameter, value: AtenValue | undefined) {
  const item = TYPES[type]?.words ?? `a ${type}`;
  const isList = outer.some((level) => level !== "?");
  const found = value === undefined ? "missing" : wordsFor(value);
  return new InputError({ place, found, expected: isList ? `a list, each ${item}` : item });
}

function wordsFor(value: AtenValue): string {
  if (value === null) return "None";
  if (value instanceof WholeFloat) return String(value.value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a tensor";
  return showValue(value);
}
