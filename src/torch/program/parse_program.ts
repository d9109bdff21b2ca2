import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { plainGraph } from "./plain_graph.ts";
import {
  type Argument,
  type Call,
  type HeldTensor,
  type ModuleCall,
  type Program,
  type Result,
  resultsOf,
  type UserInput,
  type ValueMeta,
} from "./program.ts";
import {
  listAt,
  MAX_NAME,
  objectAt,
  readMeta,
  readSize,
  SCALAR_TYPES,
  textAt,
  unionAt,
} from "./schema_parts.ts";
import type { SizeExpression } from "./size_expression.ts";
import { functionsIn, UserLines } from "./user_lines.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Facts of the graph that its arguments refer to. */
interface Reading {
  /** Numbers that follow from sizes, by name. */
  numbers: ReadonlyMap<string, SizeExpression>;
  /** Finds lines of the user's code. */
  lines: UserLines;
  /** Classes of `autograd.Function` that the operations were called by. */
  functions: Set<string>;
}

/** Memory formats and layouts by their numbers in the schema. */
const MEMORY_FORMATS = ["", "contiguous", "channels_last", "channels_last_3d", "preserve"];
const STRIDED = 7;

const constant = (value: number | string | boolean | null): Argument & { is: "constant" } => ({
  is: "constant",
  value,
});

const NONE = constant(null);

/** Kinds of arguments that stand for themselves. */
const PLAIN = ["as_int", "as_float", "as_bool", "as_string"];
const PLAIN_LISTS = ["as_ints", "as_floats", "as_bools", "as_strings"];
const SYMBOLIC = ["as_sym_int", "as_sym_float", "as_sym_bool"];

/** Reads an argument. */
function readArgument(json: unknown, place: string, reading: Reading): Argument {
  const [kind, value] = unionAt(json, place);
  const items = (read: (item: unknown) => Argument): Argument => ({
    is: "list",
    items: listAt(value, place).map(read),
  });
  if (kind === "as_float") return { ...plain(value, place), isFloat: true };
  if (PLAIN.includes(kind)) return plain(value, place);
  if (PLAIN_LISTS.includes(kind)) return items((item) => plain(item, place));
  if (SYMBOLIC.includes(kind)) return symbolic(value, place, reading);
  switch (kind) {
    case "as_none":
      return NONE;
    case "as_tensor":
      return tensor(value, place);
    case "as_tensors":
      return items((item) => tensor(item, place));
    case "as_nested_tensors":
      return items((list) => ({
        is: "list",
        items: listAt(list, place).map((item) => tensor(item, place)),
      }));
    case "as_optional_tensor":
      return optionalTensor(value, place);
    case "as_optional_tensors":
      return items((item) => optionalTensor(item, place));
    case "as_sym_ints":
    case "as_sym_floats":
    case "as_sym_bools":
      return items((item) => symbolic(item, place, reading));
    case "as_int_lists":
    case "as_float_lists":
      return items((list) => ({
        is: "list",
        items: listAt(list, place).map((item) => plain(item, place)),
      }));
    case "as_scalar_type":
      if (typeof value !== "number" || !Object.hasOwn(SCALAR_TYPES, value)) {
        throw unexpected(place, value, "the number of a dtype");
      }
      return constant(SCALAR_TYPES[value]);
    case "as_memory_format":
      return constant(typeof value === "number" ? MEMORY_FORMATS[value] ?? null : null);
    case "as_layout":
      return constant(value === STRIDED ? "strided" : "sparse");
    case "as_device":
      return constant(textAt(objectAt(value, place).type, `${place}.type`));
    default:
      throw new ModelError(
        refusal`${place} is an argument of the kind ${showValue(kind)}, expected a supported kind`,
      );
  }
}

function plain(value: unknown, place: string): Argument & { is: "constant" } {
  // Infinity and NaN are strings in some versions.
  if (value === "Infinity" || value === "-Infinity" || value === "NaN") {
    return constant(Number(value));
  }
  if (["number", "string", "boolean"].includes(typeof value)) return constant(value as number);
  throw unexpected(place, value, "a number or a text");
}

function tensor(value: unknown, place: string): Argument {
  return { is: "value", name: textAt(objectAt(value, place).name, `${place}.name`) };
}

function optionalTensor(value: unknown, place: string): Argument {
  const [kind, own] = unionAt(value, place);
  return kind === "as_none" ? NONE : tensor(own, place);
}

function symbolic(value: unknown, place: string, { numbers }: Reading): Argument {
  const [kind, own] = unionAt(value, place);
  if (kind !== "as_name") return plain(own, place);
  const size = numbers.get(textAt(own, place));
  if (size === undefined) throw unexpected(place, own, "a number of the graph");
  return typeof size === "number" ? constant(size) : { is: "size", size };
}

/** Parses the call of an operation. */
function parseNode(json: unknown, place: string, reading: Reading): Call {
  const node = objectAt(json, place);
  const target = textAt(node.target, `${place}.target`).replace(/^torch\.ops\./, "");
  const results = listAt(node.outputs, `${place}.outputs`)
    .map((one, i) => readResult(one, `${place}.outputs[${i}]`));
  const { nn_module_stack: modules, stack_trace: trace } = objectAt(node.metadata ?? {}, place);
  if (typeof trace === "string") {
    for (const name of functionsIn(trace)) reading.functions.add(name);
  }
  const args: Record<string, Argument> = {};
  for (const [i, input] of listAt(node.inputs, `${place}.inputs`).entries()) {
    const at = `${place}.inputs[${i}]`;
    const { name, arg } = objectAt(input, at);
    args[textAt(name, `${at}.name`)] = readUnlessUnread(target, arg, at, reading);
  }
  return {
    name: typeof node.name === "string" ? node.name : String(results.flat(2)[0] ?? target),
    target,
    args,
    results,
    modules: typeof modules === "string" ? parseModules(modules) : [],
    source: typeof trace === "string" ? reading.lines.find(trace) : null,
  };
}

/** Reads an argument; those of calls that compute no tensor may be of any kind. */
function readUnlessUnread(
  target: string,
  json: unknown,
  place: string,
  reading: Reading,
): Argument {
  if (/^(?:aten\.(?:_assert|sym_)|_operator\.|math\.)/.test(target)) return NONE;
  if (target.startsWith("aten.")) return readArgument(json, place, reading);
  try {
    return readArgument(json, place, reading);
  } catch {
    // An operation of another library may have arguments of any kind; it is refused by its name.
    return NONE;
  }
}

/** Reads the name of a result; numbers have none here: `sym_int_values` has their formulas. */
function readResult(json: unknown, place: string): Result {
  const [kind, value] = unionAt(json, place);
  if (kind === "as_tensor") return textAt(objectAt(value, place).name, place);
  if (kind === "as_optional_tensor") return readResult(value, place);
  if (kind === "as_tensors") {
    return listAt(value, place).map((item) => textAt(objectAt(item, place).name, place));
  }
  if (kind === "as_optional_tensors") {
    return listAt(value, place).map((item) => readResult(item, place));
  }
  return null;
}

/** Parses `KEY,PATH,CLASS;KEY,PATH,CLASS`, outermost first. */
function parseModules(text: string): ModuleCall[] {
  const calls: ModuleCall[] = [];
  for (const part of text.split(";")) {
    const first = part.indexOf(",");
    const last = part.lastIndexOf(",");
    if (first === -1 || last === first || part.length > 3 * MAX_NAME) continue;
    const key = part.slice(0, first);
    if (key.startsWith("_empty_nn_module_stack")) continue;
    const type = part.slice(last + 1);
    calls.push({
      key,
      path: part.slice(first + 1, last).replace(/@\d+/g, ""),
      className: type.slice(type.lastIndexOf(".") + 1),
    });
  }
  return calls;
}

/** Major version of the schema that is read; its minor versions add fields. */
const MAJOR_VERSION = 8;

/**
 * Parses the graph of an exported program. Fields that are not needed are ignored.
 *
 * @param json Contents of `models/model.json`.
 * @param here Working directory, to which the paths of the user's code are made relative.
 * @throws {ModelError} If it is not such a graph, or one of another version.
 */
export function parseProgram(json: unknown, here: string): Program {
  const root = objectAt(json, "model.json");
  const { major } = objectAt(root.schema_version, "schema_version");
  if (major !== MAJOR_VERSION) {
    throw unexpected(
      "schema_version.major",
      major,
      `${MAJOR_VERSION}, as PyTorch 2.8 to 2.15 write it`,
    );
  }
  const module = objectAt(root.graph_module, "graph_module");
  const graph = plainGraph(objectAt(module.graph, "graph"));
  const reading: Reading = {
    numbers: readNumbers(graph),
    lines: new UserLines(here),
    functions: new Set(),
  };
  const signature = objectAt(module.signature, "signature");
  const { inputs, held } = readInputs(listAt(signature.input_specs, "input_specs"));
  const calls = listAt(graph.nodes, "nodes").map((node, i) =>
    parseNode(node, `nodes[${i}]`, reading)
  );
  requireOneSource([
    ...inputs.flatMap(({ name }) => name ?? []),
    ...held.keys(),
    ...calls.flatMap(resultsOf),
  ]);
  return {
    inputs,
    held,
    calls,
    outputs: listAt(signature.output_specs, "output_specs").flatMap((spec, i) => {
      const place = `output_specs[${i}]`;
      const [kind, value] = unionAt(spec, place);
      // A functionalised graph also returns the buffers it updates; skip them.
      if (kind !== "user_output" && kind !== "loss_output") return [];
      const { arg } = objectAt(value, place);
      return [
        kind === "loss_output"
          ? { is: "value" as const, name: textAt(objectAt(arg, place).name, place) }
          : readArgument(arg, place, reading),
      ];
    }),
    values: readValues(graph),
    functions: [...reading.functions],
  };
}

/** Rejects a graph that computes a value twice: a layer that nothing reads would keep its weights. */
function requireOneSource(names: readonly string[]): void {
  const known = new Set<string>();
  for (const name of names) {
    if (known.has(name)) {
      throw new ModelError(refusal`The graph computes ${showValue(name)} twice, expected once`);
    }
    known.add(name);
  }
}

/** Reads the numbers that the graph computes from sizes, by their names. */
function readNumbers(graph: Record<string, unknown>): Map<string, SizeExpression> {
  const numbers = new Map<string, SizeExpression>();
  for (const key of ["sym_int_values", "sym_float_values", "sym_bool_values"]) {
    for (const [name, value] of Object.entries(objectAt(graph[key] ?? {}, key))) {
      // A number that the graph computes from data has a symbol without a size.
      numbers.set(name, readSize(value, `${key}[${showValue(name)}]`));
    }
  }
  return numbers;
}

function readValues(graph: Record<string, unknown>): Map<string, ValueMeta> {
  const values = new Map<string, ValueMeta>();
  for (const [name, value] of Object.entries(objectAt(graph.tensor_values, "tensor_values"))) {
    values.set(name, readMeta(value, `tensor_values[${showValue(name)}]`));
  }
  return values;
}

const HELD: Readonly<Record<string, readonly [kind: HeldTensor["kind"], key: string]>> = {
  parameter: ["parameter", "parameter_name"],
  buffer: ["buffer", "buffer_name"],
  tensor_constant: ["constant", "tensor_constant_name"],
};

function readInputs(specs: unknown[]): { inputs: UserInput[]; held: Map<string, HeldTensor> } {
  const inputs: UserInput[] = [];
  const held = new Map<string, HeldTensor>();
  specs.forEach((spec, i) => {
    const place = `input_specs[${i}]`;
    const [kind, value] = unionAt(spec, place);
    const own = objectAt(value, place);
    if (Object.hasOwn(HELD, kind)) {
      const [of, key] = HELD[kind];
      const name = textAt(objectAt(own.arg, `${place}.arg`).name, `${place}.arg.name`);
      held.set(name, { kind: of, name: textAt(own[key], `${place}.${key}`) });
      return;
    }
    if (kind === "constant_input") return void inputs.push({ name: null });
    if (kind !== "user_input") {
      throw new ModelError(
        refusal`${place} is ${showValue(kind)}, which is not supported, expected tensors`,
      );
    }
    const [type, argument] = unionAt(own.arg, `${place}.arg`);
    const isTensor = type === "as_tensor";
    const name = isTensor
      ? textAt(objectAt(argument, `${place}.arg`).name, `${place}.arg.name`)
      : null;
    inputs.push({ name });
  });
  return { inputs, held };
}
