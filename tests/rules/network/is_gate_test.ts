import { Graph, isGate } from "../../../src/rules/network/graph.ts";
import { makeLayer } from "../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

const product = (...inputs: string[]) =>
  makeLayer({ name: "product", className: "Multiply", weights: [], inputs });
const reshape = (...inputs: string[]) =>
  makeLayer({ name: "reshape", className: "Reshape", kind: "passesOn", weights: [], inputs });

/** Whether `gate` is one, in a graph with these layers after it. */
const asks = (...after: Parameters<typeof isGate>[0][]) => {
  const gate = makeLayer({ name: "gate", inputs: [] });
  return isGate(gate, new Graph([gate, ...after]));
};

Deno.test("isGate() is true of what only multiplies, in whatever shape", () => {
  assertEquals(asks(product("gate")), true);
  assertEquals(asks(reshape("gate"), product("reshape")), true);
  assertEquals(asks(reshape("gate"), product("gate", "reshape")), true);
});

Deno.test("isGate() is false of what is read by something else, or is an output", () => {
  assertEquals(asks(), false);
  assertEquals(asks(reshape("gate")), false);
  assertEquals(asks(product("gate"), makeLayer({ name: "dense", inputs: ["gate"] })), false);
  assertEquals(asks(product("gate"), reshape("gate")), false);
});

Deno.test("isGate() comes to an end where a layer reads itself", () => {
  assertEquals(asks(reshape("gate", "reshape")), false);
  assertEquals(asks(reshape("gate", "reshape"), product("reshape")), true);
});
