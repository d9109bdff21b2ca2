import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compareMeasurements } from "../../src/compare/compare_measurements.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { layer, measurements, statistics, weight } from "../networks/sample.ts";

/** So many weights that two draws differ by a factor of exp(4 / 20) = 1.2214 at most. */
const WEIGHTS = 400;

/** A layer whose kernel has this std, and whose figures have these sizes. */
function sized(
  name: string,
  kernel: number,
  { gradient = 0.1, activation = 0.1, delta = 0.1 } = {},
  over: Partial<LayerMeasurements> = {},
): LayerMeasurements {
  const values = statistics(kernel, { std: kernel, count: WEIGHTS });
  const weights = [weight(`${name}/kernel`, gradient, { values })];
  return layer(name, { activation, delta }, { weights, ...over });
}

const NAMES = ["conv1", "conv2", "conv3", "fc"];
type Sizes = Parameters<typeof sized> extends [string, ...infer Rest] ? Rest : never;
const network = (...sizes: Sizes[]) =>
  measurements(sizes.map((size, i) => sized(NAMES[i], ...size)));

Deno.test("compareMeasurements() finds nothing in a run beside itself", () => {
  const run = network([0.3], [0.3]);
  const { same, said, layers } = compareMeasurements(run, structuredClone(run));
  assertEquals([same, said], [true, []]);
  assertEquals(layers.map(({ worst }) => worst), [1, 1]);
  assertEquals(Object.keys(layers[0].figures), ["kernel", "gradient", "activation", "delta"]);
  assertEquals(Object.values(layers[0].figures).map(({ factor }) => factor), [1, 1, 1, 1]);
});

Deno.test("compareMeasurements() says what moved, weights first, and by what factor", () => {
  const before = network([0.3], [0.3], [0.3], [0.3]);
  const small: Sizes = [0.1, { gradient: 1e-4 }];
  const after = network(small, small, small, [0.3]);
  const { said, layers, same } = compareMeasurements(before, after);
  assertEquals(said, [
    "the kernels of conv1, conv2, conv3 are 3 times smaller",
    "their gradients are 1000 times smaller",
  ]);
  assertEquals(same, false);
  assertEquals(layers.map(({ worst }) => Math.round(worst)), [1000, 1000, 1000, 1]);
  assertEquals(layers[0].figures.kernel?.factor?.toFixed(3), "0.333");
});

Deno.test("compareMeasurements() takes for chance what two draws of a kernel may differ by", () => {
  const moved = (factor: number) =>
    compareMeasurements(network([0.3]), network([0.3 * factor])).layers[0].figures.kernel!.moved;
  const limit = Math.exp(4 / Math.sqrt(WEIGHTS));
  assertEquals([moved(limit * 0.999), moved(limit * 1.001)], [false, true]);
  assertEquals([moved(1 / (limit * 0.999)), moved(1 / (limit * 1.001))], [false, true]);
});

Deno.test("compareMeasurements() gives nothing to chance where weights and batch are the same", () => {
  const run = (activation: number, over: Partial<Measurements> = {}) => ({
    ...network([0.3, { activation }]),
    ...over,
  });
  const moved = (other: Measurements) =>
    compareMeasurements(run(0.1), other).layers[0].figures.activation!.moved;
  assertEquals([moved(run(0.10099)), moved(run(0.1012))], [false, true]);
  const { batch } = run(0.1);
  const other = { batch: { ...batch, inputs: { ...batch.inputs, mean: 0.02 } } };
  assertEquals([moved(run(0.1012, other)), moved(run(1, other))], [false, true]);
});

Deno.test("compareMeasurements() judges shares by their amount", () => {
  const run = (saturatedFraction: number, kernel = 0.3) =>
    measurements([sized("fc", kernel, {}, { saturatedFraction })]);
  const saturated = (before: Measurements, after: Measurements) =>
    compareMeasurements(before, after).layers[0];
  // The same weights: one percentage point.
  assertEquals(saturated(run(0.5), run(0.505)).figures.saturated!.moved, false);
  assertEquals(saturated(run(0.5), run(0.52)).figures.saturated!.moved, true);
  assertEquals(saturated(run(0), run(0.01)).figures.saturated!.moved, false);
  // Another draw of 20 units: 4 sqrt(2 p (1 - p) / 20) of p about a half.
  assertEquals(saturated(run(0.5), run(0.8, 0.31)).figures.saturated!.moved, false);
  const far = saturated(run(0), run(0.99, 0.31));
  assertEquals([far.figures.saturated!.moved, Math.round(far.worst)], [true, 100]);
  const { said } = compareMeasurements(run(0), run(0.99));
  assertEquals(said, ["the saturated share of fc is 99 % and was 0 %"]);
});

Deno.test("compareMeasurements() says what no factor says: nothing, and NaN", () => {
  const before = network([0.3, { gradient: 0.1 }]);
  const gone = compareMeasurements(before, network([0.3, { gradient: 0 }]));
  assertEquals(gone.said, ["the gradients of conv1 are 0 and were 0.1"]);
  assertEquals(gone.layers[0].worst, Infinity);
  const broken = network([0.3]);
  broken.layers[0].activations!.nonFinite = 1;
  const { said, layers: [first] } = compareMeasurements(before, broken);
  assertEquals(said, ["the activations of conv1 are NaN and were 0.1"]);
  assertEquals(first.worst, Infinity);
  assertEquals(compareMeasurements(broken, structuredClone(broken)).same, true);
});

Deno.test("compareMeasurements() leaves gradients of different objectives out", () => {
  const mse = { name: "meanSquaredError", value: 1 };
  const before = network([0.3]);
  const after = { ...network([0.3, { gradient: 100, delta: 100 }]), objective: mse };
  const { gradients, said, layers } = compareMeasurements(before, after);
  assertEquals([gradients, said], [false, []]);
  assertEquals(Object.keys(layers[0].figures), ["kernel", "activation"]);
  // A sum grows with its batch, a mean does not.
  const larger = { ...before, batch: { ...before.batch, examples: 64 } };
  assertEquals(compareMeasurements(before, larger).gradients, false);
  const ofLoss = (run: Measurements) => ({ ...run, objective: mse });
  assertEquals(compareMeasurements(ofLoss(before), ofLoss(larger)).gradients, true);
});

Deno.test("compareMeasurements() names the layers that one run alone has", () => {
  const { onlyBefore, onlyAfter, same } = compareMeasurements(
    network([0.3], [0.3]),
    measurements([sized("conv1", 0.3), sized("extra", 0.3)]),
  );
  assertEquals([onlyBefore, onlyAfter, same], [["conv2"], ["extra"], false]);
});

Deno.test("compareMeasurements() refuses what measure() does not return", () => {
  const run = network([0.3]);
  // deno-lint-ignore no-explicit-any -- what a script may pass
  const wrong = { layers: 3 } as any;
  const { message } = assertThrows(() => compareMeasurements(run, wrong), TypeError);
  assert(message.startsWith("after"), message);
});

Deno.test("compareMeasurements() marks what chance explains where it prints itself", () => {
  const printed = (factor: number) =>
    Deno.inspect(compareMeasurements(network([0.3]), network([0.3 * factor])));
  assertMatch(printed(1.1), /conv1\s+x 1\.1 \(chance\)/);
  assertMatch(printed(10), /conv1\s+x 10 /);
  assert(!printed(10).includes("chance"), printed(10));
  assert(!printed(1).includes("chance"), printed(1));
});

Deno.test("compareMeasurements() names a layer as each of the runs does", () => {
  const run = (name: string) => measurements([sized(name, 0.3)]);
  const [{ before, after }] = compareMeasurements(run("dense_1"), run("dense_7")).layers;
  assertEquals([before, after], ["dense_1", "dense_7"]);
});
