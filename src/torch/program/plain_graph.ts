import { ModelError } from "../../core/model/model_error.ts";
import { isObject } from "../../ground/words/shape.ts";
import { ATEN_OPS } from "../aten/aten_ops.ts";
import { listAt, objectAt, textAt, unionAt } from "./schema_parts.ts";
import { refusal } from "../../ground/words/input_error.ts";

type Json = Record<string, unknown>;

/** Calls of a part of a graph that differ from its own calls in autograd or precision alone. */
const WRAPPERS = /^torch\.ops\.higher_order\.wrap_with_(autocast|set_grad_enabled)$/;

const GRAPH_LISTS = ["tensor_values", "sym_int_values", "sym_float_values", "sym_bool_values"];

/** Deepest graph within a graph. */
const MAX_DEPTH = 32;

/**
 * Replaces what has no operation of its own in a graph:
 *
 * - Each call of a part under `torch.autocast`, `torch.no_grad` or `torch.enable_grad` becomes the
 *   calls in it, with their names behind that of the part. What a part without gradients computes is
 *   detached, and so is what it changes in place. Everything is computed in float32, also under
 *   autocast.
 * - Each call with an argument `out` becomes one without, whose result is copied into that
 *   argument.
 *
 * @param graph Graph of `models/model.json`.
 * @throws {ModelError} If a part is not as PyTorch writes it.
 */
export function plainGraph(graph: Json, depth = 0): Json {
  if (depth > MAX_DEPTH) {
    throw new ModelError(
      refusal`The graph has ${depth} graphs within each other, expected ${MAX_DEPTH}`,
    );
  }
  const nodes = listAt(graph.nodes, "nodes");
  if (!nodes.some((node) => isWrapper(node) || isWithOut(node))) return graph;
  const whole: Json = { ...graph };
  for (const key of GRAPH_LISTS) whole[key] = { ...objectAt(graph[key] ?? {}, key) };
  whole.nodes = nodes.flatMap((node, i) => {
    if (isWithOut(node)) return withoutOut(node, whole.tensor_values as Json);
    if (!isWrapper(node)) return [node];
    const part = openPart(node, `nodes[${i}]`, depth);
    for (const key of GRAPH_LISTS) Object.assign(whole[key] as Json, part.values[key]);
    return part.nodes;
  });
  return whole;
}

const isCallOf = (node: unknown, targets: RegExp): node is Json => {
  const { target } = Object(node);
  return typeof target === "string" && targets.test(target);
};

const isWrapper = (node: unknown): node is Json => isCallOf(node, WRAPPERS);

const OUT = /^torch\.ops\.(aten\.\w+)\.out$/;

const isWithOut = (node: unknown): node is Json => isCallOf(node, OUT);

/** Splits a call with an argument `out` into one without and a copy in place. */
function withoutOut(node: Json, values: Json): Json[] {
  const [, name] = OUT.exec(String(node.target))!;
  const overload = Object.hasOwn(ATEN_OPS, `${name}.Tensor`) ? "Tensor" : "default";
  const inputs = listAt(node.inputs, "inputs").map((input) => objectAt(input, "inputs"));
  const out = inputs.find((input) => input.name === "out");
  const outputs = listAt(node.outputs, "outputs");
  const result = nameOfOutput(outputs[0]);
  if (out === undefined || result === null) return [node];
  const computed = `${result}.out`;
  values[computed] = values[result];
  const copied = { as_tensor: { name: computed } };
  return [
    {
      ...node,
      target: `torch.ops.${name}.${overload}`,
      inputs: inputs.filter((input) => input !== out),
      outputs: [copied],
    },
    {
      ...node,
      target: "torch.ops.aten.copy_.default",
      inputs: [{ name: "self", arg: out.arg, kind: 1 }, { name: "src", arg: copied, kind: 1 }],
      outputs,
    },
  ];
}

/** Value of a part that is read outside of it, under another name. */
interface Leaving {
  from: string;
  to: string;
  by: "alias" | "detach";
}

/** Returns the calls of a part, and the values that they compute. */
function openPart(
  node: Json,
  place: string,
  depth: number,
): { nodes: unknown[]; values: Record<string, Json> } {
  const args = listAt(node.inputs, `${place}.inputs`).map((input, i) =>
    unionAt(objectAt(input, `${place}.inputs[${i}]`).arg, `${place}.inputs[${i}].arg`)
  );
  const at = args.findIndex(([kind]) => kind === "as_graph");
  if (at < 0) {
    throw new ModelError(refusal`${place} has no graph, expected one among its arguments`);
  }
  const { name, graph } = objectAt(args[at][1], `${place}.graph`);
  const whole = plainGraph(objectAt(graph, `${place}.graph`), depth + 1);
  const prefix = `${textAt(name, `${place}.name`)}.`;
  const isDetached = String(node.target).endsWith("set_grad_enabled") && args[0][1] === false;
  const { part, given } = isDetached ? withDetachedChanges(whole) : { part: whole, given: [] };
  const operands = args.slice(at + 1);
  const names = new Map<string, string>();
  listAt(part.inputs, `${place}.inputs`).forEach((input, i) => {
    const [, own] = unionAt(input, `${place}.inputs[${i}]`);
    const [, given] = operands[i] ?? [];
    const from = nameIn(own), to = nameIn(given);
    if (from !== null && to !== null) names.set(from, to);
  });
  const outputs = listAt(node.outputs, `${place}.outputs`);
  const results = outputs.length === 1 ? listOf(outputs[0]) : outputs;
  const leaving = listAt(part.outputs, `${place}.outputs`).flatMap((output, i): Leaving[] => {
    const from = nameOfOutput(output), to = nameOfOutput(results[i]);
    if (from === null || to === null) return [];
    if (isDetached && !given.includes(from)) return [{ from, to, by: "detach" }];
    if (isDetached || names.has(from)) return [{ from, to, by: "alias" }];
    names.set(from, to);
    return [];
  });
  const rename = (text: string) => names.get(text) ?? prefix + text;
  const inner = listAt(part.nodes, `${place}.nodes`).map((one) => renamed(one as Json, rename));
  const metadata = (inner.at(-1) ?? node).metadata;
  const copies = leaving.map(({ from, to, by }) => ({ ...callOf(by, rename(from), to), metadata }));
  const values = Object.fromEntries(GRAPH_LISTS.map((key) => {
    const own = Object.entries(objectAt(part[key] ?? {}, key))
      .filter(([name]) => !names.has(name));
    return [key, Object.fromEntries(own.map(([name, meta]) => [prefix + name, meta]))];
  }));
  return { nodes: [...inner, ...copies], values };
}

/** Returns a call of an operation of one tensor. */
const callOf = (operation: Leaving["by"], self: string, result: string): Json => ({
  target: `torch.ops.aten.${operation}.default`,
  inputs: [{ name: "self", arg: { as_tensor: { name: self } }, kind: 1 }],
  outputs: [{ as_tensor: { name: result } }],
  metadata: {},
});

const IN_PLACE = /^torch\.ops\.aten\.[a-z]\w*[a-z0-9]_\.\w+$/;

/**
 * Makes the changes in place of a part without gradients on detached tensors: a weight that is
 * clamped there is a weight with other entries, not the result of a clamp.
 *
 * @returns The part, and the names of the tensors in it that are given to it, changed or not.
 */
function withDetachedChanges(part: Json): { part: Json; given: string[] } {
  const given = listAt(part.inputs, "inputs").flatMap((input) => nameOfOutput(input) ?? []);
  const values: Json = { ...objectAt(part.tensor_values ?? {}, "tensor_values") };
  const nodes = listAt(part.nodes, "nodes").flatMap((node) => {
    if (!isCallOf(node, IN_PLACE)) return [node];
    const [first, ...rest] = listAt(node.inputs, "inputs").map((input) =>
      objectAt(input, "inputs")
    );
    const self = nameIn(unionAt(first?.arg, "inputs[0].arg")[1]);
    const result = nameOfOutput(listAt(node.outputs, "outputs")[0]);
    if (self === null || result === null) return [node];
    if (given.includes(self)) given.push(result);
    const data = `${result}.data`, changed = `${result}.changed`;
    values[data] = values[changed] = values[result];
    const metadata = node.metadata;
    return [
      { ...callOf("detach", self, data), metadata },
      {
        ...node,
        inputs: [{ ...first, arg: { as_tensor: { name: data } } }, ...rest],
        outputs: [{ as_tensor: { name: changed } }],
      },
      { ...callOf("alias", self, result), metadata },
    ];
  });
  return { part: { ...part, nodes, tensor_values: values }, given };
}

/** Returns the items of an output that is a list of tensors, or the output alone. */
function listOf(output: unknown): unknown[] {
  const [kind, value] = unionAt(output, "outputs");
  if (kind !== "as_tensors" || !Array.isArray(value)) return [output];
  return value.map((tensor) => ({ as_tensor: tensor }));
}

/** Returns the name of a tensor in a list of outputs, or `null` for one that nothing reads. */
const nameOfOutput = (output: unknown): string | null =>
  isObject(output) ? nameIn(Object.values(output).find((one) => one !== null)) : null;

function nameIn(argument: unknown): string | null {
  const { name, as_name } = Object(argument);
  const found = name ?? as_name;
  return typeof found === "string" ? found : null;
}

/** Renames what a call reads and computes; the names of its parameters stay. */
function renamed(node: Json, rename: (name: string) => string): Json {
  return {
    ...node,
    inputs: listAt(node.inputs, "inputs").map((input) => {
      const own = objectAt(input, "inputs");
      return { ...own, arg: withNames(own.arg, rename) };
    }),
    outputs: withNames(node.outputs, rename),
  };
}

/** Renames the values in an argument. */
function withNames(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withNames(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, own]) => [
      key,
      (key === "name" || key === "as_name") && typeof own === "string"
        ? rename(own)
        : withNames(own, rename),
    ]),
  );
}
