import { assert, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { openZip } from "../../../src/files/unzip.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { parseLarge } from "../../../src/torch/program/parse_large.ts";
import { editedProgram, programPath } from "./edited_program.ts";

await startEngine({ threads: 1 });

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parsed = (text: string) => parseLarge(bytesOf(text), JSON.parse);

/** Text of a graph around its nodes. */
const around = (nodes: string) =>
  `{"a": ["\\"nodes\\": [1]", "nodes"], "graph_module": {"graph": {"inputs": [{"name": "nodes"}], ` +
  `"nodes" : [${nodes}], "outputs": [2]}, "nodes": [7]}}`;

Deno.test("parseLarge() parses the graphs of all fixtures as JSON.parse() does", async () => {
  let count = 0;
  for await (const { name } of Deno.readDir(programPath("."))) {
    if (!name.endsWith(".pt2")) continue;
    for (const entry of openZip(await Deno.readFile(programPath(name)), ModelError).values()) {
      if (!entry.name.endsWith("models/model.json")) continue;
      const bytes = entry.read();
      assertEquals(parseLarge(bytes, JSON.parse), JSON.parse(new TextDecoder().decode(bytes)));
      count++;
    }
  }
  assert(count > 10);
});

Deno.test("parseLarge() finds nodes by brackets outside of texts", () => {
  for (
    const nodes of [
      "",
      " ",
      "1",
      "1, [2, 3], {}",
      `{"x": "],}\\"\\\\"}, {"graph": {"nodes": [1, 2]}}`,
      `{"metadata": {"stack_trace": "é]"}}, {"metadata": null}, null`,
    ]
  ) assertEquals(parsed(around(nodes)), JSON.parse(around(nodes)));
});

Deno.test("parseLarge() leaves a file to others whose nodes are elsewhere or do not end", () => {
  assertEquals(parsed(`{"nodes": [1], "graph_module": {"graph": {"nodes": [2]}}}`), null);
  assertEquals(parsed(`{"graph_module": {"graph": {"nodes": 3}}}`), null);
  assertEquals(parsed(`{"graph_module": {"graph": {"nodes": [1, "2`), null);
  assertEquals(parsed(""), null);
  assertThrows(() => parsed(around("1,")), SyntaxError);
  assertThrows(() => parsed(around("{]}")), SyntaxError);
});

Deno.test("loadModel() reads a graph of many megabytes as a small one", async () => {
  const names: string[][] = [];
  for (const length of [10, 3_000_000]) {
    const path = await editedProgram("mlp", {
      graph(json) {
        for (const { metadata } of json.graph_module.graph.nodes) {
          metadata.stack_trace = `${"#".repeat(length)}\n${metadata.stack_trace}`;
        }
      },
    });
    const { model } = await loadModel(path);
    names.push(model.layers.map((layer) => JSON.stringify([layer.name, Object(layer).source])));
    model.dispose();
  }
  assertEquals(names[1], names[0]);
});
