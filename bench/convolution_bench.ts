/**
 * The gradients of convolutions beside their forward pass: `deno run -A bench/convolution_bench.ts`.
 * Forward pass and gradients take turns in one process; the least time counts.
 *
 * @module
 */
import { startEngine } from "../src/engine/mod.ts";
import { printTable, type Row } from "./print_table.ts";

const ROUNDS = 25;

/** Input, filter and stride. */
const CONVOLUTIONS: [[number, number, number, number], [number, number, number, number], number][] =
  [
    [[8, 32, 32, 32], [3, 3, 32, 64], 1],
    [[8, 32, 32, 32], [3, 3, 32, 64], 2],
    [[1, 28, 28, 3], [5, 5, 3, 16], 1],
    [[8, 16, 16, 128], [1, 1, 128, 64], 1],
    [[2, 16, 16, 256], [3, 3, 256, 256], 1],
  ];

const engine = await startEngine();
const { tf } = engine;
const rows: Row[] = [];
for (const [shape, window, stride] of CONVOLUTIONS) {
  const x = tf.randomNormal<import("@tensorflow/tfjs").Rank.R4>(shape);
  const filter = tf.randomNormal<import("@tensorflow/tfjs").Rank.R4>(window);
  const y = tf.conv2d(x, filter, stride, "same");
  const attributes = { strides: stride, pad: "same", dataFormat: "NHWC" };
  const run = (kernel: string, inputs: object, more: object) =>
    (tf.engine().runKernel(
      kernel,
      inputs as never,
      { ...attributes, ...more } as never,
    ) as typeof y)
      .dispose();
  const runs = [
    () => run("Conv2D", { x, filter }, { dilations: 1 }),
    () => run("Conv2DBackpropInput", { dy: y, filter }, { inputShape: shape }),
    () => run("Conv2DBackpropFilter", { x, dy: y }, { filterShape: window }),
  ];
  const least = runs.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((f, i) => {
      const before = performance.now();
      f();
      least[i] = Math.min(least[i], performance.now() - before);
    });
  }
  const name = `${shape.join("x")} * ${window.join("x")}, stride ${stride}`;
  for (const [i, gradient] of [[1, "input"], [2, "filter"]] as const) {
    rows.push({
      what: `${gradient} gradient, ${name}`,
      against: "forward",
      times: [least[i], least[0]],
      ratio: least[i] / least[0],
      ...i === 1 && { target: { most: 1.5 } },
    });
  }
  tf.dispose([x, filter, y]);
}
await engine.stop();
printTable(rows);
