import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import { SeededRandom } from "../../../../src/core/model/batches/seeded_random.ts";
import { biasesOf, isDrawn } from "../../../../src/core/rules/network/biases_of.ts";
import { Graph, isGate } from "../../../../src/core/rules/network/graph.ts";
import { kernelChain } from "../../../../src/core/rules/network/kernel_chain.ts";
import {
  flat,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../../networks/measurements.ts";

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

const product = (...inputs: string[]) =>
  makeLayer({ name: "product", className: "Multiply", weights: [], inputs });
const reshape = (...inputs: string[]) =>
  makeLayer({ name: "reshape", className: "Reshape", kind: "passesOn", weights: [], inputs });

/** Returns true if `gate` is a gate in a graph with these layers after it. */
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

/** A dense layer and, after it, a layer of a custom class, which applies no known activation. */
function withSine(given: Partial<LayerMeasurements>): LayerMeasurements[] {
  const sine = { className: "Sine", activation: null, depth: 1, weights: [] };
  return makeMeasurements([
    { activation: "linear", preActivations: flat(0.5, 640), preActivationGradients: flat(3, 640) },
    { ...sine, activations: flat(1, 640), activationGradients: flat(0.1, 640), ...given },
  ]).layers;
}

Deno.test("kernelChain() divides the fan-in of a transposed kernel by the product of its strides", () => {
  const chain = (strides?: number[]) =>
    kernelChain(
      makeMeasurements([{
        className: "Conv2DTranspose",
        weights: [makeWeight({ shape: [4, 4, 8, 6], values: flat(0.1, 768) })],
        ...strides === undefined ? {} : { strides },
      }]).layers,
    )[0];
  const { fanIn, sigma } = chain();
  assertEquals(fanIn, 4 * 4 * 6);
  assertEquals(chain([2, 3]).fanIn, fanIn / 6);
  assertAlmostEquals(chain([2, 3]).sigma, sigma / Math.sqrt(6), 1e-12);
});

Deno.test("kernelChain() says by how much an unknown activation enlarges z and delta, the smaller of the two", () => {
  const enlarged = (given: Partial<LayerMeasurements>) => kernelChain(withSine(given))[0].enlarged;
  assertAlmostEquals(enlarged({}), 2, 1e-12);
  assertAlmostEquals(enlarged({ activations: flat(50, 640) }), 30, 1e-12);
  assertAlmostEquals(enlarged({ activations: flat(0.1, 640) }), 0.2, 1e-12);
  assertEquals(kernelChain(makeMeasurements().layers).map(({ enlarged }) => enlarged), [
    0,
    0,
    0,
    0,
  ]);
});

/** Returns true if the biases of a layer look moved by training. */
function trained(className: string, values: number[], name = "layer/bias"): boolean {
  const bias = makeWeight({ name, shape: [values.length], values: statisticsOf(values) });
  const layers = [{ className, weights: [makeWeight(), bias] }];
  return biasesOf(makeMeasurements(layers)) === "moved";
}

const gates = (...values: number[]) => values.flatMap((value) => Array<number>(4).fill(value));

Deno.test("biasesOf() tells biases that moved each by itself from constant ones", () => {
  assertEquals(trained("Dense", [0, 0, 0, 0]), false);
  assertEquals(trained("Dense", [0.1, 0.1, 0.1, 0.1]), false);
  assertEquals(trained("Dense", [0, 0, 0, 1e-3]), true);
  assertEquals(trained("BatchNormalization", [0, 0.1, -0.1, 0], "layer/beta"), true);
  assertEquals(trained("BatchNormalization", [0, 0.1, -0.1, 0], "layer/moving_mean"), false);
});

Deno.test("biasesOf() lets the forget gate of a recurrent layer start at 1, and nothing else", () => {
  for (const className of ["LSTM", "ConvLSTM2D"]) {
    assertEquals(trained(className, gates(0, 1, 0, 0)), false);
    assertEquals(trained(className, gates(0.2, 1, 0.2, 0.2)), false);
    assertEquals(trained(className, gates(0, 1, 0, 0.1)), true);
    assertEquals(trained(className, gates(0, 1, 0, 0).map((b, i) => b + i * 1e-3)), true);
  }
  assertEquals(trained("GRU", gates(0, 0, 0)), false);
  assertEquals(trained("SimpleRNN", [0, 0.1, 0, -0.1]), true);
  assertEquals(trained("Dense", gates(0, 1, 0, 0)), true);
});

Deno.test("isDrawn() takes numbers for a draw up to four standard deviations of chance, that far included", () => {
  // Of 16 numbers the ratio of mean |x| to the rms strays by 1 / 16, and the mean by a quarter of a deviation.
  const normal = Math.sqrt(2 / Math.PI);
  const draw = { ...flat(1, 16), meanAbs: normal };
  assertEquals(isDrawn({ ...draw, meanAbs: normal - 0.25 }), true);
  assertEquals(isDrawn({ ...draw, meanAbs: normal - 0.251 }), false);
  assertEquals([1, -1, 1.001].map((mean) => isDrawn({ ...draw, mean })), [true, true, false]);
  assertEquals([16, 15].map((count) => isDrawn({ ...draw, count })), [true, false]);
  assertEquals(isDrawn({ ...draw, std: 0, mean: 0 }), false);
});

Deno.test("biasesOf() takes biases for PyTorch's draw as far as chance reaches, in mean and deviation", () => {
  // Of 20 inputs: up to 1 / sqrt(20). 64 such numbers stray by 4 sqrt(1 / 64) of a deviation in their mean,
  // and by 2 sqrt(0.8 / 64) of it in their deviation.
  const limit = 1 / Math.sqrt(20);
  const count = 64;
  const deviation = limit / Math.sqrt(3);
  const biases = (given: { mean?: number; std?: number; maxAbs?: number }) => {
    const values = { ...flat(limit, count), maxAbs: 0.95 * limit, std: deviation, ...given };
    const bias = makeWeight({ name: "dense/bias", shape: [count], values });
    return biasesOf(makeMeasurements([{ weights: [makeWeight(), bias] }]));
  };
  assertEquals(biases({}), "drawn");
  for (const sign of [-1, 1]) {
    assertEquals(biases({ mean: sign * 0.49 * deviation }), "drawn");
    assertEquals(biases({ mean: sign * 0.51 * deviation }), "moved");
    assertEquals(biases({ std: (1 + sign * 0.223) * deviation }), "drawn");
    assertEquals(biases({ std: (1 + sign * 0.224) * deviation }), "moved");
  }
  // The largest is at most 7 / 64 below the limit, and never beyond it.
  assertEquals(biases({ maxAbs: limit }), "drawn");
  assertEquals(biases({ maxAbs: 1.001 * limit }), "moved");
  assertEquals(biases({ maxAbs: 0.9 * limit }), "drawn");
  assertEquals(biases({ maxAbs: 0.89 * limit }), "moved");
});
