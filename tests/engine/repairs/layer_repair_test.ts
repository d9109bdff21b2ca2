import { installLayerRepairs, unmeasurableReason } from "../../../src/engine/ops/mod.ts";
import type { Layer } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

Deno.test("unmeasurableReason() names a transposed convolution whose dilation is ignored", async () => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  const options = { filters: 1, kernelSize: 2, name: "up" };
  assertEquals(
    unmeasurableReason(tf.layers.conv2dTranspose({ ...options, dilationRate: 2 })),
    "Layer up (Conv2DTranspose) has dilationRate [2,2], which TensorFlow.js ignores in a transposed " +
      "convolution: set it to 1, or measure another layer",
  );
  assertStringIncludes(
    unmeasurableReason(tf.layers.conv3dTranspose({ ...options, dilationRate: 3 }) as Layer)!,
    "Layer up (Conv3DTranspose)",
  );
  assertEquals(
    unmeasurableReason(tf.layers.conv2dTranspose({ ...options, dilationRate: 1 })),
    null,
  );
});

Deno.test("unmeasurableReason() names a layer that is silently wrong and that nothing repairs", async () => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  const convolution = { kernelSize: 2, name: "odd" };
  const wrong: [Layer, string][] = [
    [tf.layers.depthwiseConv2d({ ...convolution, dilationRate: 2 }), "ignores dilationRate"],
    [
      tf.layers.conv1d({ ...convolution, filters: 1, dataFormat: "channelsFirst" }),
      "returns channels last",
    ],
    [
      (() => {
        const layer = tf.layers.separableConv2d({
          ...convolution,
          filters: 1,
          dataFormat: "channelsFirst",
        });
        layer.apply(tf.input({ shape: [1, 4, 4] }));
        return layer;
      })(),
      "adds the bias along the wrong axis",
    ],
  ];
  for (const [layer, fault] of wrong) {
    assertStringIncludes(unmeasurableReason(layer)!, `Layer odd (${layer.getClassName()})`);
    assertStringIncludes(unmeasurableReason(layer)!, fault);
  }
  const takeBack = installLayerRepairs(tf);
  for (const [layer] of wrong) assertEquals(unmeasurableReason(layer), null);
  takeBack();
});

Deno.test("unmeasurableReason() is null for a layer that computes what it says", async () => {
  const tf = await onBackend("stock WASM", (tf) => tf);
  for (
    const layer of [
      tf.layers.dense({ units: 1 }),
      tf.layers.depthwiseConv2d({ kernelSize: 2 }),
      tf.layers.conv1d({ filters: 1, kernelSize: 2, dilationRate: 2 }),
      tf.layers.separableConv2d({
        filters: 1,
        kernelSize: 2,
        dataFormat: "channelsFirst",
        useBias: false,
      }),
    ]
  ) assertEquals(unmeasurableReason(layer), null, layer.getClassName());
});
