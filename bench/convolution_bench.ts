/**
 * The gradients of convolutions beside their forward pass, in turns in one process; the least time counts.
 *
 * @module
 */
import type { Rank } from "@tensorflow/tfjs";
import { startEngine } from "../src/engine/mod.ts";
import type { TensorFlow } from "../src/engine/tensorflow.ts";
import { leastTime } from "./costs.ts";
import type { Row } from "./row.ts";

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

/** Both gradients of each convolution over its forward pass. */
export async function rows(): Promise<Row[]> {
  await using engine = await startEngine();
  return CONVOLUTIONS.flatMap((convolution) => rowsOf(engine.tf, convolution));
}

function rowsOf(tf: TensorFlow, [shape, window, stride]: typeof CONVOLUTIONS[number]): Row[] {
  const x = tf.randomNormal<Rank.R4>(shape);
  const filter = tf.randomNormal<Rank.R4>(window);
  const y = tf.conv2d(x, filter, stride, "same");
  const attributes = { strides: stride, pad: "same", dataFormat: "NHWC" };
  const run = (kernel: string, inputs: object, more: object) => () =>
    (tf.engine().runKernel(
      kernel,
      inputs as never,
      { ...attributes, ...more } as never,
    ) as typeof y)
      .dispose();
  const runs = [
    run("Conv2D", { x, filter }, { dilations: 1 }),
    run("Conv2DBackpropInput", { dy: y, filter }, { inputShape: shape }),
    run("Conv2DBackpropFilter", { x, dy: y }, { filterShape: window }),
  ];
  const least = runs.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((f, i) => least[i] = Math.min(least[i], leastTime(1, f)));
  }
  tf.dispose([x, filter, y]);
  const name = `${shape.join("x")} * ${window.join("x")}, stride ${stride}`;
  const [forward, ofInput, ofFilter] = least;
  const against = { what: "forward", figure: forward };
  return [
    {
      what: `input gradient, ${name}`,
      figure: ofInput,
      unit: "ms",
      against,
      target: { of: "ratio", most: 1.5 },
    },
    { what: `filter gradient, ${name}`, figure: ofFilter, unit: "ms", against },
  ];
}
