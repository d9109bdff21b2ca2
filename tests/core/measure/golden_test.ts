import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, type Objective, type TensorStatistics } from "../../../src/entry/measure.ts";
import { loadModel, readBatch } from "../../../src/entry/model.ts";

const GOLDEN = new URL("../../../fixtures/golden/", import.meta.url);

const TOLERANCE = 1e-5;

/** Half the spacing of float32 numbers: no deviation can be known better than the entries are. */
const FLOAT32 = 2 ** -24;

type GoldenFigure = Omit<TensorStatistics, "nonFinite" | "exponents" | "bins" | "quantiles">;

interface Golden {
  objective: Objective;
  objectiveValue: number;
  layers: ({ name: string; activation: string } & Record<GoldenName, GoldenFigure>)[];
}

type GoldenName =
  | "preActivations"
  | "activations"
  | "activationGradient"
  | "preActivationGradient"
  | "kernelGradient"
  | "biasGradient";

function assertStatistics(actual: TensorStatistics | null, golden: GoldenFigure, where: string) {
  assert(actual !== null, `${where} was not measured`);
  assertEquals(actual.nonFinite, 0, where);
  for (const name of Object.keys(golden) as (keyof GoldenFigure)[]) {
    const exact = golden[name] === 0 || name === "zeroFraction" || name === "count";
    // A mean may cancel, and a deviation be tiny, beside the entries that were rounded.
    const scale = name === "mean" ? golden.meanAbs : Math.abs(golden[name]);
    const rounding = name === "std" ? 4 * FLOAT32 * golden.rms : 0;
    const error = Math.abs(actual[name] - golden[name]);
    assert(
      exact ? error === 0 : error <= TOLERANCE * scale + rounding,
      `${where}.${name}: measured ${actual[name]}, golden ${golden[name]}`,
    );
  }
}

for (const { name, isDirectory } of Deno.readDirSync(GOLDEN)) {
  if (!isDirectory) continue;
  Deno.test(`measure() agrees with the float64 numbers of ${name}`, async () => {
    await using engine = await startEngine();
    const folder = new URL(`${name}/`, GOLDEN);
    const golden: Golden = JSON.parse(Deno.readTextFileSync(new URL("golden.json", folder)));
    const { model } = await loadModel(decodeURI(new URL("model.json", folder).pathname));
    const batch = await readBatch(decodeURI(new URL("batch.json", folder).pathname), model);
    const { objective, layers } = await measure(model, batch, { objective: golden.objective });
    assertEquals(layers.length, golden.layers.length);
    golden.layers.forEach((expected, i) => {
      const layer = layers[i];
      assertEquals(layer.name, expected.name);
      assertEquals(layer.activation, expected.activation);
      assertEquals(layer.depth, i + 1);
      assertEquals(layer.role, i === layers.length - 1 ? "output" : "hidden");
      const check = (actual: TensorStatistics | null, figure: GoldenName) =>
        assertStatistics(actual, expected[figure], `${layer.name}.${figure}`);
      check(layer.preActivations, "preActivations");
      check(layer.activations, "activations");
      check(layer.activationGradients, "activationGradient");
      check(layer.preActivationGradients, "preActivationGradient");
      check(layer.weights[0].gradients, "kernelGradient");
      check(layer.weights[1].gradients, "biasGradient");
    });
    const scale = layers.at(-1)!.activations!.l2;
    assert(Math.abs(objective.value - golden.objectiveValue) <= TOLERANCE * scale);
    model.dispose();
    engine.tf.dispose([batch.inputs, batch.targets ?? []].flat());
  });
}
