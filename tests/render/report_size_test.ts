import { assert } from "@std/assert";
import type { Diagnosis } from "../../src/diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { renderText } from "../../src/render/render_text.ts";
import { layer, measurements } from "../networks/sample.ts";

const healthy: Diagnosis = { verdict: "healthy", causes: [], notes: [] };

const linesOf = (layers: LayerMeasurements[], width: number) =>
  renderText(measurements(layers), [], { width, diagnosis: healthy }).trimEnd().split("\n");

Deno.test("renderText() fits a hundred dense layers into a screen of 50 lines, 300 too", () => {
  for (const count of [100, 300]) {
    const hidden = Array.from({ length: count - 1 }, (_, i) => layer(`dense_${i + 1}`, {}));
    const layers = [...hidden, layer("head", {}, { role: "output" })];
    for (const width of [80, 100, 120]) {
      // A diagnosis of three causes takes some 15 lines more.
      const lines = linesOf(layers, width);
      assert(lines.length <= 35, `${lines.length} lines at ${width} columns`);
    }
  }
});

/** The rows of MobileNetV2: 17 blocks, of which 10 end in an addition. */
function mobileNet(): LayerMeasurements[] {
  const bare = (name: string, className: string) =>
    layer(name, {}, { className, weights: [], kind: "activation" });
  const unit = (name: string, className: string, width: number) => [
    layer(name, {}, { className, shape: [32, 8, 8, width] }),
    layer(`${name}_BN`, {}, { className: "BatchNormalization", weights: [] }),
  ];
  const blocks = Array.from({ length: 17 }, (_, i) => {
    const name = i === 0 ? "expanded_conv" : `block_${i}`;
    const width = 16 + 8 * (i >> 1);
    return [
      ...i === 0
        ? []
        : [...unit(`${name}_expand`, "Conv2D", width * 6), bare(`${name}_relu`, "ReLU")],
      ...unit(`${name}_depthwise`, "DepthwiseConv2D", width * 6),
      bare(`${name}_depthwise_relu`, "ReLU"),
      ...unit(`${name}_project`, "Conv2D", width),
      ...i % 5 > 1 ? [bare(`${name}_add`, "Add")] : [bare(`${name}_pad`, "ZeroPadding2D")],
    ];
  }).flat();
  return [
    bare("rescaling", "Rescaling"),
    bare("offset", "Rescaling"),
    bare("pad", "ZeroPadding2D"),
    ...unit("Conv1", "Conv2D", 32),
    bare("Conv1_relu", "ReLU"),
    ...blocks,
    ...unit("Conv_1", "Conv2D", 1280),
    bare("out_relu", "ReLU"),
    bare("pool", "GlobalAveragePooling2D"),
    layer("predictions", {}, { role: "output" }),
  ];
}

Deno.test("renderText() fits a network of MobileNetV2's layers into two screens of 40 lines", () => {
  const layers = mobileNet();
  assert(layers.length >= 160, `${layers.length} layers`);
  for (const width of [80, 100, 120]) {
    const lines = linesOf(layers, width);
    assert(lines.length <= 60, `${lines.length} lines at ${width} columns`);
    const text = lines.join(" ").replace(/\s+/g, " ");
    assert(text.includes("block_1 ... block_16: 16 blocks of"), text);
  }
});
