import type {
  LayerMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { gradientsFlow } from "../../../src/core/rules/signal/gradients_flow.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const zero = flat(0, 400);

Deno.test("gradientsFlow notes the shift of a normalisation whose delta cancels, and fails a silent one", () => {
  const kinds = (delta: TensorStatistics) =>
    gradientsFlow.run(makeMeasurements([{}, {
      kind: "normalization",
      className: "BatchNormalization",
      activationGradients: delta,
      preActivationGradients: null,
      weights: [
        makeWeight({ name: "norm/gamma", shape: [20] }),
        makeWeight({ name: "norm/beta", shape: [20], gradients: flat(0, 20) }),
      ],
    }, {}])).map(({ severity, kind }) => [severity, kind]);
  assertEquals(kinds(statisticsOf([1, -1])), [["note", "idle-shift"]]);
  assertEquals(kinds(zero), [["error", "zero"]]);
});

Deno.test("gradientsFlow never looks above a head, and fails all below a certain one", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const flow = (activations: number[]) =>
    gradientsFlow.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "dense_1", weights, ...silent }),
        makeHead({
          depth: 2,
          activation: "sigmoid",
          weights,
          ...silent,
          activations: statisticsOf(activations),
        }),
      ],
      objective: { name: "binaryCrossentropy", value: 7 },
    })).map(({ severity, fix }) => [severity, fix]);
  assertEquals(flow([0, 1, 1, 0]), [
    [
      "error",
      "Look at what follows dense_1: the signal is lost there, see the rule vanishing-gradients.",
    ],
    [
      "error",
      "See the rule vanishing-gradients, which says why the head lets no gradient through.",
    ],
  ]);
  assertEquals(flow([0, 0.5, 1, 0]), [
    ["warning", "See the rule vanishing-gradients, which says where the signal is lost."],
    ["error", "Check the objective and its targets: they send no gradient to the head."],
  ]);
});

Deno.test("gradientsFlow says that zeros above open after a step, but not to a layer that is zeros itself", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const fix = (values: TensorStatistics) =>
    gradientsFlow.run(makeMeasurements([], {
      layers: [
        makeLayer({ weights: [makeWeight({ name: "k", values, gradients: zero })], ...silent }),
        makeHead({ depth: 2, weights: [makeWeight({ name: "head/kernel", values: zero })] }),
      ],
    })).map(({ severity, fix }) => `${severity}: ${fix}`)[0];
  assertStringIncludes(fix(flat(0.2, 400)), "warning: Measure again after one training step");
  assertStringIncludes(fix(zero), "warning: See the rule vanishing-gradients");
});

Deno.test("gradientsFlow only warns below a head that starts at zero", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const hidden = makeLayer({ name: "dense_1", weights, ...silent });
  const head = makeHead({ depth: 2, weights: [makeWeight({ name: "h", values: flat(0, 20) })] });
  const findings = gradientsFlow.run(makeMeasurements([], { layers: [hidden, head] }));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["warning", "dense_1"]]);
});

Deno.test("gradientsFlow excuses a normalisation where it excuses a kernel, and fails it below dead units", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const kernel = makeWeight({ name: "k", gradients: zero });
  const scale = makeWeight({ name: "norm/gamma", shape: [20], gradients: flat(0, 20) });
  const norm = { name: "norm", className: "BatchNormalization", weights: [scale], depth: 1 };
  const judged = (above: Partial<LayerMeasurements>[], head = makeHead({ depth: 3 })) =>
    gradientsFlow.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "dense_1", weights: [kernel], ...silent }),
        makeLayer({ ...norm, ...silent }),
        ...above.map((layer) => makeLayer(layer)),
        head,
      ],
    })).map(({ severity, layer }) => [severity, layer]);
  const zeros = [makeWeight({ name: "h", values: flat(0, 20) })];
  const excused = [["note", "dense_1"], ["note", "norm"]];
  assertEquals(judged([], makeHead({ depth: 2, weights: zeros })), excused);
  const dead = {
    name: "relu",
    className: "ReLU",
    weights: [],
    activation: "relu",
    deadFraction: 1,
  };
  const failed = [["error", "dense_1"], ["error", "norm"]];
  assertEquals(judged([{ ...dead, preActivationGradients: zero }]), failed);
});

Deno.test("gradientsFlow only warns of what waits for a matrix of zeros in the same layer", () => {
  const found = (b: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) =>
    gradientsFlow.run(makeMeasurements([{
      className: "LoRA",
      weights: [
        makeWeight({ name: "lora/a", gradients: zero }),
        makeWeight({ name: "lora/b", values: zero, ...b }),
      ],
      ...layer,
    }, {}]));
  const [{ severity, fix }, ...others] = found({});
  assertEquals([severity, others], ["warning", []]);
  assertStringIncludes(fix, "lora/b is all zeros and has a gradient");
  for (
    const b of [
      { values: flat(0.1, 400) },
      { trainable: false, gradients: null },
      { name: "lora/bias", shape: [20], values: flat(0, 20), gradients: flat(0.1, 20) },
    ]
  ) assertEquals(found(b)[0].severity, "error");
  assertEquals(found({ gradients: zero })[0].severity, "error");
});

Deno.test("gradientsFlow only warns of a scale that is fed by a kernel of zeros", () => {
  const scale = makeWeight({ name: "scale", shape: [], gradients: flat(0, 1) });
  const found = (kernel: Partial<WeightMeasurements>) =>
    gradientsFlow.run(makeMeasurements([
      { weights: [makeWeight({ name: "k", ...kernel })] },
      { name: "scale", className: "Scale", depth: 1, weights: [scale] },
    ])).map(({ severity, layer }) => [severity, layer]);
  assertEquals(found({ values: zero }), [["warning", "scale"]]);
  assertEquals(found({}), [["error", "scale"]]);
});

/** A stem, a normalisation right after it, a branch that ends in zeros, and a tower beside them. */
function besideStem(isStemHeard: boolean) {
  const nothing = flat(0, 640);
  const silent = { activationGradients: nothing, preActivationGradients: nothing };
  const weight = (name: string, given = {}) => makeWeight({ name, gradients: nothing, ...given });
  const layers = [
    makeLayer({
      name: "stem",
      inputs: [],
      ...isStemHeard ? {} : { ...silent, weights: [weight("stem/kernel")] },
    }),
    makeLayer({ name: "tower", inputs: [] }),
    makeLayer({
      name: "norm",
      className: "BatchNormalization",
      inputs: ["stem"],
      activation: null,
      ...silent,
      weights: [weight("norm/gamma", { shape: [20] })],
    }),
    makeLayer({
      name: "end",
      depth: 2,
      inputs: ["norm"],
      weights: [makeWeight({ name: "end/kernel", values: flat(0, 400) })],
    }),
    makeHead({ depth: 3, inputs: ["end", "stem", "tower"] }),
  ];
  return makeMeasurements([], { layers });
}

Deno.test("gradientsFlow goes by what feeds a normalisation of the stem's depth", () => {
  const severityOf = (isStemHeard: boolean) =>
    gradientsFlow.run(besideStem(isStemHeard)).find(({ layer }) => layer === "norm")?.severity;
  assertEquals(severityOf(true), "warning");
  // The tower beside it is heard, but does not feed it.
  assertEquals(severityOf(false), "error");
});
