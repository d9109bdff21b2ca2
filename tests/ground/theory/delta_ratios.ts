import type { Engine } from "../../../src/engine/engine.ts";
import { runPass } from "../../../src/core/measure/pass.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { meanField } from "../../../src/ground/theory/mean_field.ts";
import { buildControl, type Control } from "../../networks/controls.ts";

/**
 * Squared ratios of the l2 norms of delta, each layer over the one above it, over the mean-field chi; for
 * each pair of layers one number a seed.
 */
export function deltaRatios(
  engine: Engine,
  control: Control,
  seeds: readonly number[],
  examples = 64,
): number[][] {
  const { activation, sigma, depth } = control;
  const states = meanField(Array(depth).fill({ activation, weightVariance: sigma ** 2 }));
  const ratios = states.slice(1).map(() => [] as number[]);
  for (const seed of seeds) {
    const model = buildControl(engine.tf, control, { style: "fused", task: "sum", seed });
    const batch = randomBatch(model, { seed, examples });
    const { layers } = runPass(engine, model, batch, {});
    const signals = layers.map(({ preActivationGradients }) => preActivationGradients!.l2 ** 2);
    ratios.forEach((own, i) => own.push(signals[i] / signals[i + 1] / states[i].chi));
    engine.tf.dispose(batch.inputs);
    model.dispose();
  }
  return ratios;
}
