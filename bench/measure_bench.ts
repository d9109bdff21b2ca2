/**
 * Cost of measuring. On a network whose time is arithmetic, `measure()` and the bare gradients that
 * it needs anyway take turns in one process. On the exercise's network, whose time is JavaScript, a
 * ratio of the two says little: when what TensorFlow.js does around each kernel was shortened, the
 * gradients took 0.24 ms and not 0.62, `measure()` 0.58 and not 1.1 (2-core Xeon, Deno 2.9.6),
 * which would be a loss. So the target is in milliseconds, and the row is held against what a
 * program pays for the gradients alone without this module.
 *
 * @module
 */
import type { Engine } from "../src/engine/engine.ts";
import { startEngine } from "../src/engine/mod.ts";
import { measure } from "../src/entry/measure.ts";
import { exerciseModel } from "../src/entry/model.ts";
import type { LayersModel, Tensor } from "../src/engine/tensorflow.ts";
import { dense, exercise } from "./networks.ts";
import type { Row } from "./row.ts";
import { timeNetwork } from "./time_network.ts";

/** Rounds, and passes of each kind in a round. */
const ROUNDS = 8, PASSES = 120;

/** The least milliseconds of `measure()` and of bare gradients in turns. */
async function timeBoth(
  { tf }: Engine,
  { model, input }: { model: LayersModel; input: Tensor },
  passes: number,
): Promise<{ bare: number; measured: number }> {
  let bare = Infinity, measured = Infinity;
  for (let pass = 0; pass < passes; pass++) {
    let before = performance.now();
    const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as never));
    bare = Math.min(bare, performance.now() - before);
    tf.dispose([value, ...Object.values(grads)]);
    before = performance.now();
    await measure(model, { inputs: input });
    measured = Math.min(measured, performance.now() - before);
  }
  return { bare, measured };
}

/** `measure()` over the gradients that it needs, and over stock's. */
export async function rows(): Promise<Row[]> {
  await using engine = await startEngine();
  const wide = dense(10, 512, 64);
  const arithmetic = await timeBoth(engine, wide.create(engine.tf), 200);
  const small = { model: exerciseModel({ seed: 1 }), input: exercise.create(engine.tf).input };
  let measured = Infinity, bare = Infinity, stock = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    stock = Math.min(stock, await timeNetwork("exercise", "stock", 400));
    const both = await timeBoth(engine, small, PASSES);
    measured = Math.min(measured, both.measured);
    bare = Math.min(bare, both.bare);
  }
  const what = `measure(), ${exercise.name}`;
  return [
    {
      what: `measure(), ${wide.name}`,
      figure: arithmetic.measured,
      unit: "ms",
      against: { what: "gradients alone", figure: arithmetic.bare },
      target: { of: "ratio", most: 1.15 },
    },
    {
      what,
      figure: measured,
      unit: "ms",
      against: { what: "gradients alone, stock WASM", figure: stock },
      target: { of: "figure", most: 0.6 },
    },
    {
      what: `gradients alone, ${exercise.name}`,
      figure: bare,
      unit: "ms",
      against: { what: "gradients alone, stock WASM", figure: stock },
    },
  ];
}
