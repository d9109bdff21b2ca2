import type { LayerMeasurements } from "../../../src/measure/measurements.ts";
import { SeededRandom } from "../../../src/model/batches/seeded_random.ts";
import { Graph } from "../../../src/rules/network/graph.ts";
import { makeLayer } from "../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

/** A layer that reads others, with a kernel or without. */
const row = (name: string, depth: number, inputs?: string[], hasKernel = true) =>
  makeLayer({
    name,
    depth,
    ...inputs === undefined ? {} : { inputs },
    ...hasKernel ? {} : { weights: [] },
  });

/** A graph of these layers, asked by names. */
function ask(...layers: LayerMeasurements[]) {
  const graph = new Graph(layers);
  const find = (name: string) => layers.find((layer) => layer.name === name)!;
  const names = (found: readonly LayerMeasurements[]) => found.map(({ name }) => name).join(" ");
  return {
    inputsOf: (name: string) => names(graph.inputsOf(find(name))),
    outputsOf: (name: string) => names(graph.outputsOf(find(name))),
    isBelow: (a: string, b: string) => graph.isBelow(find(a), find(b)),
    paths: (a: string, b: string) => [...graph.pathsBetween(find(a), find(b))].map(names),
  };
}

/** A stem, a residual block whose normalisation has the depth of the stem, and a tower beside them. */
const residual = (withEdges: boolean) => {
  const edges = (...names: string[]) => withEdges ? names : undefined;
  return ask(
    row("stem", 1, edges()),
    row("norm", 1, edges("stem"), false),
    row("aside", 1, edges()),
    row("branch", 2, edges("norm")),
    row("sum", 2, edges("branch", "stem"), false),
    row("head", 3, edges("sum", "aside")),
  );
};

Deno.test("Graph knows the inputs and outputs of each layer by the edges that were measured", () => {
  const { inputsOf, outputsOf } = residual(true);
  assertEquals([inputsOf("stem"), inputsOf("sum"), inputsOf("head")], [
    "",
    "branch stem",
    "sum aside",
  ]);
  assertEquals([outputsOf("stem"), outputsOf("head")], ["norm sum", ""]);
});

Deno.test("Graph.isBelow() follows the edges, not the depths", () => {
  const { isBelow } = residual(true);
  // The normalisation has the depth of the stem that feeds it.
  assertEquals([isBelow("stem", "norm"), isBelow("norm", "stem")], [true, false]);
  assertEquals([isBelow("stem", "head"), isBelow("head", "stem")], [true, false]);
  // The tower is less deep than the branch and feeds nothing of it.
  assertEquals([isBelow("aside", "branch"), isBelow("aside", "head")], [false, true]);
  assertEquals(isBelow("stem", "stem"), false);
});

Deno.test("Graph.isBelow() takes the less deep of two layers that feed each other", () => {
  const { isBelow } = ask(row("cell", 3, ["gate"]), row("gate", 4, ["cell"]));
  assertEquals([isBelow("cell", "gate"), isBelow("gate", "cell")], [true, false]);
});

Deno.test("Graph.pathsBetween() gives each way once, and none twice through a layer", () => {
  const { paths } = residual(true);
  assertEquals(paths("stem", "head"), ["stem norm branch sum head", "stem sum head"]);
  assertEquals(paths("aside", "sum"), []);
  assertEquals(paths("stem", "stem"), ["stem"]);
  const loop = ask(row("a", 1, ["b"]), row("b", 2, ["a", "b"]), row("c", 3, ["b"]));
  assertEquals(loop.paths("a", "c"), ["a b c"]);
});

Deno.test("Graph.pathsBetween() does not walk ways that nobody asks for", () => {
  const layers = [row("x", 1, [])];
  for (let block = 1; block <= 60; block++) {
    const below = layers.at(-1)!.name;
    layers.push(row(`b${block}`, block + 1, [below]));
    layers.push(row(`s${block}`, block + 1, [`b${block}`, below], false));
  }
  const [first] = new Graph(layers).pathsBetween(layers[0], layers.at(-1)!).take(1);
  assertEquals(first.length, 121);
});

Deno.test("Graph goes by depth and order where no edges were measured", () => {
  const { inputsOf, outputsOf, isBelow } = residual(false);
  assertEquals([inputsOf("stem"), inputsOf("norm"), inputsOf("branch")], ["", "stem", "aside"]);
  assertEquals([inputsOf("sum"), inputsOf("head"), outputsOf("sum")], ["branch", "sum", "head"]);
  assertEquals([isBelow("stem", "norm"), isBelow("norm", "stem")], [true, false]);
  assertEquals([isBelow("stem", "aside"), isBelow("aside", "branch")], [false, true]);
});

Deno.test("Graph goes by heads too where no edges were measured", () => {
  const layers = [
    { ...row("a", 1), heads: ["p"] },
    { ...row("b", 1), heads: ["q"] },
    { ...row("p", 2), heads: ["p"] },
  ];
  const { inputsOf, isBelow } = ask(...layers);
  assertEquals([inputsOf("p"), isBelow("a", "p"), isBelow("b", "p")], ["a", true, false]);
});

Deno.test("Graph passes over names of layers that are not there", () => {
  const { inputsOf } = ask(row("a", 1, ["gone"]), row("b", 2, ["a", "gone"]));
  assertEquals([inputsOf("a"), inputsOf("b")], ["", "a"]);
});

Deno.test("isBelow() and above() agree with a walk along the edges, in graphs of 100 layers with cycles", () => {
  const random = new SeededRandom(5, "graph");
  const pick = (below: number) => random.integer(below);
  for (const backward of [0, 10]) {
    const names = Array.from({ length: 100 }, (_, i) => `l${i}`);
    const inputs = names.map((_, i) => i === 0 ? [] : [names[pick(i)], names[pick(i)]]);
    for (let i = 0; i < backward; i++) inputs[pick(100)].push(names[pick(100)]);
    const layers = names.map((name, i) => makeLayer({ name, depth: i, inputs: inputs[i] }));
    const graph = new Graph(layers);
    const before = new Map(layers.map((layer) => [layer, new Set(graph.before(layer))]));
    const isBelow = (a: LayerMeasurements, b: LayerMeasurements) =>
      a !== b && before.get(b)!.has(a) && (a.depth < b.depth || !before.get(a)!.has(b));
    for (const a of layers) {
      for (const b of layers) {
        assertEquals(graph.isBelow(a, b), isBelow(a, b), `${a.name} ${b.name}`);
      }
    }
    const some = [layers[3], layers[40], layers[41]];
    const above = layers.filter((layer) => some.some((one) => isBelow(one, layer)));
    assertEquals(graph.above(some), new Set(above));
  }
});
