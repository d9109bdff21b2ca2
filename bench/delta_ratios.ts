/**
 * Distance of the delta ratios of wide random networks from mean-field theory: `deno run -A
 * bench/delta_ratios.ts [FIRST_SEED] [SEEDS]`.
 *
 * Six layers of 512 units on 64 examples. For each pair of neighbouring layers: by how much the
 * mean over the seeds of the squared ratio of deltas is off chi, the standard error of that, and
 * the spread of one draw.
 *
 * @module
 */
import { startEngine } from "../src/engine/start/start_engine.ts";
import type { Control } from "../tests/networks/controls.ts";
import { deltaRatios } from "../tests/ground/theory/delta_ratios.ts";

const from = Number(Deno.args[0] ?? 100_000);
const count = Number(Deno.args[1] ?? 40);
const seeds = Array.from({ length: count }, (_, i) => from + i);
const SIGMAS = { relu: Math.SQRT2, tanh: 1, selu: 1 };

await using engine = await startEngine();
console.log(`Seeds ${from} to ${from + count - 1}, depth 6, width 512, 64 examples.`);
console.log("| activation | layers | mean off chi | standard error | one draw |");
console.log("| --- | --- | --- | --- | --- |");
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
for (const [activation, sigma] of Object.entries(SIGMAS)) {
  const control = { activation, sigma, depth: 6, width: 512 } as Control;
  deltaRatios(engine, control, seeds).forEach((ratios, i) => {
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / count;
    const spread = Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / count);
    const error = percent(spread / Math.sqrt(count));
    console.log(
      `| ${activation} | ${i + 2} to ${i + 1} | ${percent(mean - 1)} | ${error} | ` +
        `${percent(spread)} |`,
    );
  });
}
