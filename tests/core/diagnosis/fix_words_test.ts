import { assertEquals } from "@std/assert";
import type { Fix } from "../../../src/core/diagnosis/fix.ts";
import {
  describeFix,
  fixCode,
  initializerFor,
  triedPart,
} from "../../../src/core/diagnosis/fix_words.ts";
import {
  argumentOf,
  FRAMEWORK_WORDS,
  inKerasConfig,
  namesInComment,
} from "../../../src/core/diagnosis/framework_words.ts";

const NAMED = ["a", "b", "c", "d", "e"].map((name) => ({ name, className: "Dense" }));

const said = (fix: Fix) => describeFix(fix, NAMED);

/** A fix that multiplies the kernels of layers `a`, `b` ... */
const rescale = (factors: number[], initializer: string | null = null): Fix => ({
  kind: "rescale",
  initializer,
  weights: factors.map((factor, i) => ({
    layer: NAMED[i].name,
    weight: `${NAMED[i].name}/kernel`,
    factor,
  })),
});

Deno.test("describeFix() gives one factor within 1.2 times, each of up to four, or their range", () => {
  assertEquals(said(rescale([2])), "Multiply a/kernel by 2.");
  assertEquals(said(rescale([2, 2.375])), "Multiply the kernels of a, b by 2.18.");
  assertEquals(said(rescale([1, 1.2])), "Multiply a/kernel by 1 and b/kernel by 1.2.");
  assertEquals(
    said(rescale([2, 3, 2, 0.05])),
    "Multiply a/kernel, c/kernel by 2, b/kernel by 3 and d/kernel by 1/20.",
  );
  assertEquals(said(rescale([2, 3, 2, 4, 5])), "Multiply the kernels of a ... e by 2 to 5.");
  assertEquals(
    said(rescale([2], "heUniform")),
    'Multiply a/kernel by 2, or draw it with kernelInitializer: "heUniform".',
  );
  assertEquals(
    said(rescale([2, 2], "heUniform")),
    'Multiply the kernels of a, b by 2, or draw them with kernelInitializer: "heUniform".',
  );
});

Deno.test("describeFix() names what starts at a number", () => {
  const start = (...weights: string[]) =>
    said({
      kind: "set-bias",
      value: 0.5,
      weights: weights.map((weight, i) => ({ layer: NAMED[i].name, weight })),
    });
  assertEquals(start("a/bias"), "Start the bias of a at 0.5.");
  assertEquals(start("a/bias", "b/bias"), "Start the biases of a, b at 0.5.");
  assertEquals(start("a/gamma", "b/gamma"), "Start the gamma of a, b at 0.5.");
});

Deno.test("describeFix() and fixCode() shift classes up or down", () => {
  const shift = (by: number, framework?: "keras"): Fix => ({
    kind: "shift-classes",
    output: "out",
    index: 0,
    by,
    framework,
  });
  assertEquals(
    said(shift(-2)),
    "Number the classes of out from 0: subtract 2 from the targets.",
  );
  assertEquals(said(shift(1)), "Number the classes of out from 0: add 1 to the targets.");
  assertEquals(fixCode(shift(-2)), "targets.add(-2)");
  assertEquals(fixCode(shift(-2, "keras")), "targets = targets - 2");
  assertEquals(fixCode(shift(1, "keras")), "targets = targets + 1");
  assertEquals(fixCode(shift(0, "keras")), "targets = targets + 0");
});

Deno.test("describeFix() and fixCode() give targets the shape of their output", () => {
  const reshape = (framework?: "pytorch"): Fix => ({
    kind: "reshape-targets",
    output: "out",
    index: 0,
    shape: [64, 1],
    framework,
  });
  assertEquals(
    said(reshape("pytorch")),
    "Give the targets the shape of the output, [64, 1]: targets = targets.reshape(-1, 1).",
  );
  assertEquals(fixCode(reshape("pytorch")), "targets = targets.reshape(-1, 1)");
  assertEquals(fixCode(reshape()), "targets.reshape([-1, 1])");
});

Deno.test("describeFix() and fixCode() change a head's activation, its loss, or both", () => {
  const head = (activation: string | null, loss: string | null, framework?: "keras"): Fix => ({
    kind: "head",
    layer: "a",
    activation,
    loss,
    framework,
  });
  assertEquals(said(head("sigmoid", null)), "End a in sigmoid.");
  assertEquals(
    said(head("linear", "hinge")),
    "Remove the activation from a, and use the loss hinge.",
  );
  assertEquals(said(head(null, "hinge")), "Use the loss hinge.");
  assertEquals(fixCode(head("sigmoid", "hinge")), 'activation: "sigmoid"  // in a\nloss: "hinge"');
  assertEquals(fixCode(head(null, "hinge")), 'loss: "hinge"');
  assertEquals(fixCode(head("sigmoid", null)), 'activation: "sigmoid"  // in a');
  const logits = "sparseCategoricalCrossentropyFromLogits";
  assertEquals(
    said(head(null, logits, "keras")),
    "Use the loss SparseCategoricalCrossentropy(from_logits=True).",
  );
  assertEquals(said(head(null, "meanSquaredError", "keras")), "Use the loss mean_squared_error.");
});

Deno.test("describeFix() and triedPart() say which of two activations goes", () => {
  const remove = (activation: string, nextActivation: string): Fix => ({
    kind: "remove-activation",
    layer: "a",
    activation,
    next: "b",
    nextActivation,
  });
  assertEquals(
    said(remove("softmax", "softmax")),
    "Remove one of the two: softmax in `a` or in `b`.",
  );
  assertEquals(
    said(remove("relu", "softmax")),
    "Remove relu from `a`: `b` applies softmax to what comes out of it.",
  );
  assertEquals(triedPart(remove("softmax", "softmax")), "without that in `a`");
  assertEquals(triedPart(remove("relu", "softmax")), "");
  assertEquals(triedPart(rescale([2], "heUniform")), "the multiplication");
  assertEquals(triedPart(rescale([2])), "");
  assertEquals(triedPart({ kind: "dropout", layers: ["a"], rate: 0.2 }), "a rate of 0.2");
  assertEquals(triedPart({ kind: "penalties", layers: ["a"], by: 3 }), "the weaker penalties");
  assertEquals(triedPart({ kind: "unfreeze", layers: ["a"] }), "");
});

Deno.test("describeFix() speaks of one layer or several", () => {
  const dropout = (...layers: string[]) => said({ kind: "dropout", layers, rate: 0.2 });
  assertEquals(
    [dropout("a"), dropout("a", "b")].map((text) => /leave (\w+) out/.exec(text)![1]),
    ["it", "them"],
  );
});

Deno.test("describeFix() and fixCode() subtract and divide only what is needed", () => {
  const normalize = (mean: number, std: number, framework?: "keras" | "pytorch"): Fix => ({
    kind: "normalize-targets",
    output: "out",
    index: 0,
    mean,
    std,
    framework,
  });
  const rows: [number, number, string, string, string][] = [
    [3, 1, "Subtract 3 from the targets of out.", "targets.sub(3)", "targets = targets - 3"],
    [0, 2, "Divide the targets of out by 2.", "targets.div(2)", "targets = targets / 2"],
    [
      -3,
      2.00004,
      "Normalise the targets of out: subtract -3 and divide by 2.",
      "targets.sub(-3).div(2)",
      "targets = (targets + 3) / 2",
    ],
    [
      0.5,
      0.25,
      "Normalise the targets of out: subtract 0.5 and divide by 0.25.",
      "targets.sub(0.5).div(0.25)",
      "targets = (targets - 0.5) / 0.25",
    ],
  ];
  for (const [mean, std, text, code, python] of rows) {
    assertEquals(said(normalize(mean, std)), text);
    assertEquals(fixCode(normalize(mean, std)), code);
    for (const framework of ["keras", "pytorch"] as const) {
      assertEquals(fixCode(normalize(mean, std, framework)), python);
    }
  }
});

Deno.test("fixCode() normalises features over one axis or several", () => {
  const axesOf = (framework: "keras" | "pytorch", axes: number[]) => {
    const code = fixCode({
      kind: "normalize-input",
      input: "x",
      index: 0,
      mean: 0,
      std: 1,
      each: { what: "feature", axes },
      framework,
    })!;
    return [...code.matchAll(/\((?:axis|dim)=(.*?), keep/g)].map(([, said]) => said);
  };
  assertEquals(axesOf("keras", [0]), ["0", "0"]);
  assertEquals(axesOf("keras", [0, 1]), ["(0, 1)", "(0, 1)"]);
  assertEquals(axesOf("pytorch", [2]), ["2", "2"]);
});

Deno.test("fixCode() groups layers of one factor, in TensorFlow.js and in Keras", () => {
  assertEquals(
    fixCode(rescale([2, 0.05, 2])),
    'rescaleWeights(model, 2, { layers: ["a","c"] });\n' +
      'rescaleWeights(model, 1 / 20, { layers: ["b"] });',
  );
  const weights = [
    { layer: "a/inner", weight: "a/inner/kernel_1", factor: 0.05 },
    { layer: "a/inner", weight: "a/inner/recurrent_kernel", factor: 0.05 },
  ];
  assertEquals(
    fixCode({ kind: "rescale", weights, initializer: null, framework: "keras" }),
    'for layer in [model.get_layer("a").get_layer("inner")]:\n' +
      "    for w in layer.weights:\n" +
      '        if w.name in ["kernel", "recurrent_kernel"]:\n' +
      "            w.assign(w * 1 / 20)",
  );
});

/** Code that draws weights. */
const drawn = (
  weights: { weight: string; layer?: string; std?: number; initializer?: string }[],
  initializer: string,
  framework?: "keras",
) =>
  fixCode({
    kind: "redraw",
    weights: weights.map((weight) => ({ layer: "a", std: 1, ...weight })),
    initializer,
    framework,
  });

Deno.test("fixCode() draws by an initialiser's name, or by a deviation that is not the usual one", () => {
  const kernel = { weight: "a/kernel" };
  assertEquals(drawn([kernel], "heUniform"), 'kernelInitializer: "heUniform"  // in a');
  assertEquals(drawn([kernel], "heUniform", "keras"), 'kernel_initializer="he_normal"  # in a');
  assertEquals(drawn([kernel], "zeros", "keras"), 'kernel_initializer="zeros"  # in a');
  assertEquals(
    drawn([{ ...kernel, std: 0.05 }], "randomNormal"),
    'kernelInitializer: "randomNormal"  // in a',
  );
  assertEquals(
    drawn([{ ...kernel, std: 0.02 }], "randomNormal"),
    "kernelInitializer: tf.initializers.randomNormal({ stddev: 0.02 })  // in a",
  );
  assertEquals(
    drawn([{ ...kernel, std: 0.02 }], "randomNormal", "keras"),
    "kernel_initializer=keras.initializers.RandomNormal(stddev=0.02)  # in a",
  );
});

Deno.test("describeFix() says each layer's arguments, and which layers get others", () => {
  const weights = [
    { layer: "a", weight: "a/kernel", std: 1 },
    { layer: "a", weight: "a/recurrent_kernel", std: 1 },
    { layer: "b", weight: "b/embeddings", std: 1, initializer: "randomUniform" },
  ];
  assertEquals(
    said({ kind: "redraw", weights, initializer: "heUniform" }),
    'Draw the kernels of a, b with kernelInitializer: "heUniform", recurrentInitializer: ' +
      '"heUniform" (a) and embeddingsInitializer: "randomUniform" (b).',
  );
});

Deno.test("inKerasConfig() gives initialisers as classes of Keras", () => {
  const seed = null;
  assertEquals(inKerasConfig("heUniform", 1), { className: "HeNormal", config: { seed } });
  assertEquals(inKerasConfig("leCunUniform", 1), { className: "LecunNormal", config: { seed } });
  assertEquals(inKerasConfig("randomUniform", 1), {
    className: "RandomUniform",
    config: { minval: -0.05, maxval: 0.05, seed },
  });
  for (const [std, stddev] of [[0.02, 0.02], [undefined, 0.05]] as const) {
    assertEquals(inKerasConfig("randomNormal", std), {
      className: "RandomNormal",
      config: { mean: 0, stddev, seed },
    });
  }
});

Deno.test("argumentOf() names the argument that draws a weight", () => {
  const names = ["embeddings_1", "recurrent_kernel", "gamma", "bias_2", "kernel"];
  assertEquals(names.map((name) => argumentOf({ layer: "a", weight: `a/${name}` })), [
    "embeddingsInitializer",
    "recurrentInitializer",
    "gammaInitializer",
    "biasInitializer",
    "kernelInitializer",
  ]);
});

Deno.test("namesInComment() shortens runs of four names and more, and escapes what ends a line", () => {
  const names = (...all: string[]) => namesInComment(all);
  assertEquals(names("d_1", "d_2", "d_3"), "d_1, d_2, d_3");
  assertEquals(names("in", "d_1", "d_2", "d_3", "d_4", "out"), "in, d_1 ... d_4, out");
  assertEquals(names("d_9", "d_10", "d_11", "d_12", "e_13"), "d_9 ... d_12, e_13");
  assertEquals(names("d", "d1", "d2", "d3", "d4"), "d, d1 ... d4");
  assertEquals(names("1", "2", "3", "4"), "1 ... 4");
  assertEquals(names("d_1", "d_3", "d_5", "d_7"), "d_1, d_3, d_5, d_7");
  assertEquals(names("d_1", "e_2", "d_3", "e_4"), "d_1, e_2, d_3, e_4");
  assertEquals(names("a\nb").includes("\n"), false);
});

/** Code for weights of a program of PyTorch. */
const inTorch = (weights: { weight: string; layer?: string; source?: string }[]) =>
  fixCode({
    kind: "set-bias",
    value: 0,
    weights: weights.map((weight) => ({ layer: "a", ...weight })),
    framework: "pytorch",
  });

Deno.test("fixCode() sets the weights of a program by their names, five or more in a loop", () => {
  const names = ["net.0.bias", "net.1.bias", "net.2.bias", "net.3.bias", "head.bias"];
  const rows = names.map((weight) => ({ weight }));
  assertEquals(
    inTorch(rows.slice(0, 4)),
    [0, 1, 2, 3].map((i) => `nn.init.zeros_(model.net[${i}].bias)`).join("\n"),
  );
  assertEquals(
    inTorch(rows),
    "for w in [model.net[0].bias, model.net[1].bias, model.net[2].bias, model.net[3].bias, " +
      "model.head.bias]:\n    nn.init.zeros_(w)",
  );
  assertEquals(
    inTorch([{ weight: "a.bias", source: "net.py:12" }]),
    "nn.init.zeros_(model.a.bias)  # net.py:12",
  );
  assertEquals(
    inTorch([{ weight: "a.b-c.bias" }]),
    'nn.init.zeros_(dict(model.named_parameters())["a.b-c.bias"])',
  );
});

Deno.test("fixCode() names the modules of a state dict, that of a recurrent layer without its number", () => {
  const of = (layer: string, weight: string) => inTorch([{ layer, weight }])!.split("  # ")[1];
  assertEquals(of("net.0", "net.0/bias"), "where m is net.0");
  assertEquals(of("lstm.l0", "lstm.l0/bias_ih_l0"), "where m is lstm");
  assertEquals(of("lstm.l0", "lstm.l0/bias"), "where m is lstm.l0");
  assertEquals(of(".l0", ".l0/bias_l0"), "where m is .l0");
  assertEquals(of("l0", "l0/bias_l0"), "where m is l0");
  assertEquals(of("a.l0", "a.l0/bias_l0"), "where m is a");
});

Deno.test("fixCode() starts biases at a number, and draws by fan_out where PyTorch has another order", () => {
  const start = (value: number) =>
    fixCode({
      kind: "set-bias",
      value,
      weights: [{ layer: "a", weight: "a.bias" }],
      framework: "pytorch",
    });
  assertEquals([start(0), start(1)], [
    "nn.init.zeros_(model.a.bias)",
    "nn.init.constant_(model.a.bias, 1)",
  ]);
  const { startCode } = FRAMEWORK_WORDS.tensorflowjs;
  const weights = [{ layer: "a", weight: "a/bias" }];
  assertEquals([0, 1, 2].map((value) => startCode(weights, value).split("  //")[0]), [
    'biasInitializer: "zeros"',
    'biasInitializer: "ones"',
    "biasInitializer: tf.initializers.constant({ value: 2 })",
  ]);
  assertEquals(
    FRAMEWORK_WORDS.keras.startCode(weights, 2),
    "bias_initializer=keras.initializers.Constant(2)  # in a",
  );
  const draw = (initializer: string, inputsFirst?: boolean) =>
    fixCode({
      kind: "redraw",
      initializer,
      weights: [{ layer: "a", weight: "a.weight", std: 1, ...inputsFirst ? { inputsFirst } : {} }],
      framework: "pytorch",
    });
  assertEquals(
    draw("heUniform"),
    'nn.init.kaiming_normal_(model.a.weight, nonlinearity="relu")',
  );
  assertEquals(
    draw("leCunUniform", true),
    'nn.init.kaiming_normal_(model.a.weight, mode="fan_out", nonlinearity="linear")',
  );
});

Deno.test("initializerFor() takes He's for activations with a gain above 1", () => {
  assertEquals(["relu", "linear", "sigmoid", "softmax"].map(initializerFor), [
    "heUniform",
    "leCunUniform",
    "leCunUniform",
    "leCunUniform",
  ]);
});
