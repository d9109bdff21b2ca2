import { toldMeasurements } from "./told_theory.ts";
import { assertEquals } from "@std/assert";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { explodingGradients } from "../../../src/core/rules/signal/exploding_gradients.ts";
import { gradientBalance } from "../../../src/core/rules/signal/gradient_balance.ts";
import { gradientRatio } from "../../../src/core/rules/signal/gradient_ratio.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { architecture } from "../../../src/core/rules/weights/architecture.ts";
import { sharedDraws } from "../../../src/core/rules/weights/symmetry.ts";
import { branchScales } from "../../../src/core/rules/network/network.ts";
import { Graph } from "../../../src/core/rules/network/graph.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";

/** Layer without weights. */
const part = (
  name: string,
  kind: LayerMeasurements["kind"],
  inputs: string[],
  given: Partial<LayerMeasurements> = {},
) => makeLayer({ name, className: name, kind, inputs, activation: null, weights: [], ...given });

const targets = [{ name: "y", shape: [32, 1], values: flat(1, 32), unitMeans: [0] }];

/** Measurements of layers under a loss. */
function underLoss(layers: LayerMeasurements[]) {
  const { batch, ...rest } = makeMeasurements([], { layers });
  return { ...rest, batch: { ...batch, targets } };
}

const said = (findings: readonly { severity: string; kind?: string; layer: string | null }[]) =>
  findings.map(({ severity, kind, layer }) => `${severity} ${kind} ${layer}`);

Deno.test("a large entry of a gradient is a note before a normalisation, and a warning elsewhere", () => {
  const judged = (next: LayerMeasurements["kind"], other = 1) =>
    said(explodingGradients.run(underLoss([
      makeLayer({ name: "conv", inputs: [], weights: [makeWeight({ gradients: flat(71, 400) })] }),
      part("next", next, ["conv"]),
      makeLayer({
        name: "fc",
        inputs: ["next"],
        depth: 2,
        weights: [makeWeight({ name: "fc/kernel", gradients: flat(other, 400) })],
      }),
      makeHead({ inputs: ["fc"], depth: 3 }),
    ])));
  assertEquals(judged("normalization"), ["note entry conv"]);
  assertEquals(judged("passesOn"), ["warning entry conv"]);
  // The largest of those that count is named.
  assertEquals(judged("normalization", 70.5), ["warning entry fc"]);
});

/** Embedding of tiny outputs, which a layer of this kind reads. */
const embedded = (next: LayerMeasurements["kind"], size = 1e-4) =>
  makeMeasurements([], {
    layers: [
      makeLayer({
        name: "table",
        inputs: [],
        preActivations: flat(size, 640),
        preActivationGradients: flat(2e4, 640),
      }),
      part("norm", next, ["table"]),
      makeLayer({
        name: "body",
        inputs: ["norm"],
        depth: 2,
        preActivationGradients: flat(1, 640),
      }),
      makeHead({ inputs: ["body"], depth: 3 }),
    ],
  });

Deno.test("growth at a table that is drawn small is undone before a normalisation alone", () => {
  const judged = (...given: Parameters<typeof embedded>) =>
    said(explodingGradients.run(embedded(...given)));
  assertEquals(judged("normalization"), []);
  assertEquals(judged("passesOn"), ["error path-ratio table"]);
  assertEquals(judged("normalization", 0.2), ["error path-ratio table"]);
});

Deno.test("explodingGradients leaves the kernels of a gate out of the path, and no others", () => {
  const judged = (activation: string, product = "Multiply") =>
    said(explodingGradients.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "body", inputs: [], preActivationGradients: flat(2000, 640) }),
        makeLayer({
          name: "next",
          inputs: ["body"],
          depth: 2,
          preActivationGradients: flat(300, 640),
        }),
        makeLayer({
          name: "gate",
          inputs: ["next"],
          depth: 3,
          activation,
          preActivationGradients: flat(1, 640),
        }),
        part("times", "merge", ["next", "gate"], { className: product, depth: 3 }),
        makeHead({ inputs: ["times"], depth: 4 }),
      ],
    })));
  assertEquals(judged("sigmoid"), []);
  assertEquals(judged("softmax"), []);
  assertEquals(judged("relu"), ["error path-ratio body"]);
  // The weights of an attention are not a gate.
  assertEquals(judged("softmax", "Dot"), ["error path-ratio body"]);
});

/** Two branches as CaiT ends: a token to which scaled attentions over the patches are added. */
function decoder(end: "selects" | "passesOn", factor = 1e-5): LayerMeasurements[] {
  const scale = (name: string, from: string) =>
    part(name, "rescaling", [from], {
      className: "LayerScale",
      weights: [makeWeight({ name: "gamma", shape: [5], values: flat(factor, 5) })],
    });
  return [
    makeLayer({ name: "patches", inputs: [], preActivationGradients: flat(1e-5, 640) }),
    makeLayer({ name: "first", inputs: ["patches"], preActivationGradients: flat(1e-5, 640) }),
    scale("scale_1", "first"),
    part("shift", "merge", ["scale_1"], { className: "shift" }),
    part("tokens", "concatenation", ["shift", "patches"]),
    makeLayer({ name: "second", inputs: ["tokens"], preActivationGradients: flat(1e-5, 640) }),
    scale("scale_2", "second"),
    part("sum", "addition", ["shift", "scale_2"]),
    part("all", "concatenation", ["sum", "patches"]),
    part("norm", "normalization", ["all"]),
    part("end", end, ["norm"]),
    makeHead({ inputs: ["end"], depth: 2 }),
  ];
}

Deno.test("branchScales() follows the strongest path, and none through a part that is cut off", () => {
  const scalesOf = (layers: LayerMeasurements[]) => {
    const scales = branchScales(layers, new Graph(layers));
    return ["patches", "first", "second", "sum"].map((name) =>
      scales.get(layers.find((layer) => layer.name === name)!) ?? 1
    );
  };
  assertEquals(scalesOf(decoder("selects")), [1e-5, 1e-5, 1e-5, 1]);
  assertEquals(scalesOf(decoder("passesOn")), [1, 1e-5, 1e-5, 1]);
  assertEquals(scalesOf(decoder("selects", 1.01)), [1, 1, 1, 1]);
});

Deno.test("branchScales() follows a scale through a linear Activation, and through no other", () => {
  const scaleOf = (activation: string) => {
    const layers = [
      makeLayer({ name: "stem", inputs: [] }),
      makeLayer({ name: "branch", inputs: ["stem"], depth: 2 }),
      part("scale", "rescaling", ["branch"], {
        className: "LayerScale",
        weights: [makeWeight({ name: "gamma", shape: [5], values: flat(1e-5, 5) })],
      }),
      part("drop", "activation", ["scale"], { className: "Activation", activation }),
      part("sum", "addition", ["stem", "drop"]),
      makeHead({ inputs: ["sum"], depth: 3 }),
    ];
    return branchScales(layers, new Graph(layers)).get(layers[1]);
  };
  assertEquals(scaleOf("linear"), 1e-5);
  assertEquals(scaleOf("relu"), undefined);
});

Deno.test("initScale leaves a kernel before a joint normalisation alone, but not one that is added", () => {
  const judged = (joins: LayerMeasurements["kind"]) =>
    said(initScale.run(makeMeasurements([], {
      layers: ["a", "b"].map((name) =>
        makeLayer({
          name,
          inputs: [],
          weights: [makeWeight({
            name: `${name}/kernel`,
            shape: [20, 20],
            values: { ...flat(3, 400), std: 3, mean: 0 },
          })],
        })
      ).concat(
        part("joined", joins, ["a", "b"]),
        part("norm", "normalization", ["joined"]),
        makeHead({ inputs: ["norm"], depth: 2 }),
      ),
    }))).filter((one) => /[ab]$/.test(one) && one.includes("large"));
  assertEquals(judged("concatenation"), []);
  assertEquals(judged("merge").length > 0, true);
});

Deno.test("a zero head is a note where a normalisation keeps the signal below it, else a warning", () => {
  const zero = flat(0, 640);
  const judged = (kind: LayerMeasurements["kind"], name = "dense_2") =>
    said(vanishingGradients.run(makeMeasurements([], {
      layers: [
        makeLayer({
          name: "dense_1",
          inputs: [],
          activationGradients: zero,
          preActivationGradients: zero,
        }),
        part("norm", kind, ["dense_1"], { activationGradients: zero }),
        makeLayer({
          name,
          activationGradients: zero,
          inputs: ["norm"],
          depth: 2,
          preActivationGradients: zero,
          ...name === "zeros" ? { weights: [makeWeight({ values: flat(0, 400) })] } : {},
        }),
        makeHead({
          inputs: [name],
          depth: 3,
          weights: [
            makeWeight({ name: "head/kernel", values: flat(0, 20), gradients: flat(1, 20) }),
          ],
        }),
      ],
    }))).map((one) => one.split(" ").slice(0, 2).join(" "));
  assertEquals(judged("normalization"), ["note zero-head"]);
  assertEquals(judged("passesOn"), ["warning zero-head"]);
  // Zeros below a zero head may never move.
  assertEquals(judged("normalization", "zeros"), ["warning zero-head"]);
});

Deno.test("sharedDraws() passes over scales, which start with the same numbers by design", () => {
  const values = { ...flat(0.5, 20), std: 0.2, mean: 0.4, zeroFraction: 0 };
  const pair = (kind: LayerMeasurements["kind"]) =>
    ["a", "b"].map((name) =>
      part(name, kind, [], { weights: [makeWeight({ name: `${name}/w`, shape: [1, 20], values })] })
    );
  const scales = pair("rescaling");
  const dense = pair("dense");
  assertEquals(sharedDraws(scales, scales), []);
  assertEquals(said(sharedDraws(dense, dense)), ["warning shared-draw a"]);
});

Deno.test("architecture takes a pointwise and a depthwise kernel for one convolution, in either order", () => {
  const judged = (shape: number[]) =>
    said(architecture.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "first", inputs: [], activation: "linear" }),
        makeLayer({
          name: "second",
          className: "Conv2d",
          kind: "convolution",
          inputs: ["first"],
          depth: 2,
          activation: "relu",
          kernelLayout: "einsum oiii",
          shape: [32, 20, 4, 4],
          weights: [makeWeight({ name: "second.weight", shape })],
        }),
        makeHead({ inputs: ["second"], depth: 3 }),
      ],
    }))).filter((one) => one.includes("no-activation"));
  assertEquals(judged([20, 1, 3, 3]), []);
  assertEquals(judged([20, 20, 3, 3]), ["warning no-activation first"]);
});

/**
 * Two dense layers and one between them that may normalise; the squared delta is that of the first.
 */
function told(square: number, between: LayerMeasurements["kind"], predicted: number) {
  const rows = [
    makeLayer({
      name: "a",
      inputs: [],
      activation: "linear",
      preActivationGradients: flat(Math.sqrt(square / 640), 640),
      weights: [makeWeight({ name: "a/kernel", shape: [128, 128] })],
    }),
    part("between", between, ["a"]),
    makeLayer({
      name: "b",
      inputs: ["between"],
      depth: 2,
      preActivationGradients: flat(Math.sqrt(1 / 640), 640),
    }),
  ];
  const says = { a: { delta: predicted }, b: { delta: 1 } };
  return toldMeasurements(rows, { critical: [says], local: says });
}

Deno.test("gradientBalance wants deltas that are apart, of kernels whose scale no normalisation absorbs", () => {
  const judged = (...given: Parameters<typeof told>) =>
    said(gradientBalance.run(told(...given))).length;
  assertEquals([judged(26, "passesOn", 0.02), judged(24, "passesOn", 0.02)], [1, 0]);
  assertEquals([judged(1e4, "passesOn", 1), judged(1e4, "normalization", 1)], [1, 0]);
});

Deno.test("gradientRatio passes over a kernel right before a normalisation", () => {
  const judged = (between: LayerMeasurements["kind"]) =>
    said(gradientRatio.run(told(1e4, between, 1))).filter((one) => one.endsWith(" a"));
  assertEquals([judged("passesOn"), judged("normalization")], [["warning too-large a"], []]);
});
