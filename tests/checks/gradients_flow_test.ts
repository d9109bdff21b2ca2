import { assertEquals, assertStringIncludes } from "@std/assert";
import { gradientsFlow } from "../../src/checks/rules/gradients_flow.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../src/measure/measurements.ts";
import type { TensorStatistics } from "../../src/measure/tensor_statistics.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "./make_measurements.ts";

const zero = flat(0, 400);

function judge(weight: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight({ name: "k", ...weight })];
  return gradientsFlow.check(makeMeasurements([{ weights, ...layer }, {}]));
}

Deno.test("gradientsFlow passes a gradient however small, and an absent one of a frozen weight", () => {
  assertEquals(judge({ gradients: flat(1e-30, 400) }), []);
  assertEquals(judge({ gradients: null, trainable: false }), []);
});

Deno.test("gradientsFlow fails a trainable weight without a gradient and says why", () => {
  const [finding, ...others] = judge({
    gradients: null,
    absent: { gradients: "the weight is not on the objective's path" },
  });
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["error", "dense_1"]);
  assertStringIncludes(finding.message, "k has no gradient: the weight is not on");
});

Deno.test("gradientsFlow fails an all-zero gradient and tells silent inputs from a silent delta", () => {
  const [fed] = judge({ gradients: zero });
  assertEquals(fed.severity, "error");
  assertEquals(
    fed.advice,
    "The delta of dense_1 is not 0, so everything it is fed is 0: look at the layers before it.",
  );
  const [dead] = judge({ gradients: zero }, { preActivationGradients: zero });
  assertStringIncludes(dead.advice, "Look at dense_1: the signal is lost there");
  const unsent = { preActivationGradients: zero, activationGradients: zero };
  assertStringIncludes(judge({ gradients: zero }, unsent)[0].advice, "at what follows dense_1");
});

Deno.test("gradientsFlow names what feeds a layer nothing but zeros", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const [finding] = gradientsFlow.check(
    makeMeasurements([{ activations: flat(0, 640) }, {}, { activations: flat(0, 640) }, {
      weights,
    }]),
  );
  assertStringIncludes(finding.advice, "fed is 0: look at dense_3.");
  const measurements = makeMeasurements([{ weights }]);
  const batch = { ...measurements.batch, inputs: flat(0, 640) };
  const [first] = gradientsFlow.check({ ...measurements, batch });
  assertStringIncludes(first.advice, "fed is 0: look at the inputs.");
});

Deno.test("gradientsFlow never looks above a head, and fails all below a certain one", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const flow = (activations: number[]) =>
    gradientsFlow.check(makeMeasurements([], {
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
    })).map(({ severity, advice }) => [severity, advice]);
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
  const advice = (values: TensorStatistics) =>
    gradientsFlow.check(makeMeasurements([], {
      layers: [
        makeLayer({ weights: [makeWeight({ name: "k", values, gradients: zero })], ...silent }),
        makeHead({ depth: 2, weights: [makeWeight({ name: "head/kernel", values: zero })] }),
      ],
    })).map(({ severity, advice }) => `${severity}: ${advice}`)[0];
  assertStringIncludes(advice(flat(0.2, 400)), "warning: Measure again after one training step");
  assertStringIncludes(advice(zero), "warning: See the rule vanishing-gradients");
});

Deno.test("gradientsFlow leaves a note about an ignored layer as it is", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], gradients: flat(0, 20) });
  const measurements = makeMeasurements([{ weights: [makeWeight(), bias] }]);
  const findings = gradientsFlow.check(measurements);
  assertEquals(findings.map(({ severity }) => severity), ["note"]);
  const ignore = [{ layer: "dense_1", reason: "Known." }];
  assertEquals(gradientsFlow.check(measurements, { ignore }), findings);
});

Deno.test("gradientsFlow fails a model that is frozen as a whole, and warns of a trained one", () => {
  const frozen = [makeWeight({ trainable: false, gradients: null })];
  const check = (weights: WeightMeasurements[], head = frozen) =>
    gradientsFlow.check(
      makeMeasurements([], { layers: [makeLayer({ weights }), makeHead({ weights: head })] }),
    );
  const [finding, ...others] = check(frozen);
  assertEquals([finding.severity, finding.layer, others], ["error", null, []]);
  assertEquals(finding.unjudged, true);
  const moved = makeWeight({
    name: "dense/bias",
    shape: [2],
    values: statisticsOf([0.1, 0.3]),
    trainable: false,
    gradients: null,
  });
  const [trained] = check([...frozen, moved]);
  assertEquals([trained.severity, trained.unjudged], ["warning", undefined]);
  assertStringIncludes(finding.message, "None of the 2 weights of the model is trainable");
  assertEquals(check([makeWeight()]), []);
  assertEquals(check([], []), []);
});

Deno.test("gradientsFlow says where there is nothing to learn from a batch", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const advice = (value: number) =>
    gradientsFlow.check(makeMeasurements([], {
      layers: [makeHead({ weights, ...silent })],
      objective: { name: "triplet", value },
    }))[0].advice;
  assertStringIncludes(advice(0), "The objective is 0 on this batch");
  assertStringIncludes(advice(0.2), "Check the objective and its targets");
});

Deno.test("gradientsFlow fails a frozen weight with a gradient", () => {
  const [finding] = judge({ trainable: false });
  assertEquals([finding.severity, finding.expected.text], ["error", "no gradient"]);
});

Deno.test("gradientsFlow judges an embedding by the rows that the batch used", () => {
  assertEquals(
    judge({ gradients: flat(0.1, 400), gradientsOfUsedRows: zero })[0].severity,
    "error",
  );
  assertEquals(judge({ gradients: zero, gradientsOfUsedRows: flat(0.1, 40) }), []);
});

/** A recurrent layer of 20 units whose recurrent kernel has a gradient of 0. */
function recurrent(
  { steps, fed = 0.2, gates = 1, gradients = flat(0.01, 400), ...given }:
    & { steps: number; fed?: number; gates?: number; gradients?: TensorStatistics }
    & Partial<LayerMeasurements>,
) {
  const kernel = makeWeight({ name: "rnn/kernel", values: flat(fed, 400), gradients });
  const shape = [20, gates * 20];
  const own = makeWeight({ name: "rnn/recurrent_kernel", shape, gradients: zero });
  const preActivations = flat(0.5, steps * gates * 640);
  const weights = [kernel, own];
  return gradientsFlow.check(makeMeasurements([{ weights, preActivations, ...given }]))
    .map(({ severity, message, advice }) => ({ severity, names: message.split(" ha")[0], advice }));
}

Deno.test("gradientsFlow only warns of the recurrent kernel after one step", () => {
  const advice = "Measure on sequences of two steps or more: the state before the first step is 0.";
  const warned = [{ severity: "warning", names: "rnn/recurrent_kernel", advice }];
  assertEquals(recurrent({ steps: 1 }), warned);
  assertEquals(recurrent({ steps: 1, gates: 4 }), warned);
  assertEquals(recurrent({ steps: 3, calls: 3 }), warned);
  // Even if it puts out nothing but zeros.
  assertEquals(recurrent({ steps: 1, fed: 0, activations: zero }), warned);
});

Deno.test("gradientsFlow counts the steps of a convolution by its positions", () => {
  const own = makeWeight({
    name: "rnn/recurrent_kernel",
    shape: [3, 3, 5, 20],
    gradients: flat(0, 900),
  });
  const found = (steps: number) =>
    recurrent({
      steps: 1,
      weights: [own],
      shape: [32, 6, 7, 5],
      preActivations: flat(0.5, 32 * 6 * 7 * 20 * steps),
    })[0].advice.slice(0, 41);
  assertEquals(found(1), "Measure on sequences of two steps or more");
  assertEquals(found(2), "Measure on sequences with two steps or mo");
});

Deno.test("gradientsFlow warns of sequences in which one step alone counts", () => {
  const [{ severity, advice }, ...others] = recurrent({ steps: 20 });
  assertEquals([severity, others], ["warning", []]);
  assertStringIncludes(advice, "two steps or more that are neither masked nor zeros");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to kernels of zeros, and fails it", () => {
  const [{ severity, names, advice }, ...others] = recurrent({
    steps: 20,
    fed: 0,
    activations: zero,
  });
  assertEquals([severity, names, others], ["error", "rnn/recurrent_kernel", []]);
  assertStringIncludes(advice, "rnn/kernel is all zeros, so that its state is 0 at every step");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to what feeds the layer, and to saturation", () => {
  const names = "rnn/kernel, rnn/recurrent_kernel";
  const [fed, ...others] = recurrent({ steps: 20, gradients: zero, activations: zero });
  assertEquals([fed.severity, fed.names, others], ["error", names, []]);
  assertStringIncludes(fed.advice, "everything it is fed is 0");
  const [stuck] = recurrent({ steps: 20, gradients: zero, preActivationGradients: zero });
  assertEquals([stuck.severity, stuck.names], ["error", names]);
  assertStringIncludes(stuck.advice, "Look at dense_1: the signal is lost there");
});

Deno.test("gradientsFlow only warns below a head that starts at zero", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const hidden = makeLayer({ name: "dense_1", weights, ...silent });
  const head = makeHead({ depth: 2, weights: [makeWeight({ name: "h", values: flat(0, 20) })] });
  const findings = gradientsFlow.check(makeMeasurements([], { layers: [hidden, head] }));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["warning", "dense_1"]]);
});

Deno.test("gradientsFlow excuses a normalisation where it excuses a kernel, and fails it below dead units", () => {
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const kernel = makeWeight({ name: "k", gradients: zero });
  const scale = makeWeight({ name: "norm/gamma", shape: [20], gradients: flat(0, 20) });
  const norm = { name: "norm", className: "BatchNormalization", weights: [scale], depth: 1 };
  const judged = (above: Partial<LayerMeasurements>[], head = makeHead({ depth: 3 })) =>
    gradientsFlow.check(makeMeasurements([], {
      layers: [
        makeLayer({ name: "dense_1", weights: [kernel], ...silent }),
        makeLayer({ ...norm, ...silent }),
        ...above.map((layer) => makeLayer(layer)),
        head,
      ],
    })).map(({ severity, layer }) => [severity, layer]);
  const zeros = [makeWeight({ name: "h", values: flat(0, 20) })];
  const excused = [["warning", "dense_1"], ["warning", "norm"]];
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

Deno.test("gradientsFlow only notes a bias whose delta adds up to 0", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], gradients: flat(0, 20) });
  const found = (kernel: TensorStatistics, delta = flat(0.1, 640)) => {
    const weights = [makeWeight({ name: "dense_1/kernel", gradients: kernel }), bias];
    const layer = { weights, preActivationGradients: delta };
    return gradientsFlow.check(makeMeasurements([layer, {}]));
  };
  const [{ severity, message }, ...others] = found(flat(0.1, 400));
  assertEquals([severity, others], ["note", []]);
  assertStringIncludes(message, "over the batch it adds up to 0");
  assertEquals(found(zero).map(({ severity }) => severity), ["error"]);
  // A gradient without a delta comes from a penalty on the weights.
  assertEquals(found(flat(0.1, 400), zero)[0].severity, "error");
});

Deno.test("gradientsFlow only warns of what waits for a matrix of zeros in the same layer", () => {
  const found = (b: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) =>
    gradientsFlow.check(makeMeasurements([{
      className: "LoRA",
      weights: [
        makeWeight({ name: "lora/a", gradients: zero }),
        makeWeight({ name: "lora/b", values: zero, ...b }),
      ],
      ...layer,
    }, {}]));
  const [{ severity, advice }, ...others] = found({});
  assertEquals([severity, others], ["warning", []]);
  assertStringIncludes(advice, "lora/b is all zeros and has a gradient");
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
    gradientsFlow.check(makeMeasurements([
      { weights: [makeWeight({ name: "k", ...kernel })] },
      { name: "scale", className: "Scale", depth: 1, weights: [scale] },
    ])).map(({ severity, layer }) => [severity, layer]);
  assertEquals(found({ values: zero }), [["warning", "scale"]]);
  assertEquals(found({}), [["error", "scale"]]);
});

Deno.test("gradientsFlow fails a softmax head under the sum, for nothing was measured", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const head = makeHead({ activation: "softmax", preActivationGradients: zero, weights });
  const findings = gradientsFlow.check(makeMeasurements([], { layers: [head] }));
  assertEquals(findings.map(({ severity, unjudged }) => [severity, unjudged]), [["error", true]]);
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
    gradientsFlow.check(besideStem(isStemHeard)).find(({ layer }) => layer === "norm")?.severity;
  assertEquals(severityOf(true), "warning");
  // The tower beside it is heard, but does not feed it.
  assertEquals(severityOf(false), "error");
});
