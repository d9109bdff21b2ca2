import { assertEquals, assertThrows } from "@std/assert";
import { declareSignals } from "../../../src/core/measure/describe_pass.ts";
import { MeasureError } from "../../../src/core/measure/measure_options.ts";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { registerLayer } from "../../../src/ground/traits/layer_traits.ts";

let answer: unknown;
let asked: unknown;
registerLayer("DeclaresAnything", {
  kind: "opaque",
  moments: (...given) => {
    asked = given;
    return answer as never;
  },
});

const values = { rms: 2, mean: 1 };
const row = (name: string, className: string, more: object = {}) =>
  ({
    name,
    className,
    shape: [5, 3],
    activations: values,
    weights: [],
    ...more,
  }) as unknown as LayerMeasurements;
const dense = row("a", "Dense");
const input = { name: "x", shape: [5, 4], values: { rms: 3, mean: 0 } } as never;
const weights = [{ name: "own/kernel", shape: [3, 2], values: { rms: 0.5, mean: -0.25 } }];

/**
 * Declares a layer that reads another one and an input of the model, with the answer of its rule.
 */
function declare(more: object = {}, told: unknown = answer) {
  answer = told;
  asked = undefined;
  const own = row("own", "DeclaresAnything", { inputs: ["a"], reads: ["x"], weights, ...more });
  const [first, { declared, ...rest }] = declareSignals([dense, own], [input]);
  assertEquals(first, dense);
  assertEquals(rest, own);
  return declared;
}

const output = { meanSquare: 4, mean: 1 };

Deno.test("declareSignals() asks a rule for what was measured of its inputs and weights", () => {
  declare({}, { output, gradients: null });
  assertEquals(asked, [
    [{ meanSquare: 4, mean: 1, shape: [5, 3] }, { meanSquare: 9, mean: 0, shape: [5, 4] }],
    [{ name: "own/kernel", shape: [3, 2], meanSquare: 0.25, mean: -0.25 }],
  ]);
  declare({ inputs: [], reads: undefined }, { output, gradients: [] });
  assertEquals((asked as unknown[])[0], []);
});

Deno.test("declareSignals() keeps what a rule answers, gradients or none, and nothing else of it", () => {
  assertEquals(declare({}, { output, gradients: null }), { output, gradients: null });
  const gradients = [0, 1.5];
  const declared = declare({}, { output: { ...output, more: 1 }, gradients, more: 2 });
  assertEquals(declared, { output, gradients: [0, 1.5] });
  // The rule may later change the object that it keeps.
  gradients[1] = 7;
  assertEquals(declared!.gradients, [0, 1.5]);
  assertEquals(declare({}, null), undefined);
});

Deno.test("declareSignals() does not ask a rule where the size of an input is unknown", () => {
  const unseen = [
    { ...dense, name: "unseen", activations: null },
    { ...dense, name: "varies", shape: null },
  ];
  for (const { name } of unseen) {
    asked = undefined;
    answer = { output, gradients: null };
    const own = row("own", "DeclaresAnything", { inputs: ["a", name] });
    assertEquals(declareSignals([dense, ...unseen, own], [])[3], own);
    assertEquals(asked, undefined);
  }
});

Deno.test("declareSignals() takes answers up to what numbers can be, and refuses others", () => {
  const good = { output, gradients: [1, 1] };
  const outputs = [
    { meanSquare: 0, mean: 0 },
    { meanSquare: 1, mean: 1 },
    { meanSquare: 1, mean: -1 },
    // As far as rounding goes.
    { meanSquare: 1, mean: Math.sqrt(1 + 9e-7) },
  ];
  for (const output of outputs) assertEquals(declare({}, { ...good, output })?.output, output);
  const wrong: unknown[] = [
    undefined,
    3,
    {},
    { ...good, output: null },
    { ...good, output: 4 },
    { ...good, output: { meanSquare: 4 } },
    { ...good, output: { meanSquare: -1, mean: 0 } },
    { ...good, output: { meanSquare: Infinity, mean: 0 } },
    { ...good, output: { meanSquare: 4, mean: NaN } },
    { ...good, output: { meanSquare: 4, mean: "1" } },
    { ...good, output: { meanSquare: 1, mean: Math.sqrt(1 + 1.1e-6) } },
    { ...good, gradients: undefined },
    { ...good, gradients: [1] },
    { ...good, gradients: [1, 1, 1] },
    { ...good, gradients: [1, -1e-9] },
    { ...good, gradients: [1, NaN] },
    { ...good, gradients: { length: 2 } },
  ];
  for (const told of wrong) {
    // `undefined` stands for no answer here, not for the one before.
    answer = told;
    const { message } = assertThrows(() => declare({}, told), MeasureError);
    assertEquals(message.startsWith("moments of DeclaresAnything returned "), true, message);
    assertEquals(
      message.endsWith(
        " for own, expected { output: { meanSquare, mean }, gradients }, gradients null or 2 numbers from 0",
      ),
      true,
      message,
    );
  }
});
