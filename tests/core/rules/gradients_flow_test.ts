import { assertEquals, assertStringIncludes } from "@std/assert";
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

const zero = flat(0, 400);

function judge(weight: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight({ name: "k", ...weight })];
  return gradientsFlow.run(makeMeasurements([{ weights, ...layer }, {}]));
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
  assertStringIncludes(fed.fix, "inputs are 0");
  const [dead] = judge({ gradients: zero }, { preActivationGradients: zero });
  assertStringIncludes(dead.fix, "Look at dense_1: the signal is lost there");
  const unsent = { preActivationGradients: zero, activationGradients: zero };
  assertStringIncludes(judge({ gradients: zero }, unsent)[0].fix, "at what follows dense_1");
});

Deno.test("gradientsFlow names what feeds a layer nothing but zeros", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const [finding] = gradientsFlow.run(
    makeMeasurements([{ activations: flat(0, 640) }, {}, { activations: flat(0, 640) }, {
      weights,
    }]),
  );
  assertStringIncludes(finding.fix, "inputs are 0: look at dense_3.");
  const measurements = makeMeasurements([{ weights }]);
  const batch = { ...measurements.batch, inputs: flat(0, 640) };
  const [first] = gradientsFlow.run({ ...measurements, batch });
  assertStringIncludes(first.fix, "inputs are 0: look at the inputs.");
});

Deno.test("gradientsFlow leaves a note about an ignored layer as it is", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], gradients: flat(0, 20) });
  const measurements = makeMeasurements([{ weights: [makeWeight(), bias] }]);
  const findings = gradientsFlow.run(measurements);
  assertEquals(findings.map(({ severity }) => severity), ["note"]);
  const ignore = [{ layer: "dense_1", reason: "Known." }];
  assertEquals(gradientsFlow.run(measurements, { ignore }), findings);
});

Deno.test("gradientsFlow fails a model that is frozen as a whole, and warns of a trained one", () => {
  const frozen = [makeWeight({ trainable: false, gradients: null })];
  const check = (weights: WeightMeasurements[], head = frozen) =>
    gradientsFlow.run(
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
  assertStringIncludes(finding.message, "None of the model's weights is trainable (2 weights)");
  assertEquals(check([makeWeight()]), []);
  assertEquals(check([], []), []);
});

Deno.test("gradientsFlow says where there is nothing to learn from a batch", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const silent = { activationGradients: zero, preActivationGradients: zero };
  const fix = (value: number) =>
    gradientsFlow.run(makeMeasurements([], {
      layers: [makeHead({ weights, ...silent })],
      objective: { name: "triplet", value },
    }))[0].fix;
  assertStringIncludes(fix(0), "The objective is 0 on this batch");
  assertStringIncludes(fix(0.2), "Check the objective and its targets");
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

Deno.test("gradientsFlow only notes a bias whose delta cancels over the batch", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], gradients: flat(0, 20) });
  const found = (kernel: TensorStatistics, delta = flat(0.1, 640)) => {
    const weights = [makeWeight({ name: "dense_1/kernel", gradients: kernel }), bias];
    const layer = { weights, preActivationGradients: delta };
    return gradientsFlow.run(makeMeasurements([layer, {}]));
  };
  const [{ severity, message }, ...others] = found(flat(0.1, 400));
  assertEquals([severity, others], ["note", []]);
  assertStringIncludes(message, "it cancels over the batch");
  assertEquals(found(zero).map(({ severity }) => severity), ["error"]);
  // A gradient without a delta comes from a penalty on the weights.
  assertEquals(found(flat(0.1, 400), zero)[0].severity, "error");
});

Deno.test("gradientsFlow fails a softmax head under the sum, for nothing was measured", () => {
  const weights = [makeWeight({ name: "k", gradients: zero })];
  const head = makeHead({ activation: "softmax", preActivationGradients: zero, weights });
  const findings = gradientsFlow.run(makeMeasurements([], { layers: [head] }));
  assertEquals(findings.map(({ severity, unjudged }) => [severity, unjudged]), [["error", true]]);
});

const zeros = { values: zero, gradients: zero };

/** Returns the findings on a layer with these weights whose kernel has no gradient. */
function fix(names: string[], given: Partial<LayerMeasurements>): string {
  const weights = names.map((name) => makeWeight({ name, ...zeros }));
  return gradientsFlow.run(makeMeasurements([{ weights, ...given }]))[0].fix;
}

Deno.test("gradientsFlow lays a kernel of zeros without a gradient to its inputs, unless it feeds a state", () => {
  const silent = { activations: flat(0, 640) };
  assertStringIncludes(fix(["dense_1/kernel"], silent), "all of its inputs are 0");
  assertStringIncludes(
    fix(["dense_1/kernel", "dense_1/recurrent_kernel"], silent),
    "dense_1/kernel is all zeros, so that its state is 0 at every step",
  );
  // A state that is not 0 is fed by something else.
  assertEquals(fix(["dense_1/kernel", "dense_1/recurrent_kernel"], {}).includes("state"), false);
});

Deno.test("gradientsFlow measures 0 where a weight has no gradient", () => {
  const weights = [makeWeight({ name: "dense_1/kernel", gradients: flat(0, 400) })];
  const [{ measured }] = gradientsFlow.run(makeMeasurements([{ weights }]));
  assertEquals(measured, 0);
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
  return gradientsFlow.run(makeMeasurements([{ weights, preActivations, ...given }]))
    .map(({ severity, message, fix }) => ({ severity, names: message.split(" ha")[0], fix }));
}

Deno.test("gradientsFlow only warns of the recurrent kernel after one step", () => {
  const fix = "Measure on sequences of two steps or more: the state before the first step is 0.";
  const warned = [{ severity: "warning", names: "rnn/recurrent_kernel", fix }];
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
    })[0].fix.slice(0, 41);
  assertEquals(found(1), "Measure on sequences of two steps or more");
  assertEquals(found(2), "Measure on sequences with two steps or mo");
});

Deno.test("gradientsFlow warns of sequences in which one step alone counts", () => {
  const [{ severity, fix }, ...others] = recurrent({ steps: 20 });
  assertEquals([severity, others], ["warning", []]);
  assertStringIncludes(fix, "two steps or more that are neither masked nor zeros");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to kernels of zeros, and fails it", () => {
  const [{ severity, names, fix }, ...others] = recurrent({
    steps: 20,
    fed: 0,
    activations: zero,
  });
  assertEquals([severity, names, others], ["error", "rnn/recurrent_kernel", []]);
  assertStringIncludes(fix, "rnn/kernel is all zeros, so that its state is 0 at every step");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to what feeds the layer, and to saturation", () => {
  const names = "rnn/kernel, rnn/recurrent_kernel";
  const [fed, ...others] = recurrent({ steps: 20, gradients: zero, activations: zero });
  assertEquals([fed.severity, fed.names, others], ["error", names, []]);
  assertStringIncludes(fed.fix, "all of its inputs are 0");
  const [stuck] = recurrent({ steps: 20, gradients: zero, preActivationGradients: zero });
  assertEquals([stuck.severity, stuck.names], ["error", names]);
  assertStringIncludes(stuck.fix, "Look at dense_1: the signal is lost there");
});
