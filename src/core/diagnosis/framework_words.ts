import { escapeControls } from "../../ground/words/show_value.ts";
import { formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import { type FixWeight, initializerIn, type Redrawn } from "./fix.ts";

/** Framework in whose words a fix is expressed. */
type Framework = "tensorflowjs" | "keras" | "pytorch";

/**
 * Wording of a framework for changes to weights and layers: in a sentence, and as code to paste.
 */
interface FrameworkWords {
  /** Returns the setting that draws weights: `kernelInitializer: "heUniform"`. */
  draw(weights: readonly Redrawn[], initializer: string): string;
  /** Returns the same as code. */
  drawCode(weights: readonly Redrawn[], initializer: string): string;
  /**
   * Returns the code that starts biases at a number; nothing if it is an argument of their layer.
   */
  start(weights: readonly FixWeight[], value: number): string;
  /** Returns code that starts biases at a number. */
  startCode(weights: readonly FixWeight[], value: number): string;
  /** Returns code that multiplies weights. */
  multiplyCode(weights: readonly (FixWeight & { factor: number })[]): string;
  /** Returns code that trains a frozen layer. */
  trainCode(layer: string): string;
  /** Returns code that subtracts a number from values and divides them by another. */
  scaleCode(values: string, by: { subtract: number; divide: number }): string;
  /** Returns code that adds a number to values. */
  addCode(values: string, by: number): string;
  /** Returns code that gives values another shape, whatever the number of examples. */
  reshapeCode(values: string, shape: readonly number[]): string;
  /** Returns code that normalises values by their own mean and deviation over some axes. */
  normalizeCode(values: string, axes: readonly number[]): string;
  /** Returns an argument of a layer or of a call: `activation: "relu"`. */
  argument(name: string, value: string | number): string;
  /** Returns the name of an activation or a loss. */
  name(camelCase: string): string;
  /** Setting for `trainable`, in a sentence. */
  trainable: string;
  /** Beginning of a comment. */
  comment: "//" | "#";
}

/** Share of the mean from which on values vary: less is rounding, and is not divided by. */
export const VARIES_FROM = 1e-6;

export const FRAMEWORK_WORDS: Readonly<Record<Framework, FrameworkWords>> = {
  tensorflowjs: {
    draw: (weights, initializer) => eachInitializer(weights, initializer, inTensorFlowJs),
    drawCode: (weights, initializer) =>
      eachInitializerCode(weights, initializer, inTensorFlowJs, "//"),
    start: () => "",
    startCode(weights, value) {
      const constant = `tf.initializers.constant({ value: ${value} })`;
      return `${argumentOf(weights[0])}: ${CONSTANTS[value] ?? constant}  // in ${
        layersOf(weights)
      }`;
    },
    multiplyCode: (weights) =>
      // Layers of about the same factor share a call.
      [...Map.groupBy(weights, ({ factor }) => formatFactor(factor))].map(([factor, alike]) =>
        `rescaleWeights(model, ${factor.replace("/", " / ")}, { layers: ${
          JSON.stringify([...new Set(alike.map(({ layer }) => layer))])
        } });`
      ).join("\n"),
    trainCode: (layer) => `model.getLayer(${JSON.stringify(layer)}).trainable = true;`,
    scaleCode: (values, { subtract, divide }) =>
      values + (subtract === 0 ? "" : `.sub(${subtract})`) +
      (divide === 1 ? "" : `.div(${divide})`),
    addCode: (values, by) => `${values}.add(${by})`,
    reshapeCode: (values, shape) => `${values}.reshape([${ofExamples(shape)}])`,
    normalizeCode: (values, axes) =>
      `const { mean, variance } = tf.moments(${values}, [${axes.join(", ")}], true);\n` +
      `const std = variance.sqrt();\n` +
      `const varies = std.greater(mean.abs().mul(${VARIES_FROM}));\n` +
      `${values}.sub(mean).div(tf.where(varies, std, tf.onesLike(std)))`,
    argument: (name, value) => `${name}: ${JSON.stringify(value)}`,
    name: (camelCase) => camelCase,
    trainable: "trainable = true",
    comment: "//",
  },
  keras: {
    draw: (weights, initializer) => eachInitializer(weights, initializer, inKeras),
    drawCode: (weights, initializer) => eachInitializerCode(weights, initializer, inKeras, "#"),
    start: () => "",
    startCode(weights, value) {
      const argument = snakeCase(argumentOf(weights[0]));
      const initializer = CONSTANTS[value] ?? `keras.initializers.Constant(${value})`;
      return `${argument}=${initializer}  # in ${layersOf(weights)}`;
    },
    multiplyCode: (weights) =>
      [...Map.groupBy(weights, ({ factor }) => formatFactor(factor))].map(([factor, alike]) => {
        const layers = [...new Set(alike.map(({ layer }) => getLayer(layer)))];
        const names = [...new Set(alike.map(({ weight }) => JSON.stringify(ownName(weight))))];
        return `for layer in [${layers.join(", ")}]:\n` +
          `    for w in layer.weights:\n` +
          `        if w.name in [${names.join(", ")}]:\n` +
          `            w.assign(w * ${factor.replace("/", " / ")})`;
      }).join("\n"),
    trainCode: (layer) => `${getLayer(layer)}.trainable = True`,
    scaleCode: scaleInPython,
    addCode: addInPython,
    reshapeCode: reshapeInPython,
    normalizeCode: (values, axes) =>
      `mean, std = ${values}.mean(axis=${tuple(axes)}, keepdims=True), ` +
      `${values}.std(axis=${tuple(axes)}, keepdims=True)\n` +
      `std[std <= ${VARIES_FROM} * abs(mean)] = 1\n` +
      `${values} = (${values} - mean) / std`,
    argument: (name, value) => `${snakeCase(name)}=${JSON.stringify(value)}`,
    name: nameInKeras,
    trainable: "trainable = True",
    comment: "#",
  },
  // A state dict has no layer arguments: its weights are set after the modules `m` were made.
  pytorch: {
    draw: (weights, initializer) => [...byCall(weights, drawOf(initializer)).keys()].join(" and "),
    drawCode: (weights, initializer) => linesOf(weights, drawOf(initializer)),
    start: (weights, value) =>
      `, with ${[...byCall(weights, startOf(value)).keys()].join(" and ")}`,
    startCode: (weights, value) => linesOf(weights, startOf(value)),
    multiplyCode: (weights) =>
      linesOf(
        weights,
        (weight, { factor }) => `${weight}.data.mul_(${formatFactor(factor).replace("/", " / ")})`,
      ),
    trainCode: (layer) => `model.get_submodule(${JSON.stringify(layer)}).requires_grad_(True)`,
    scaleCode: scaleInPython,
    addCode: addInPython,
    reshapeCode: reshapeInPython,
    normalizeCode: (values, axes) =>
      `mean, std = ${values}.mean(dim=${tuple(axes)}, keepdim=True), ` +
      `${values}.std(dim=${tuple(axes)}, keepdim=True)\n` +
      `std[std <= ${VARIES_FROM} * abs(mean)] = 1\n` +
      `${values} = (${values} - mean) / std`,
    argument: (name, value) => `${snakeCase(name)}=${JSON.stringify(value)}`,
    name: snakeCase,
    trainable: "requires_grad = True",
    comment: "#",
  },
};

/** Returns the code of an initialiser with its standard deviation. */
type Initializer = (weight: Redrawn, name: string) => string;

/** Default deviation of `randomNormal`, in TensorFlow.js and in Keras. */
const USUAL_DEVIATION = 0.05;

const inTensorFlowJs: Initializer = (weight, name) =>
  `${argumentOf(weight)}: ${
    isPlain(weight, name)
      ? `"${name}"`
      : `tf.initializers.randomNormal({ stddev: ${formatNumber(weight.std!)} })`
  }`;

/** Keras's normal initialisers correct for their cut tails, and are the usual ones. */
const KERAS_INITIALIZERS: Readonly<Record<string, string>> = {
  heUniform: "he_normal",
  leCunUniform: "lecun_normal",
};

const inKeras: Initializer = (weight, name) =>
  `${snakeCase(argumentOf(weight))}=${
    isPlain(weight, name)
      ? `"${KERAS_INITIALIZERS[name] ?? snakeCase(name)}"`
      : `keras.initializers.RandomNormal(stddev=${formatNumber(weight.std!)})`
  }`;

/** Returns an initialiser as the Keras class of the words above, with its arguments. */
export function inKerasConfig(
  name: string,
  std: number | undefined,
): { className: string; config: Record<string, number | null> } {
  const seed = null;
  switch (name) {
    case "heUniform":
      return { className: "HeNormal", config: { seed } };
    case "leCunUniform":
      return { className: "LecunNormal", config: { seed } };
    case "randomUniform":
      return {
        className: "RandomUniform",
        config: { minval: -USUAL_DEVIATION, maxval: USUAL_DEVIATION, seed },
      };
    default:
      return {
        className: "RandomNormal",
        config: { mean: 0, stddev: std ?? USUAL_DEVIATION, seed },
      };
  }
}

/** True if the name alone says how the weight is drawn. */
const isPlain = ({ std }: Redrawn, name: string) =>
  name !== "randomNormal" || std === undefined || std === USUAL_DEVIATION;

/** Returns the arguments that layers get, with these layers: a recurrent one has two. */
function byInitializer(
  weights: readonly Redrawn[],
  initializer: string,
  write: Initializer,
): [said: string, layers: string][] {
  const byLayer = Map.groupBy(weights, ({ layer }) => layer);
  const layers = [...byLayer].map(([layer, own]) => {
    const said = own.map((weight) => write(weight, initializerIn({ initializer }, weight)));
    return { layer, said: [...new Set(said)].join(", ") };
  });
  return [...Map.groupBy(layers, ({ said }) => said)].map((
    [said, own],
  ) => [said, namesInComment(own.map(({ layer }) => layer))]);
}

function eachInitializer(
  weights: readonly Redrawn[],
  initializer: string,
  write: Initializer,
): string {
  const groups = byInitializer(weights, initializer, write);
  if (groups.length === 1) return groups[0][0];
  return groups.map(([said, layers]) => `${said} (${layers})`).join(" and ");
}

function eachInitializerCode(
  weights: readonly Redrawn[],
  initializer: string,
  write: Initializer,
  comment: string,
): string {
  return byInitializer(weights, initializer, write)
    .map(([said, layers]) => `${said}  ${comment} in ${layers}`).join("\n");
}

/** Initialisers of constants that have a name. */
const CONSTANTS: Readonly<Record<number, string>> = { 0: '"zeros"', 1: '"ones"' };

/** Returns the argument of a layer that sets how a weight is drawn. */
export function argumentOf({ weight }: FixWeight): string {
  if (/\/embeddings(_\d+)?$/.test(weight)) return "embeddingsInitializer";
  if (/\/recurrent_kernel(_\d+)?$/.test(weight)) return "recurrentInitializer";
  if (/\/gamma(_\d+)?$/.test(weight)) return "gammaInitializer";
  return /\/bias(_\d+)?$/.test(weight) ? "biasInitializer" : "kernelInitializer";
}

/** Returns the name of an activation or a loss as Keras spells it. */
function nameInKeras(name: string): string {
  const plain = name.replace(/FromLogits$/, "");
  return plain === name
    ? snakeCase(name)
    : `${plain[0].toUpperCase()}${plain.slice(1)}(from_logits=True)`;
}

/** Returns `kernelInitializer` as Python spells it. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, "");
}

/**
 * Returns a weight's name within its layer, without the number that TensorFlow.js appends to make
 * it unique.
 */
function ownName(weight: string): string {
  return weight.slice(weight.lastIndexOf("/") + 1).replace(/_\d+$/, "");
}

/** Returns the code for a layer in a Keras model, or in a nested model. */
function getLayer(path: string): string {
  return `model${path.split("/").map((name) => `.get_layer(${JSON.stringify(name)})`).join("")}`;
}

function scaleInPython(
  values: string,
  { subtract, divide }: { subtract: number; divide: number },
): string {
  const shifted = subtract === 0
    ? values
    : `${values} ${subtract < 0 ? "+" : "-"} ${Math.abs(subtract)}`;
  if (divide === 1) return `${values} = ${shifted}`;
  return `${values} = ${subtract === 0 ? shifted : `(${shifted})`} / ${divide}`;
}

function addInPython(values: string, by: number): string {
  return `${values} = ${values} ${by < 0 ? "-" : "+"} ${Math.abs(by)}`;
}

const ofExamples = (shape: readonly number[]) => shape.with(0, -1).join(", ");

function reshapeInPython(values: string, shape: readonly number[]): string {
  return `${values} = ${values}.reshape(${ofExamples(shape)})`;
}

function tuple(axes: readonly number[]): string {
  return axes.length === 1 ? String(axes[0]) : `(${axes.join(", ")})`;
}

/** Returns a PyTorch call for one of its tensors. */
type Call<T extends FixWeight> = (tensor: string, weight: T) => string;

/**
 * Returns calls that draw as Keras's initialisers do: He's deviation is sqrt(2 / fan-in), LeCun's
 * sqrt(1 / fan-in).
 */
function drawOf(initializer: string): Call<Redrawn> {
  // PyTorch takes the second axis as that of the inputs, whatever the layer does with it.
  return (tensor, weight) => {
    // These two only draw weights.
    const isHe = initializerIn({ initializer }, weight) === "heUniform";
    return `nn.init.kaiming_normal_(${tensor}, ${weight.inputsFirst ? 'mode="fan_out", ' : ""}` +
      `nonlinearity="${isHe ? "relu" : "linear"}")`;
  };
}

/** Groups weights by the call that each needs: `m` stands for the module. */
function byCall<T extends FixWeight>(weights: readonly T[], call: Call<T>): Map<string, T[]> {
  return Map.groupBy(
    weights,
    (one) => call(`m.${one.weight.replace(/^.*[/.]/, "")}`, one),
  );
}

const startOf = (value: number): Call<FixWeight> => (bias) =>
  value === 0 ? `nn.init.zeros_(${bias})` : `nn.init.constant_(${bias}, ${value})`;

/** Calls of more weights than this are written as a loop. */
const MAX_CALLS_LISTED = 4;

function linesOf<T extends FixWeight>(weights: readonly T[], call: Call<T>): string {
  // The weights of a program have the names of its state dict, from which follow its modules.
  const isProgram = weights.every(({ weight }) => !weight.includes("/"));
  if (isProgram) {
    return [...byCall(weights, call).values()].map((own) => calls(own, call)).join("\n");
  }
  return [...byCall(weights, call)].map(([line, own]) =>
    `${line}  # where m is ${layersOf(own.map((one) => ({ ...one, layer: moduleOf(one) })))}`
  ).join("\n");
}

/** Writes the calls of weights of a program. */
function calls<T extends FixWeight>(weights: readonly T[], call: Call<T>): string {
  if (weights.length <= MAX_CALLS_LISTED) {
    return weights.map((one) => {
      const place = one.source === undefined ? "" : `  # ${escapeControls(one.source)}`;
      return `${call(inPython(one.weight), one)}${place}`;
    }).join("\n");
  }
  const names = weights.map(({ weight }) => inPython(weight)).join(", ");
  return `for w in [${names}]:\n    ${call("w", weights[0])}`;
}

/** Returns a weight of a state dict as Python code: `model.layer1[0].conv1.weight`. */
function inPython(name: string): string {
  const parts = name.split(".");
  const isCode = parts.every((part) => /^(?:\d+|[A-Za-z_]\w*)$/.test(part));
  if (!isCode) return `dict(model.named_parameters())[${JSON.stringify(name)}]`;
  return `model${parts.map((part) => /^\d/.test(part) ? `[${part}]` : `.${part}`).join("")}`;
}

/** `lstm.l0` is not a module: `lstm` has the weights of its first layer as `weight_ih_l0`. */
function moduleOf({ layer, weight }: FixWeight): string {
  const dot = layer.lastIndexOf(".");
  return dot > 0 && weight.endsWith(`_${layer.slice(dot + 1)}`) ? layer.slice(0, dot) : layer;
}

/**
 * Returns layers for a comment in code, which a name from a file must not end: `dense_1 ...
 * dense_8, head`.
 */
export function namesInComment(layers: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0, end; i < layers.length; i = end) {
    for (end = i + 1; end < layers.length && follows(layers[end - 1], layers[end]);) end++;
    parts.push(
      ...end - i > 3 ? [`${layers[i]} ... ${layers[end - 1]}`] : layers.slice(i, end),
    );
  }
  return parts.map((part) => escapeControls(part)).join(", ");
}

/** Returns true if a name is the other one with the next number at its end. */
function follows(before: string, name: string): boolean {
  const [[stem, number], [other, next]] = [before, name].map((text) => {
    const [digits] = text.match(/\d*$/)!;
    return [text.slice(0, text.length - digits.length), digits];
  });
  return stem === other && number !== "" && next === String(Number(number) + 1);
}

const layersOf = (weights: readonly FixWeight[]) =>
  namesInComment([...new Set(weights.map(({ layer }) => layer))]);
