import { assert, assertEquals } from "@std/assert";
import { examine } from "../../src/diagnosis/examine/mod.ts";
import { withTreatment } from "../../src/diagnosis/with_treatment.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";

/** A network for a curve, whose kernels have this share of a healthy scale, compiled with SGD. */
function scaled(
  { layers, initializers, sequential, tensor2d, tidy, train }: TensorFlow,
  { scale, rate }: {
    scale: number;
    rate: number;
  },
) {
  const dense = (units: number, seed: number, inputs: number) =>
    layers.dense({
      units,
      activation: units === 1 ? "linear" : "tanh",
      inputShape: [inputs],
      kernelInitializer: initializers.randomNormal({ seed, stddev: scale / Math.sqrt(inputs) }),
    });
  const model = sequential({ layers: [dense(32, 1, 2), dense(32, 2, 32), dense(1, 3, 32)] });
  model.compile({ optimizer: train.sgd(rate), loss: "meanSquaredError" });
  const inputs = tidy(() =>
    tensor2d(Array.from({ length: 32 }, (_, i) => [Math.sin(7 * i), Math.cos(5 * i)]))
  );
  const targets = tidy(() => tensor2d(Array.from({ length: 32 }, (_, i) => [Math.sin(7 * i)])));
  return { model, batch: { inputs, targets } };
}

Deno.test("examine() names the cause that lets the compiled rate learn before the rate", async () => {
  await using engine = await startEngine();
  const { model, batch } = scaled(engine.tf, { scale: 0.01, rate: 0.1 });
  const { diagnosis, trial, measurements, findings } = await examine(model, batch);
  assert(trial !== null && "verdict" in trial);
  // Adam learns all the same.
  assertEquals([trial.givenVerdict, trial.verdict], ["fails", "learns"]);
  const named = diagnosis.causes.map(({ kind, severity }) => `${kind} ${severity}`);
  assertEquals(named.slice(0, 2), ["kernel-scale error", "learning-rate error"]);
  const [cause] = diagnosis.causes;
  assertEquals([diagnosis.verdict, cause.tried?.worked, cause.tried?.left], ["sick", true, 0]);
  // A saved examination shows them in the same order.
  const again = withTreatment(diagnose(measurements, findings), diagnosis);
  assertEquals(again.causes.map(({ kind }) => kind).slice(0, 2), ["kernel-scale", "learning-rate"]);
  model.dispose();
});

Deno.test("examine() names the rate alone if no fix of another cause lets it learn", async () => {
  await using engine = await startEngine();
  const { model, batch } = scaled(engine.tf, { scale: 0.01, rate: 1e-6 });
  const { diagnosis: { causes } } = await examine(model, batch);
  assertEquals(causes[0].kind, "learning-rate");
  model.dispose();
});
