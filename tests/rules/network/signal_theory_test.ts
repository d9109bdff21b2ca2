import { startEngine } from "../../../src/engine/mod.ts";
import { randomBatch } from "../../../src/load/mod.ts";
import { measure, type Measurements } from "../../../src/measure/mod.ts";
import { renderJson } from "../../../src/render/render_json.ts";
import { parseReport } from "../../../src/render/report_document.ts";
import { networkOf } from "../../../src/rules/network/network.ts";
import { activationScale } from "../../../src/rules/signal/activation_scale.ts";
import { gradientBalance } from "../../../src/rules/signal/gradient_balance.ts";
import { signalDies } from "../../../src/rules/signal/signal_dies.ts";
import type { Finding } from "../../../src/rules/finding.ts";
import { gradientRatio } from "../../../src/rules/signal/gradient_ratio.ts";
import { makeKit } from "../../networks/signal_kit.ts";
import { HEALTHY } from "../../networks/signal_models.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine({ threads: 1 });

const RULES = [activationScale, gradientBalance, gradientRatio];
const SEEDS = 6;

/** What one draw of a network measures, its kernels multiplied by a factor. */
async function draw(name: string, seed: number, scale = 1): Promise<Measurements> {
  const { build, examples = 32, objective } = HEALTHY[name];
  const model = build(makeKit(tf, seed));
  if (scale !== 1) {
    for (const weight of model.weights) {
      const values = weight.read();
      if (values.rank < 2 || !weight.name.includes("kernel")) continue;
      (weight as unknown as { write(values: unknown): void }).write(tf.mul(values, scale));
    }
  }
  const batch = randomBatch(model, { examples, seed, objective });
  const measured = await measure(model, batch, { objective: objective as "meanSquaredError" });
  model.dispose();
  tf.dispose([batch.inputs, batch.targets ?? []]);
  return measured;
}

const judge = (measured: Measurements) => RULES.flatMap((rule) => rule.run(measured));

/** What usual initialisers explain is a warning that no assertion fails on. */
const isExcused = ({ kind }: Finding) => kind === "small" || kind === "large";

for (const name of Object.keys(HEALTHY)) {
  Deno.test(`theory predicts what ${name} measures, within its doubt, and the rules are silent`, async () => {
    const off = new Map<string, { of: number; doubt: number }[]>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const measured = await draw(name, 1000 + seed);
      assertEquals(judge(measured).filter((one) => !isExcused(one)), [], `seed ${seed}`);
      const { theory } = networkOf(measured);
      measured.layers.forEach((layer, row) => {
        const { activations, preActivationGradients, className, role } = layer;
        const figures = theory.figuresOf(layer);
        if (figures === null || role === "output") return;
        const note = (what: string, found: number, predicted: number, doubt: number) => {
          const key = `${row} ${className} ${what}`;
          off.set(key, [...off.get(key) ?? [], { of: Math.log(found / predicted), doubt }]);
        };
        note("a", activations!.rms, figures.activations, figures.doubt.activations);
        if (figures.deltas === null) return;
        note("delta", preActivationGradients!.rms, figures.deltas, figures.doubt.deltas);
      });
    }
    assert(off.size > 0);
    for (const [key, draws] of off) {
      const mean = (of: (one: typeof draws[number]) => number) =>
        draws.reduce((sum, one) => sum + of(one), 0) / draws.length;
      // What theory is off by, and what is left of the spread in the mean of so few draws.
      const limit = mean(({ doubt }) => doubt) + 0.1;
      assert(
        Math.abs(mean(({ of }) => of)) <= limit,
        `${key}: ${mean(({ of }) => of)} of ${limit}`,
      );
    }
  });
}

/** In these, normalisation makes up for kernels of any scale, or for large ones. */
const HIDES: Record<string, number[]> = {
  resnet: [100],
  preact: [100],
  mobilenet: [100],
  densenet: [0.01, 100],
  batchnorm_mlp: [100],
  layernorm_mlp: [100],
};

Deno.test("the rules warn of kernels 100 times too small or large in a network of any graph", async () => {
  for (const name of Object.keys(HEALTHY)) {
    for (const scale of [0.01, 100]) {
      if (HIDES[name]?.includes(scale)) continue;
      const measurements = await draw(name, 7, scale);
      const found = judge(measurements).filter((one) => !isExcused(one));
      const severities = new Set(found.map(({ severity }) => severity));
      const isDead = signalDies({ measurements, trained: false });
      assertEquals([...severities], [isDead ? "error" : "warning"], `${name} x ${scale}`);
    }
  }
});

Deno.test("renderJson() writes what theory predicts beside what was measured, and reads the rest back", async () => {
  const measured = await draw("lenet", 1);
  const { layers } = JSON.parse(renderJson(measured, []));
  const [first, pool] = layers;
  assertEquals(Object.keys(first.predicted), ["activations", "deltas", "doubt"]);
  assertAlmostEquals(Math.log(first.predicted.activations / first.activations.rms), 0, 0.3);
  assertAlmostEquals(
    Math.log(first.predicted.deltas / first.preActivationGradients.rms),
    0,
    0.5,
  );
  assertEquals([pool.className, pool.predicted.deltas], ["AveragePooling2D", null]);
  assertEquals(parseReport(renderJson(measured, [])).measurements, measured);
});

Deno.test("measure() says of each layer what theory needs to know of it", async () => {
  const of = async (name: string) =>
    new Map((await draw(name, 1)).layers.map((layer) => [layer.className, layer]));
  const lenet = await of("lenet");
  assertEquals(lenet.get("AveragePooling2D")!.settings, {
    window: [2, 2],
    strides: [2, 2],
    padding: "valid",
  });
  assertEquals(lenet.get("Conv2D")!.settings!.window, [5, 5]);
  assertEquals(lenet.get("Flatten")!.settings, undefined);
  assertEquals((await of("resnet")).get("BatchNormalization")!.settings, { epsilon: 1e-3 });
  const siamese = await of("siamese");
  assertEquals(siamese.get("Concatenate")!.operands, 2);
  const { layers, batch } = await draw("siamese", 1);
  assertEquals(layers[0].reads?.toSorted(), batch.perInput.map(({ name }) => name));
  assertEquals(layers[1].reads, undefined);
  const { declared } = (await of("transformer")).get("SelfAttention")!;
  assertEquals(declared!.gradients, null);
  assert(declared!.output.meanSquare > 0);
});
