import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type {
  LayerMeasurements,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { biasInit } from "../../../src/core/rules/weights/bias_init.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { symmetry } from "../../../src/core/rules/weights/symmetry.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { severities } from "./severities.ts";

function scaled(std: number, layer: Partial<LayerMeasurements> = {}, shape = [20, 20]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return initScale.run(
    makeMeasurements([{ weights: [makeWeight({ shape, values: flat(std, count) })], ...layer }]),
  );
}

Deno.test("initScale warns beyond 1.4 and 2 times the initialiser, up and down", () => {
  const lecun = 1 / Math.sqrt(20);
  assertEquals([1.39, 1.41, 1.99, 2.01].map((f) => severities(scaled(lecun * f))), [
    [],
    ["warning"],
    ["warning"],
    ["warning"],
  ]);
  assertEquals([1.39, 1.41, 1.99, 2.01].map((f) => severities(scaled(lecun / f))), [
    [],
    ["warning"],
    ["warning"],
    ["warning"],
  ]);
});

Deno.test("initScale fails what is 100 times too large, and what else is off where the signal dies", () => {
  const lecun = 1 / Math.sqrt(20);
  assertEquals(severities(scaled(99 * lecun)), ["warning"]);
  assertEquals(severities(scaled(101 * lecun)), ["error"]);
  assertEquals(severities(scaled(lecun / 1e4)), ["warning"]);
  const off = (saturatedFraction: number, factor: number) =>
    severities(scaled(factor * lecun, { saturatedFraction }));
  for (const factor of [2.01, 1 / 2.01]) {
    assertEquals([0.5, 0.51].map((share) => off(share, factor)), [["warning"], ["error"]]);
  }
  assertEquals(off(0.51, 1.5), ["warning"]);
});

Deno.test("initScale asks He of relu and fits the fan-in of a convolution", () => {
  const [finding] = scaled(1, { activation: "relu", className: "Conv2D" }, [3, 3, 2, 100]);
  assertStringIncludes(finding.message, "He initialisation draws (0.333)");
  assertEquals(scaled(Math.sqrt(2 / 18), { activation: "relu" }, [3, 3, 2, 100]), []);
});

Deno.test("initScale knows the fan-out He of convolutions, and nothing between it and the others", () => {
  // Fan-in 32 to 4 channels: by the fan-in He draws 0.25, by the fan-out 0.707.
  const shape = [1, 1, 32, 4];
  const convolution = { activation: "relu", className: "Conv2D" };
  const off = [1, 1.19, 0.84, 1.21, 0.83];
  assertEquals(off.map((f) => severities(scaled(Math.sqrt(2 / 4) * f, convolution, shape))), [
    [],
    [],
    [],
    ["warning"],
    ["warning"],
  ]);
  assertEquals(severities(scaled(Math.sqrt(2 / 4), { activation: "relu" }, [32, 4])), ["warning"]);
});

Deno.test("initScale knows the fan-out He of convolutions in files of weights too", () => {
  const shape = [1, 1, 32, 4];
  const drawn = (className: string, factor: number) => {
    const std = factor * Math.sqrt(2 / 4);
    // Mean |x| of a normal distribution.
    const values = { ...flat(std, 128), meanAbs: std * Math.sqrt(2 / Math.PI) };
    const weights = [makeWeight({ shape, values })];
    return severities(initScale.run(
      makeMeasurements([{ className, weights }], { weightsOnly: { format: "pt", notes: [] } }),
    ));
  };
  assertEquals([drawn("Conv2D", 1), drawn("Conv2D", 1.5)], [[], ["warning"]]);
});

Deno.test("initScale knows what PyTorch draws by default, in its programs, where the signal lives", () => {
  const judge = (std: number, framework?: "pytorch", saturatedFraction?: number) => {
    const measurements = makeMeasurements([{
      activation: "relu",
      weights: [makeWeight({ shape: [300, 300], values: flat(std, 90_000) })],
      ...saturatedFraction === undefined ? {} : { saturatedFraction },
    }]);
    measurements.model.framework = framework;
    return severities(initScale.run(measurements));
  };
  // kaiming_uniform_(a=sqrt(5)) has 1 / sqrt(3 fan-in), and BERT and its like are drawn at 0.02.
  const usual = 1 / Math.sqrt(3 * 300);
  for (const std of [usual, usual * 1.19, usual / 1.19, 0.02, 0.02 / 1.19]) {
    assertEquals([judge(std, "pytorch"), judge(std)], [[], ["warning"]], `${std}`);
    assertEquals(judge(std, "pytorch", 0.51).length, 1, `${std}`);
  }
  assertEquals(judge(0.02 / 1.21, "pytorch"), ["warning"]);
});

Deno.test("initScale knows PyTorch's kernels in a model of another framework by their biases", () => {
  const judge = (rms: number) => {
    const measurements = makeMeasurements([{
      activation: "relu",
      weights: [
        makeWeight({ shape: [300, 300], values: flat(1 / Math.sqrt(3 * 300), 90_000) }),
        makeWeight({
          name: "dense_1/bias",
          shape: [300],
          values: { ...flat(rms, 300), maxAbs: rms * Math.sqrt(3) },
        }),
      ],
    }]);
    return severities(initScale.run(measurements));
  };
  // PyTorch draws biases uniformly within 1 / sqrt(fan-in).
  assertEquals(judge(1 / Math.sqrt(3 * 300)), []);
  assertEquals(judge(0), ["warning"]);
});

Deno.test("initScale passes Glorot and orthogonal kernels whatever the activation", () => {
  for (const activation of ["relu", "tanh", "sigmoid", "linear"]) {
    assertEquals(scaled(Math.sqrt(2 / 120), { activation }, [20, 100]), []);
    assertEquals(scaled(1 / Math.sqrt(100), { activation: "tanh" }, [20, 100]), []);
  }
});

Deno.test("initScale names one target, and what else it counts the range from", () => {
  // Fan-in 16 to 64 units: LeCun draws 0.25, Glorot 0.158, orthogonal 0.125.
  const [low] = scaled(0.04, {}, [16, 64]);
  const bounds = ({ expected }: Finding) => expected.bounds!.map((bound) => bound!.toFixed(3));
  assertEquals([low.figures!.target.value, low.threshold], [0.25, "initScaleFactor"]);
  assertAlmostEquals(low.measured!, 0.16, 1e-9);
  assertEquals(bounds(low), ["0.250", "2.000"]);
  const [high] = scaled(0.6, {}, [16, 64]);
  assertEquals(bounds(high), ["0.500", "2.000"]);
  // Fan-in 64 to 16 units: LeCun draws 0.125, Glorot 0.158, orthogonal 0.125.
  const [wide] = scaled(0.4, {}, [64, 16]);
  assertEquals(bounds(wide), ["0.500", "2.530"]);
});

Deno.test("initScale passes whatever lies between two initialisers", () => {
  // Fan-in 9 to 576: He draws 0.471, Glorot 0.0585, orthogonal 0.0589.
  const shape = [9, 576];
  for (const std of [0.0585, 0.1, 0.17, 0.3, 0.471]) {
    assertEquals(scaled(std, { activation: "relu" }, shape), [], `${std}`);
  }
  assertEquals(severities(scaled(0.471 * 2.1, { activation: "relu" }, shape)), ["warning"]);
  assertEquals(severities(scaled(0.0585 / 2.1, { activation: "relu" }, shape)), ["warning"]);
});

Deno.test("initScale lets a kernel be small whose z is made larger right after", () => {
  const sine = (size: number, delta: number, className = "Sine") => {
    const weights = [makeWeight({ values: flat(0.01, 400) })];
    return severities(
      initScale.run(makeMeasurements([
        {
          activation: "linear",
          weights,
          preActivations: flat(0.04, 640),
          preActivationGradients: flat(delta, 640),
        },
        {
          name: "sine",
          className,
          activation: null,
          depth: 1,
          weights: [],
          activations: flat(size, 640),
          activationGradients: flat(0.1, 640),
        },
      ])),
    );
  };
  assertEquals(sine(0.7, 3), []);
  assertEquals(sine(0.05, 3), ["warning"]);
  // A layer that adds something else, and one that is known to.
  assertEquals(sine(0.7, 0.1), ["warning"]);
  for (const className of ["Concatenate", "Multiply", "GlobalMaxPooling1D"]) {
    assertEquals(sine(0.7, 3, className), ["warning"]);
  }
});

Deno.test("initScale lets a kernel be small where the next one is normalised, and comes out at 1", () => {
  const found = (deviation: number, activation = "relu", className = "BatchNormalization") => {
    const weights = [makeWeight({ values: flat(0.01, 400) })];
    const norm = { name: "norm", className, activation: null, depth: 2, weights: [] };
    return severities(
      initScale.run(makeMeasurements([
        { activation, weights },
        { activation: "linear" },
        { ...norm, activations: flat(deviation, 640) },
      ])),
    );
  };
  assertEquals(found(1), []);
  assertEquals(found(0.51, "leakyRelu(0.2)"), []);
  // So small that the normalisation's epsilon outweighs it.
  assertEquals(found(0.49), ["warning"]);
  assertEquals(found(1, "tanh"), ["warning"]);
  assertEquals(found(1, "relu", "Dropout"), ["warning"]);
});

const ADD = { name: "add", className: "Add", activation: null, depth: 1, weights: [] };

Deno.test("initScale and symmetry let the end of a residual branch be small and zero, not large", () => {
  const branch = (std: number) => {
    const weights = [makeWeight({ values: flat(std, 400) })];
    const measurements = makeMeasurements([{ activation: "linear", weights }, ADD]);
    return [...initScale.run(measurements), ...symmetry.run(measurements)];
  };
  const lecun = 1 / Math.sqrt(20);
  assertEquals([0, 1e-3, lecun].map((std) => branch(std)), [[], [], []]);
  const [{ severity, fix }] = branch(3 * lecun);
  assertEquals(severity, "warning");
  assertMatch(fix, /^Multiply the kernel of dense_1 by 0.333,/);
});

Deno.test("initScale lets a head be small but not large", () => {
  const role = "output" as const;
  assertEquals(scaled(1e-3, { role, activation: "linear" }), []);
  assertEquals(severities(scaled(1, { role, activation: "linear" })), ["warning"]);
});

Deno.test("initScale passes over tiny and normalised kernels and what recurrent layers are fed by, and warns of zeros", () => {
  assertEquals(scaled(9, {}, [3, 10]), []);
  assertEquals(severities(scaled(9, {}, [4, 8])), ["warning"]);
  assertEquals(scaled(9, { className: "LSTM" }), []);
  assertEquals(severities(scaled(0)), ["warning"]);
  const norm = { className: "BatchNormalization", activation: null, depth: 1, weights: [] };
  const weights = [makeWeight({ values: flat(9, 400) })];
  const chain = makeMeasurements([{ activation: "linear", weights }, { ...norm, name: "norm" }]);
  assertEquals(initScale.run(chain), []);
});

/** Returns the findings on a recurrent kernel with this multiple of an initialiser's deviation. */
function recurrent(
  std: number,
  [units, columns] = [16, 16],
  given: Partial<WeightMeasurements> = {},
) {
  const shape = [units, columns];
  const kernel = makeWeight({
    name: "rnn/recurrent_kernel",
    shape,
    values: flat(std, units * columns),
    ...given,
  });
  return initScale.run(makeMeasurements([{ weights: [makeWeight(), kernel] }]));
}

Deno.test("initScale warns of large recurrent kernels beyond 1.4 and 2 times He", () => {
  const he = Math.sqrt(2 / 16);
  for (const columns of [16, 48, 64]) {
    const found = [1.39, 1.41, 1.99, 2.01].map((f) => severities(recurrent(f * he, [16, columns])));
    assertEquals(found, [[], ["warning"], ["warning"], ["warning"]]);
  }
});

Deno.test("initScale only warns of small recurrent kernels, and of those without gates", () => {
  assertEquals([1.99, 2.01, 1e6].map((f) => severities(recurrent(0.25 / f))), [
    [],
    ["warning"],
    ["warning"],
  ]);
  assertEquals(recurrent(1e-6, [16, 48]), []);
  // A constant one is left to the rule symmetry.
  assertEquals(recurrent(0), []);
  assertEquals(recurrent(0, [16, 16], { values: statisticsOf(Array(256).fill(0.3)) }), []);
  assertEquals(recurrent(9, [5, 5]), []);
});

Deno.test("initScale asks an orthogonal draw of all gates together of a recurrent kernel", () => {
  const [finding] = recurrent(1, [16, 64]);
  assertEquals([finding.measured, finding.figures!.target.value], [8, 0.125]);
  // Counted from the 0.354 of He.
  assertAlmostEquals(finding.expected.bounds![1]!, 4 * Math.SQRT2, 1e-9);
  const values = flat(1, 4 * 3 * 16 * 64);
  const [convolution] = recurrent(1, [16, 64], { shape: [4, 3, 16, 64], values });
  // The rows of all positions of the window, 192, are more than the columns.
  assertAlmostEquals(convolution.figures!.target.value, 1 / Math.sqrt(192), 1e-9);
});

Deno.test("initScale advises one factor for many layers", () => {
  const weights = [makeWeight({ values: flat(200, 400) })];
  const findings = initScale.run(makeMeasurements(Array(9).fill({ weights })));
  assertEquals(new Set(findings.map(({ fix }) => fix)).size, 1);
  assertMatch(findings[0].fix, /dense_1 ... dense_9 by 1\/894/);
});

function biased(rms: number, name = "dense_1/bias", layer: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight(), makeWeight({ name, shape: [20], values: flat(rms, 20) })];
  const preActivations = flat(1, 640);
  return biasInit.run(makeMeasurements([{ preActivations, weights, ...layer }]));
}

Deno.test("biasInit warns of hidden biases beyond a tenth of z", () => {
  assertEquals(biased(0), []);
  assertEquals(biased(0.099), []);
  assertEquals(severities(biased(0.101)), ["warning"]);
  assertEquals(severities(biased(1, "bias:0")), ["warning"]);
});

Deno.test("biasInit has no verdict on a bias alone whose kernel, or the layout of it, is not known", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], values: flat(9, 20) });
  const alone = (given: Partial<LayerMeasurements>) =>
    severities(
      biasInit.run(
        makeMeasurements([given], { weightsOnly: { format: "safetensors" } as never }),
      ),
    );
  assertEquals(alone({ weights: [makeWeight(), bias] }), ["warning"]);
  assertEquals(alone({ weights: [bias] }), []);
  assertEquals(alone({ weights: [makeWeight(), bias], kernelLayout: undefined }), []);
});

Deno.test("biasInit passes over recurrent layers and weights that are no bias", () => {
  assertEquals(biased(1, "lstm/bias", { className: "LSTM" }), []);
  assertEquals(biased(1, "norm/beta"), []);
});

function headBias(
  entries: number[],
  activation: string,
  targets: number[],
  examples = targets.length / entries.length,
) {
  const values = statisticsOf(entries);
  const shape = [entries.length];
  const head = makeHead({
    depth: 1,
    activation,
    weights: [
      makeWeight({ shape: [20, entries.length] }),
      makeWeight({ name: "h/bias", shape, values, entries }),
    ],
  });
  const measurements = makeMeasurements([], { layers: [head] });
  const target = makeTarget(Float64Array.from(targets), examples);
  return biasInit.run({
    ...measurements,
    batch: { ...measurements.batch, examples, targets: [target] },
  });
}

/** Targets over enough examples that the batch determines their mean. */
const many = (targets: number[]) => Array(1e5).fill(targets).flat();

Deno.test("biasInit accepts ln of the class shares in a softmax head, up to a constant", () => {
  // 3 of class 0, 1 of class 1.
  const targets = many([1, 0, 1, 0, 1, 0, 0, 1]);
  const prior = [Math.log(0.75) + 5, Math.log(0.25) + 5];
  assertEquals(headBias(prior, "softmax", targets), []);
  assertEquals(headBias([0, 0], "softmax", targets), []);
  assertEquals(headBias([prior[0] + 0.98, prior[1]], "softmax", targets), []);
  assertEquals(severities(headBias([prior[0] + 1.02, prior[1]], "softmax", targets)), ["warning"]);
});

Deno.test("biasInit accepts the logit of the share in a sigmoid head", () => {
  const targets = many([1, 0, 0, 0]);
  assertEquals(headBias([Math.log(1 / 3)], "sigmoid", targets), []);
  assertEquals(headBias([Math.log(1 / 3) - 0.49], "sigmoid", targets), []);
  assertEquals(severities(headBias([Math.log(1 / 3) - 0.52], "sigmoid", targets)), ["warning"]);
});

Deno.test("biasInit accepts the mean of the targets in a linear head", () => {
  const targets = many([8, 12]);
  assertEquals(headBias([10.98], "linear", targets), []);
  assertEquals(severities(headBias([11.02], "linear", targets)), ["warning"]);
});

Deno.test("biasInit accepts what a small batch leaves open of the prior, and no more", () => {
  // The share of all data is 0.1, and this batch has 1 of 32: the interval is 0.0055 to 0.157.
  const rare = [1, ...Array(31).fill(0)];
  const logit = (share: number) => Math.log(share / (1 - share));
  for (const share of [0.01, 0.1, 0.2]) {
    assertEquals(headBias([logit(share)], "sigmoid", rare), [], `${share}`);
  }
  for (const share of [0.002, 0.3, 0.9]) {
    assertEquals(severities(headBias([logit(share)], "sigmoid", rare)), ["warning"], `${share}`);
  }
  // None of 32 leaves the share open below, but no more than half an example.
  const none = Array(32).fill(0);
  assertEquals(headBias([logit(0.05)], "sigmoid", none), []);
  assertEquals(severities(headBias([-8], "sigmoid", none)), ["warning"]);
});

Deno.test("biasInit lets a gate start open or closed, and no other layer", () => {
  const closed = statisticsOf(Array(20).fill(-2));
  const weights = [makeWeight(), makeWeight({ name: "gate/bias", shape: [20], values: closed })];
  const gate = (given: Partial<LayerMeasurements>) =>
    biasInit.run(makeMeasurements([{ preActivations: flat(1, 640), weights, ...given }]));
  assertEquals(gate({ activation: "sigmoid" }), []);
  assertEquals(gate({ activation: "hardSigmoid" }), []);
  assertEquals(severities(gate({ activation: "relu" })), ["warning"]);
  assertEquals(severities(biased(1, "gate/bias", { activation: "sigmoid" })), ["warning"]);
});

Deno.test("biasInit gives no verdict on a head whose prior is not known", () => {
  assertEquals(headBias([3], "relu", [1, 2]), []);
  assertEquals(headBias([3, 3], "linear", [1, 2, 3, 4, 5, 6], 2), []);
});
