import { ModelError, unexpected } from "../../model/model_error.ts";
import { showValue } from "../../words/show_value.ts";
import { parseNode, readArgument, type Reading } from "./parse_call.ts";
import { plainGraph } from "./plain_graph.ts";
import { resultsOf } from "./views.ts";
import type { HeldTensor, Program, UserInput, ValueMeta } from "./program.ts";
import { listAt, objectAt, readMeta, readSize, textAt, unionAt } from "./schema_parts.ts";
import type { SizeExpression } from "./size_expression.ts";

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
  const reading: Reading = { numbers: readNumbers(graph), here };
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
    torchVersion: typeof root.torch_version === "string" ? root.torch_version : "",
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
  };
}

/** Rejects a graph that computes a value twice: a layer that nothing reads would keep its weights. */
function requireOneSource(names: readonly string[]): void {
  const known = new Set<string>();
  for (const name of names) {
    if (known.has(name)) {
      throw new ModelError(`The graph computes ${showValue(name)} twice, expected once`);
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
        `${place} is ${showValue(kind)}, which is not supported, expected tensors`,
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
