import { startEngine } from "../../../src/engine/mod.ts";
import type { Layer, Tensor } from "../../../src/engine/tensorflow.ts";
import { dropTape, recordTape } from "../../../src/core/measure/keep_state.ts";
import { assertEquals, assertThrows } from "@std/assert";

const { tf } = await startEngine();

const FILTERS = 5;

type Settings = Pick<
  Parameters<typeof tf.layers.conv2d>[0],
  "activation" | "useBias" | "strides" | "padding" | "dilationRate" | "dataFormat"
>;

function conv2d(settings: Settings): Layer {
  return tf.layers.conv2d({
    filters: FILTERS,
    kernelSize: 3,
    kernelInitializer: tf.initializers.randomNormal({ seed: 1 }),
    biasInitializer: tf.initializers.randomNormal({ seed: 2 }),
    ...settings,
  });
}

/** The same of a plain convolution, whose gradient TensorFlow.js knows, and an addition. */
function plain(layer: Layer, settings: Settings, x: Tensor): Tensor {
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  const { strides = 1, padding = "valid", dilationRate = 1 } = settings;
  const first = settings.dataFormat === "channelsFirst";
  const image = first ? tf.transpose(x, [0, 2, 3, 1]) : x;
  const y = tf.conv2d(
    image as never,
    kernel as never,
    strides as number,
    padding as "same",
    "NHWC",
    dilationRate as number,
  );
  const z = bias === undefined ? y as Tensor : tf.add(y, bias) as Tensor;
  const { activation } = layer as unknown as { activation: { apply(z: Tensor): Tensor } };
  return activation.apply(first ? tf.transpose(z, [0, 3, 1, 2]) : z);
}

const CASES: Settings[] = [
  ...(["linear", "relu", "elu", "tanh", "softmax"] as const).flatMap((activation) => [
    { activation, useBias: true },
    { activation, useBias: false },
  ]),
  { activation: "relu", strides: 2, padding: "same" },
  { activation: "relu", dilationRate: 2 },
  { activation: "relu", dilationRate: 2, padding: "same", useBias: false },
  { activation: "relu", dataFormat: "channelsFirst" },
];

for (const settings of CASES) {
  Deno.test(`Conv2D gives the bits of its parts: ${JSON.stringify(settings)}`, () => {
    const layer = conv2d(settings);
    const shape = settings.dataFormat === "channelsFirst" ? [3, 2, 9, 8] : [3, 9, 8, 2];
    const x = tf.randomNormal(shape, 0, 1, "float32", 3);
    const own = (x: Tensor) => layer.apply(x) as Tensor;
    const coefficients = tf.randomNormal(own(x).shape, 0, 1, "float32", 4);
    const variables = layer.weights.map((weight) => weight.read()) as never[];
    const of = (run: (x: Tensor) => Tensor) => {
      const scalar = (x: Tensor) => tf.sum(tf.mul(run(x), coefficients)) as never;
      const { value, grads } = tf.variableGrads(() => scalar(x), variables);
      return [value, tf.grad(scalar)(x), ...Object.values(grads)].map((tensor) =>
        Array.from(tensor.dataSync())
      );
    };
    assertEquals(of(own), of((x) => plain(layer, settings, x)));
    layer.dispose();
  });
}

Deno.test("Conv2D puts the convolution and the activation on the tape, and nothing else", () => {
  for (const [useBias, kernel] of [[true, "FusedConv2D"], [false, "Conv2D"]] as const) {
    const layer = conv2d({ activation: "relu", useBias });
    const x = tf.randomNormal([2, 6, 6, 1]);
    layer.apply(x);
    const tape = recordTape(tf, () => layer.apply(x) as Tensor);
    assertEquals(tape.map(({ kernelName }) => kernelName), [kernel, "Relu"]);
    dropTape(tf);
    layer.dispose();
  }
});

Deno.test("Conv2D does not compute the gradient of an input that nobody asks for", () => {
  const layer = conv2d({ activation: "linear" });
  const x = tf.randomNormal([2, 6, 6, 1]);
  layer.apply(x);
  const run: string[] = [];
  const engine = tf.engine();
  const before = engine.runKernel;
  const runKernel = before.bind(engine);
  engine.runKernel = (name, inputs, attributes) => {
    run.push(name);
    return runKernel(name, inputs, attributes);
  };
  try {
    const { grads, value } = tf.variableGrads(() => tf.sum(layer.apply(x) as Tensor) as never);
    tf.dispose([value, ...Object.values(grads)]);
  } finally {
    engine.runKernel = before;
  }
  assertEquals(run.filter((name) => name.startsWith("Conv2DBackprop")), ["Conv2DBackpropFilter"]);
  layer.dispose();
});

Deno.test("Conv2D has a gradient of its gradient", () => {
  const layer = conv2d({ activation: "tanh" });
  const x = tf.randomNormal([2, 6, 5, 2], 0, 1, "float32", 5);
  layer.apply(x);
  const second = (run: (x: Tensor) => Tensor) => {
    const slope = tf.grad((x) => tf.sum(tf.square(run(x))));
    return Array.from(tf.grad((x) => tf.sum(tf.square(slope(x))))(x).dataSync());
  };
  assertEquals(second((x) => layer.apply(x) as Tensor), second((x) => plain(layer, {}, x)));
  layer.dispose();
});

Deno.test("Conv2D refuses whole numbers as TensorFlow.js does, and FusedConv2D differentiates no activation", () => {
  const layer = conv2d({ dilationRate: 2 });
  layer.apply(tf.ones([1, 6, 6, 1]));
  const whole = tf.ones([1, 6, 6, 1], "int32");
  for (const run of [() => layer.apply(whole), () => recordTape(tf, () => layer.apply(whole))]) {
    assertThrows(run, Error, "must be float32 tensor, but got int32 tensor");
  }
  const x = tf.ones([1, 3, 3, 1]), filter = tf.ones([2, 2, 1, 1]), bias = tf.ones([1]);
  const attributes = {
    strides: 1,
    pad: "valid",
    dilations: 1,
    dataFormat: "NHWC",
    activation: "relu",
  };
  assertThrows(
    () => tf.grad((x) => tf.engine().runKernel("FusedConv2D", { x, filter, bias }, attributes))(x),
    Error,
    'The gradient of FusedConv2D is that of a linear one, found "relu"',
  );
  layer.dispose();
});
