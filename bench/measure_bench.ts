/**
 * What measuring costs beside the gradients that it needs anyway: `deno run -A bench/measure_bench.ts`.
 * `measure()` and a bare `tf.variableGrads` take turns in one process.
 *
 * @module
 */
import { startEngine } from "../src/engine/mod.ts";
import { measure } from "../src/measure/mod.ts";
import { exerciseModel } from "../src/model/mod.ts";
import { median } from "./median.ts";
import { dense } from "./networks.ts";
import { printTable, type Row } from "./print_table.ts";

const engine = await startEngine();
const { tf } = engine;
const exercise = await exerciseModel({ seed: 1 });
const rows: Row[] = [];
for (
  const { name, model, input, target, passes } of [
    { ...dense(10, 512, 64), ...dense(10, 512, 64).create(tf), target: 1.15, passes: 200 },
    {
      name: "the exercise's network, batch 32",
      model: exercise,
      input: tf.randomNormal([32, 20], 0, 1, "float32", 1),
      target: 1.3,
      passes: 1000,
    },
  ]
) {
  const bare: number[] = [], measured: number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    let before = performance.now();
    const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as never));
    bare.push(performance.now() - before);
    tf.dispose([value, ...Object.values(grads)]);
    before = performance.now();
    await measure(model, { inputs: input });
    measured.push(performance.now() - before);
  }
  const [a, b] = [bare, measured].map((times) => median(times.slice(passes / 3)));
  rows.push({
    what: `measure(), ${name}`,
    against: "tf.variableGrads",
    times: [b, a],
    ratio: b / a,
    target: { most: target },
  });
}
await engine.stop();
printTable(rows);
