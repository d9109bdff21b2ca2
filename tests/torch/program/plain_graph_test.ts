import { assertEquals, assertStrictEquals } from "@std/assert";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { plainGraph } from "../../../src/torch/program/plain_graph.ts";
import { assertRefused, parts } from "../../assert_refused.ts";

const tensor = (name: string) => ({ as_tensor: { name } });

const call = (target: string, args: object[], result: string) => ({
  target: `torch.ops.${target}`,
  inputs: args.map((arg) => ({ name: "self", arg, kind: 1 })),
  outputs: [tensor(result)],
  metadata: {},
});

const part = (nodes: object[], input: string, output: string) => ({
  nodes,
  inputs: [tensor(input)],
  outputs: [tensor(output)],
  tensor_values: { [input]: {}, [output]: {} },
});

const wrapped = (graph: object, isEnabled: boolean) =>
  call("higher_order.wrap_with_set_grad_enabled", [
    { as_bool: isEnabled },
    { as_graph: { name: "part", graph } },
    tensor("x"),
  ], "y");

const targets = (graph: Record<string, unknown>) =>
  (graph.nodes as { target: string; outputs: unknown[] }[]).map(({ target, outputs }) => [
    target.replace("torch.ops.aten.", ""),
    outputs[0],
  ]);

Deno.test("plainGraph() leaves a graph without parts as it is", () => {
  const graph = part([call("aten.relu.default", [tensor("x")], "y")], "x", "y");
  assertStrictEquals(plainGraph(graph), graph);
});

Deno.test("plainGraph() detaches what leaves a part without gradients, and nothing else", () => {
  const inner = part([call("aten.relu.default", [tensor("a")], "b")], "a", "b");
  const outer = (isEnabled: boolean) => part([wrapped(inner, isEnabled)], "x", "y");
  assertEquals(targets(plainGraph(outer(true))), [["relu.default", tensor("y")]]);
  assertEquals(targets(plainGraph(outer(false))), [
    ["relu.default", tensor("part.b")],
    ["detach.default", tensor("y")],
  ]);
});

Deno.test("plainGraph() changes a detached tensor if a part without gradients changes one in place", () => {
  const inner = part(
    [
      call("aten.mul.Tensor", [tensor("a")], "b"),
      call("aten.clamp_.default", [tensor("a")], "c"),
    ],
    "a",
    "c",
  );
  assertEquals(targets(plainGraph(part([wrapped(inner, false)], "x", "y"))), [
    ["mul.Tensor", tensor("part.b")],
    ["detach.default", tensor("part.c.data")],
    ["clamp_.default", tensor("part.c.changed")],
    ["alias.default", tensor("part.c")],
    // What it was given has the gradient that it had.
    ["alias.default", tensor("y")],
  ]);
});

Deno.test("plainGraph() copies an input that leaves a part as it came", () => {
  const graph = part([wrapped(part([], "a", "a"), true)], "x", "y");
  assertEquals(targets(plainGraph(graph)), [["alias.default", tensor("y")]]);
});

Deno.test("plainGraph() refuses a part without a graph, and parts within parts without end", () => {
  const bare = call("higher_order.wrap_with_autocast", [tensor("x")], "y");
  assertRefused(
    () => plainGraph(part([bare], "x", "y")),
    parts("nodes[0]", "no graph", "one among its arguments"),
    ModelError,
  );
  const nested = (depth: number): object =>
    part(depth === 0 ? [] : [wrapped(nested(depth - 1), true)], "x", depth === 0 ? "x" : "y");
  plainGraph(nested(32) as Record<string, unknown>);
  assertRefused(
    () => plainGraph(nested(34) as Record<string, unknown>),
    parts("The graph", "33 graphs within each other", "32"),
    ModelError,
  );
});
