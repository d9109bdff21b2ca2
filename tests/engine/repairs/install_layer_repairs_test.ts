import { installLayerRepairs } from "../../../src/engine/ops/mod.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { ndArray } from "../../conformance/reference/mod.ts";
import type { Row } from "../../conformance/row.ts";
import { ROWS } from "../../conformance/rows/mod.ts";
import { runRow } from "../../conformance/run_row.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";

const rowOf = (subject: string, options: RegExp): Row =>
  ROWS.find((row) => row.subject === subject && options.test(row.options))!;

const autoencoder = rowOf("embedding", /an lstm, a repeatVector and a simpleRNN/);

/** Returns the output of a model that is not called itself, without gradients. */
const runBy = (run: (tf: TensorFlow, model: LayersModel, x: Tensor) => unknown): Row => ({
  ...autoencoder,
  discrete: true,
  call: (tf, layer, [x]) => run(tf, layer as unknown as LayersModel, x) as Tensor,
});

/** The mean of the squares of the outputs, by what `fit` or `evaluate` runs. */
const lossBy = (run: (model: Functions, data: Tensor[]) => Tensor[]): Row => ({
  ...runBy((tf, model, x) => {
    model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
    const data = [x, tf.zeros([2, 3])];
    return tf.add(tf.zeros(data[1].shape), run(model as unknown as Functions, data)[0]);
  }),
  reference(...args) {
    const [{ shape, data }] = [autoencoder.reference(...args)].flat();
    return ndArray(shape, () => data.reduce((sum, y) => sum + y * y, 0) / data.length);
  },
});

interface Functions {
  makeTrainFunction(): (data: Tensor[]) => Tensor[];
  makeTestFunction(): void;
  testFunction(data: Tensor[]): Tensor[];
}

/** For every repaired method: a row that a layer without the repair fails, whatever its kernels. */
const CASES: Record<string, Row> = {
  "AlphaDropout.call": rowOf("alphaDropout", /training/),
  "BatchNormalization.call": rowOf("batchNormalization", /scale false.*training/),
  "Bidirectional.apply": rowOf("bidirectional", /with an initial state/),
  "CategoryEncoding.computeOutputShape": {
    ...rowOf("categoryEncoding", /outputMode multiHot/),
    create: (tf) => {
      const layer = tf.layers.categoryEncoding({ numTokens: 4 });
      const shape = [2, 3];
      layer.computeOutputShape(shape);
      // The shape belongs to whoever asked.
      return (shape[1] === 3 ? layer : tf.layers.flatten()) as never;
    },
  },
  "CenterCrop.call": rowOf("centerCrop", /height 2, width 2/),
  "CenterCrop.computeOutputShape": {
    ...rowOf("centerCrop", /height 2, width 2/),
    discrete: true,
    create: (tf) => {
      const layer = tf.layers.centerCrop({ height: 2, width: 2 });
      const shape = [2, 4, 6, 2];
      layer.computeOutputShape(shape);
      return (shape[1] === 4 ? layer : tf.layers.flatten()) as never;
    },
  },
  "Container.call": autoencoder,
  "Conv1D.call": rowOf("conv1d", /padding causal/),
  "Conv1D.computeOutputShape": { ...rowOf("conv1d", /padding causal/), discrete: true },
  "Conv2D.call": rowOf("conv2d", /dilationRate 2/),
  "ConvLSTM2DCell.inputConv": rowOf("convLstm2d", /channelsFirst/),
  "ConvLSTM2DCell.recurrentConv": rowOf("convLstm2d", /channelsFirst/),
  "DepthwiseConv2D.call": rowOf("depthwiseConv2d", /dilationRate/),
  "DepthwiseConv2D.computeOutputShape": rowOf("depthwiseConv2d", /dilationRate 2/),
  "Layer.apply": autoencoder,
  "LayerNormalization.call": rowOf("layerNormalization", /scale false/),
  "Merge.computeMask": rowOf("add", /masked/),
  "Model.execute": runBy((_tf, model, x) => {
    const { outputs } = model as unknown as { outputs: { name: string }[] };
    return (model as unknown as { execute(x: Tensor, name: string): Tensor })
      .execute(x, outputs[0].name);
  }),
  "Model.makeTestFunction": lossBy((model, data) => {
    model.makeTestFunction();
    return model.testFunction(data);
  }),
  "Model.makeTrainFunction": lossBy((model, data) => model.makeTrainFunction()(data)),
  "Model.predictLoop": runBy((_tf, model, x) => model.predict(x)),
  "RNN.apply": rowOf("lstm", /with an initial state, under/),
  "RandomWidth.call": rowOf("randomWidth", /bilinear/),
  "RandomWidth.computeOutputShape": rowOf("randomWidth", /bilinear/),
  "Resizing.call": rowOf("resizing", /height 5/),
  "Resizing.computeOutputShape": rowOf("resizing", /height 5/),
  "SeparableConv2D.call": { ...rowOf("separableConv2d", /channelsFirst$/), discrete: true },
  "Softmax.call": rowOf("softmax", /axis 2/),
};

/** The class that a case names, and whether its method is its own. */
function method(tf: TensorFlow, name: string) {
  const [className, key] = name.split(".");
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const bases: Record<string, unknown> = {
    Container: Object.getPrototypeOf(tf.LayersModel),
    Layer: tf.layers.Layer,
    Merge: Object.getPrototypeOf(classNameMap.Add[0]),
  };
  const layerClass = (bases[className] ?? classNameMap[className][0]) as {
    // deno-lint-ignore no-explicit-any -- methods of layers have as many signatures as there are layers
    prototype: any;
  };
  return { prototype: layerClass.prototype, key };
}

Deno.test("installLayerRepairs() repairs every method, and only for as long as it is asked to", async (t) => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  const before = Object.keys(CASES).map((name) => {
    const { prototype, key } = method(tf, name);
    return Object.getOwnPropertyDescriptor(prototype, key);
  });
  await onBackend("this engine", async (tf) => {
    for (const [name, row] of Object.entries(CASES)) {
      await t.step(name, () => {
        const repaired = runRow(tf, row);
        assertEquals(repaired.status, "ok", repaired.detail);
        // The kernels stay: it is the layer that is wrong.
        const { prototype, key } = method(tf, name);
        const ours = Object.getOwnPropertyDescriptor(prototype, key)!;
        const stock = before[Object.keys(CASES).indexOf(name)];
        delete prototype[key];
        if (stock) Object.defineProperty(prototype, key, stock);
        try {
          assertNotEquals(runRow(tf, row).status, "ok", "right without the repair");
        } finally {
          Object.defineProperty(prototype, key, ours);
        }
      });
    }
  });
  Object.keys(CASES).forEach((name, i) => {
    const { prototype, key } = method(tf, name);
    assertEquals(Object.getOwnPropertyDescriptor(prototype, key), before[i], name);
  });
});

Deno.test("installLayerRepairs() repairs until the last one takes back, in any order", async () => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  const { prototype } = method(tf, "Softmax.call");
  const stock = prototype.call;
  for (const order of [[0, 1], [1, 0]]) {
    const takeBack = [installLayerRepairs(tf), installLayerRepairs(tf)];
    const repaired = prototype.call;
    assertNotEquals(repaired, stock);
    takeBack[order[0]]();
    takeBack[order[0]]();
    assertStrictEquals(prototype.call, repaired, "the other still wants it");
    takeBack[order[1]]();
    assertStrictEquals(prototype.call, stock);
  }
});

Deno.test("installLayerRepairs() leaves a method that someone put over its own", async () => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  const { prototype } = method(tf, "Softmax.call");
  const stock = prototype.call;
  const takeBack = installLayerRepairs(tf);
  assertNotEquals(prototype.call, stock);
  const theirs = () => tf.scalar(0);
  prototype.call = theirs;
  takeBack();
  assertStrictEquals(prototype.call, theirs);
  prototype.call = stock;
});

Deno.test("installLayerRepairs() leaves layers alone that need no repair", async () => {
  await onBackend("this engine", (tf) => {
    // The stock path of Dense and Conv2D is fused: one kernel, which a composition would not be.
    const layer = tf.layers.conv2d({ filters: 2, kernelSize: 2, activation: "relu" });
    const x = tf.ones([1, 3, 3, 1]);
    tf.dispose(layer.apply(x) as Tensor);
    const kernels: string[] = [];
    const engine = tf.engine() as unknown as { runKernelFunc(params: object): unknown };
    const original = engine.runKernelFunc;
    engine.runKernelFunc = function (params) {
      kernels.push((params as { kernelName?: string }).kernelName ?? "");
      return original.call(this, params);
    };
    try {
      tf.dispose(layer.apply(x) as Tensor);
    } finally {
      delete (engine as Partial<typeof engine>).runKernelFunc;
    }
    assert(kernels.includes("FusedConv2D"), kernels.join());
    layer.dispose();
    x.dispose();
  });
});

Deno.test("installLayerRepairs() draws orthogonal kernels as before, and writes nothing to the console", async () => {
  const draw = (tf: TensorFlow) => {
    const { warn } = console;
    const said: string[] = [];
    console.warn = (text: string) => said.push(text);
    try {
      const initializer = tf.initializers.orthogonal({ gain: 1, seed: 3 });
      const kernel = initializer.apply([23, 92]);
      const values = [...kernel.dataSync()];
      kernel.dispose();
      return { said: said.length, values, initializer };
    } finally {
      console.warn = warn;
    }
  };
  await onBackend("stock WASM", (tf) => {
    const stock = draw(tf);
    assertEquals(stock.said, 1, "TensorFlow.js says something");
    const takeBack = installLayerRepairs(tf);
    const ours = draw(tf);
    takeBack();
    assertEquals(ours.said, 0);
    ours.values.forEach((value, i) => assertAlmostEquals(value, stock.values[i], 1e-6));
    assertEquals({ ...ours.initializer }, { ...stock.initializer });
    assertEquals(draw(tf).said, 1, "taken back");
  });
});
