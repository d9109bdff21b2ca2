import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import { judgeRule } from "../../../src/core/rules/judge_rule.ts";
import { biasesOf, looksUntrained } from "../../../src/core/rules/network/biases_of.ts";
import { gradientsFlow } from "../../../src/core/rules/signal/gradients_flow.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import {
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { normals } from "../../networks/dense_network.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const WIDTH = 40;
const numbers = (seed: number, count: number, scale: number, of = (x: number) => x) => {
  const draw = normals(seed);
  return statisticsOf(Array.from({ length: count }, () => scale * of(draw())));
};
const HE = Math.sqrt(2 / WIDTH);

/** A layer of 40 units with a kernel and a bias of these values. */
function layer(
  kernel: ReturnType<typeof statisticsOf>,
  bias: ReturnType<typeof statisticsOf>,
  trainable = false,
): Partial<LayerMeasurements> {
  const gradients = trainable ? kernel : null;
  const name = "dense_1";
  return {
    trainable,
    activation: "relu",
    weights: [
      makeWeight({
        name: `${name}/kernel`,
        shape: [WIDTH, WIDTH],
        values: kernel,
        trainable,
        gradients,
      }),
      makeWeight({ name: `${name}/bias`, shape: [WIDTH], values: bias, trainable, gradients }),
    ],
  };
}

const kernel = (scale = HE, of?: (x: number) => number) => numbers(3, WIDTH * WIDTH, scale, of);
const zeros = statisticsOf(Array(WIDTH).fill(0));
/** As training leaves it: heavier tails. */
const trained = (x: number) => Math.sign(x) * x ** 2 / Math.sqrt(3);

const kinds = (given: Partial<LayerMeasurements>) =>
  gradientsFlow.run(makeMeasurements([given, {}])).map(({ severity, kind }) =>
    `${severity} ${kind}`
  );

Deno.test("gradientsFlow warns of a frozen layer with the weights of an initialiser", () => {
  assertEquals(kinds(layer(kernel(), zeros)), ["warning frozen-untrained"]);
  const [{ message, fix }] = gradientsFlow.run(makeMeasurements([layer(kernel(), zeros), {}]));
  assertStringIncludes(message, "dense_1 is frozen, but looks untrained");
  assertStringIncludes(
    fix,
    "Load the trained weights of dense_1, or set trainable = true there",
  );
});

Deno.test("gradientsFlow lets a frozen layer be that was trained, and one that is trainable", () => {
  assertEquals(kinds(layer(kernel(HE, trained), zeros)), []);
  assertEquals(kinds(layer(kernel(), numbers(5, WIDTH, 0.1))), []);
  assertEquals(kinds(layer(kernel(1.5 * HE), zeros)), []);
  assertEquals(kinds(layer(kernel(), zeros, true)), []);
});

Deno.test("gradientsFlow fails a model that is frozen as a whole, and only that way", () => {
  const frozen = layer(kernel(), zeros);
  const all = makeMeasurements([], { layers: [makeLayer(frozen)] });
  assertEquals(gradientsFlow.run(all).map(({ kind }) => kind), ["all-frozen"]);
  assertEquals(gradientsFlow.run(all)[0].severity, "error");
});

Deno.test("looksUntrained() knows what initialisers draw", () => {
  const looks = (std: number) => looksUntrained(makeLayer(layer(kernel(std), zeros)));
  for (const std of [HE, Math.sqrt(1 / WIDTH), 0.05, 0.01]) {
    assertEquals(looks(std), true, `${std}`);
  }
  for (const std of [0.3, 0.004, 1]) assertEquals(looks(std), false, `${std}`);
});

/** Three layers whose biases are drawn with these deviations around a mean. */
const biased = (deviations: number[], mean = 0, of?: (x: number) => number) =>
  makeMeasurements(
    deviations.map((std, i) =>
      layer(kernel(HE, of), numbers(20 + i, WIDTH, std, (x) => x + mean / std), true)
    ),
  );

Deno.test("biasesOf() tells one random draw from what training made of biases", () => {
  assertEquals(biasesOf(biased([0.1, 0.1, 0.1])), "random");
  assertEquals(biasesOf(biased([0.1, 0.3, 0.1])), "moved");
  assertEquals(biasesOf(biased([0.1, 0.1, 0.1], 0.2)), "moved");
  assertEquals(biasesOf(biased([0.1, 0.1, 0.1], 0, trained)), "moved");
});

Deno.test("judgeRule() judges a network with random biases as one that was drawn", () => {
  const grown = (deviations: number[]) => {
    const measurements = biased(deviations);
    for (const { weights: [one] } of measurements.layers.slice(0, 3)) {
      const { values } = one;
      one.values = {
        ...values,
        std: 9 * values.std,
        rms: 9 * values.rms,
        meanAbs: 9 * values.meanAbs,
      };
    }
    return judgeRule(initScale, measurements).filter(({ layer }) => layer === "dense_1")
      .map(({ severity }) => severity);
  };
  assertEquals(grown([0.1, 0.1, 0.1]), ["warning"]);
  assertEquals(grown([0.1, 0.3, 0.1]), ["note"]);
});

Deno.test("biasesOf() knows PyTorch's draw of a few biases by their kernel", () => {
  const random = new SeededRandom(7, "weights");
  const limit = 1 / Math.sqrt(WIDTH);
  const uniform = (count: number, most: number) =>
    statisticsOf(Array.from({ length: count }, () => most * (2 * random.uniform() - 1)));
  const narrow = (most: number) =>
    makeMeasurements([{
      weights: [
        makeWeight({ shape: [WIDTH, 6], values: uniform(6 * WIDTH, limit) }),
        makeWeight({ name: "dense_1/bias", shape: [6], values: uniform(6, most) }),
      ],
    }]);
  assertEquals(biasesOf(narrow(limit)), "drawn");
  assertEquals(biasesOf(narrow(20 * limit)), "moved");
});
