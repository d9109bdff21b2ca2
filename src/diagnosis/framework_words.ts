import { escapeControls } from "../words/escape_controls.ts";
import { formatFactor, formatNumber } from "../words/numbers.ts";
import { type CuredWeight, initializerIn, type Redrawn } from "./cure.ts";

/** Framework in whose words a fix is said. */
export type Framework = "tensorflowjs" | "keras" | "pytorch";

/** How a framework says what its users do about weights and layers: in a sentence, and as code to paste. */
export interface FrameworkWords {
  /** How weights are drawn: `kernelInitializer: "heUniform"`. */
  draw(weights: readonly Redrawn[], initializer: string): string;
  /** The same as code. */
  drawCode(weights: readonly Redrawn[], initializer: string): string;
  /** Code that starts biases at a number. */
  startCode(weights: readonly CuredWeight[], value: number): string;
  /** Code that multiplies weights. */
  multiplyCode(weights: readonly (CuredWeight & { factor: number })[]): string;
  /** Code that trains a frozen layer. */
  trainCode(layer: string): string;
  /** Code of values minus a number, divided by another one. */
  scaleCode(values: string, by: { subtract: number; divide: number }): string;
  /** Code of values plus a number. */
  addCode(values: string, by: number): string;
  /** Code that normalises values by their own mean and deviation over some axes. */
  normalizeCode(values: string, axes: readonly number[]): string;
  /** Argument of a layer or of a call: `activation: "relu"`. */
  argument(name: string, value: string | number): string;
  /** Name of an activation or a loss. */
  name(camelCase: string): string;
  /** What sets `trainable`, in a sentence. */
  trainable: string;
  /** Beginning of a comment. */
  comment: "//" | "#";
}

/** The words of each framework whose networks are judged. */
export const FRAMEWORK_WORDS: Readonly<Record<Framework, FrameworkWords>> = {
  tensorflowjs: {
    draw: (weights, initializer) => eachInitializer(weights, initializer, inTensorFlowJs),
    drawCode: (weights, initializer) =>
      eachInitializerCode(weights, initializer, inTensorFlowJs, "//"),
    startCode(weights, value) {
      const initializer = value === 0 ? '"zeros"' : `tf.initializers.constant({ value: ${value} })`;
      return `biasInitializer: ${initializer}  // in ${layersOf(weights)}`;
    },
    multiplyCode: (weights) =>
      // Layers of about the same factor together.
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
    // Where nothing varies, a little keeps 0 / 0 away.
    normalizeCode: (values, axes) =>
      `const { mean, variance } = tf.moments(${values}, [${axes.join(", ")}], true);\n` +
      `${values}.sub(mean).div(variance.sqrt().add(1e-6))`,
    argument: (name, value) => `${name}: ${JSON.stringify(value)}`,
    name: (camelCase) => camelCase,
    trainable: "trainable = true",
    comment: "//",
  },
  keras: {
    draw: (weights, initializer) => eachInitializer(weights, initializer, inKeras),
    drawCode: (weights, initializer) => eachInitializerCode(weights, initializer, inKeras, "#"),
    startCode(weights, value) {
      const initializer = value === 0 ? '"zeros"' : `keras.initializers.Constant(${value})`;
      return `bias_initializer=${initializer}  # in ${layersOf(weights)}`;
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
    normalizeCode: (values, axes) =>
      `mean, std = ${values}.mean(axis=${tuple(axes)}, keepdims=True), ` +
      `${values}.std(axis=${tuple(axes)}, keepdims=True)\n` +
      `${values} = (${values} - mean) / (std + 1e-6)`,
    argument: (name, value) => `${snakeCase(name)}=${JSON.stringify(value)}`,
    name: nameInKeras,
    trainable: "trainable = True",
    comment: "#",
  },
  // A state dict has no arguments of layers: what it holds is set after the modules `m` were made.
  pytorch: {
    draw: (weights, initializer) => [...byCall(weights, drawOf(initializer)).keys()].join(" and "),
    drawCode: (weights, initializer) => linesOf(weights, drawOf(initializer)),
    startCode: (weights, value) =>
      linesOf(
        weights,
        (bias) => value === 0 ? `nn.init.zeros_(${bias})` : `nn.init.constant_(${bias}, ${value})`,
      ),
    multiplyCode: (weights) =>
      linesOf(
        weights,
        (weight, { factor }) => `${weight}.data.mul_(${formatFactor(factor).replace("/", " / ")})`,
      ),
    trainCode: (layer) => `model.get_submodule(${JSON.stringify(layer)}).requires_grad_(True)`,
    scaleCode: scaleInPython,
    addCode: addInPython,
    normalizeCode: (values, axes) =>
      `mean, std = ${values}.mean(dim=${tuple(axes)}, keepdim=True), ` +
      `${values}.std(dim=${tuple(axes)}, keepdim=True)\n` +
      `${values} = (${values} - mean) / (std + 1e-6)`,
    argument: (name, value) => `${snakeCase(name)}=${JSON.stringify(value)}`,
    name: snakeCase,
    trainable: "requires_grad = True",
    comment: "#",
  },
};

/** How an initialiser is written with its standard deviation. */
type Initializer = (weight: Redrawn, name: string) => string;

/** The deviation that `randomNormal` has by default, in TensorFlow.js and in Keras. */
const USUAL_DEVIATION = 0.05;

const inTensorFlowJs: Initializer = (weight, name) =>
  `${argumentOf(weight)}: ${
    isPlain(weight, name)
      ? `"${name}"`
      : `tf.initializers.randomNormal({ stddev: ${formatNumber(weight.std!)} })`
  }`;

/** Keras's normal initialisers make up for their tails, and are the usual ones. */
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

/** An initialiser as the class of Keras that the words above name, with its arguments. */
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

/** Arguments that layers are given, with these layers: a recurrent one has two. */
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

/** Argument of a layer that says how a weight is drawn. */
export function argumentOf({ weight }: CuredWeight): string {
  if (/\/embeddings(_\d+)?$/.test(weight)) return "embeddingsInitializer";
  if (/\/recurrent_kernel(_\d+)?$/.test(weight)) return "recurrentInitializer";
  return /\/bias(_\d+)?$/.test(weight) ? "biasInitializer" : "kernelInitializer";
}

/** Spells the name of an activation or a loss as Keras has it. */
function nameInKeras(name: string): string {
  const plain = name.replace(/FromLogits$/, "");
  return plain === name
    ? snakeCase(name)
    : `${plain[0].toUpperCase()}${plain.slice(1)}(from_logits=True)`;
}

/** `kernelInitializer` as Python spells it. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, "");
}

/** A weight's name within its layer, without the number by which TensorFlow.js tells equal names apart. */
function ownName(weight: string): string {
  return weight.slice(weight.lastIndexOf("/") + 1).replace(/_\d+$/, "");
}

/** A layer in a model of Keras, or in a model within it. */
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

/** A tuple of Python. */
function tuple(axes: readonly number[]): string {
  return axes.length === 1 ? String(axes[0]) : `(${axes.join(", ")})`;
}

/** A call of PyTorch for one of its tensors. */
type Call<T extends CuredWeight> = (tensor: string, weight: T) => string;

/** What draws as Keras's initialisers do: He's deviation is sqrt(2 / fan-in), LeCun's sqrt(1 / fan-in). */
function drawOf(initializer: string): Call<Redrawn> {
  // PyTorch takes the second axis for that of the inputs, whatever the layer does with it.
  return (tensor, weight) => {
    // Weights alone are drawn by these two.
    const isHe = initializerIn({ initializer }, weight) === "heUniform";
    return `nn.init.kaiming_normal_(${tensor}, ${weight.inputsFirst ? 'mode="fan_out", ' : ""}` +
      `nonlinearity="${isHe ? "relu" : "linear"}")`;
  };
}

/** The weights by the call that each needs: `m` is the module, whatever it is called. */
function byCall<T extends CuredWeight>(weights: readonly T[], call: Call<T>): Map<string, T[]> {
  return Map.groupBy(
    weights,
    (one) => call(`m.${one.weight.slice(one.weight.lastIndexOf("/") + 1)}`, one),
  );
}

function linesOf<T extends CuredWeight>(weights: readonly T[], call: Call<T>): string {
  return [...byCall(weights, call)].map(([line, own]) =>
    `${line}  # where m is ${layersOf(own.map((one) => ({ ...one, layer: moduleOf(one) })))}`
  ).join("\n");
}

/** `lstm.l0` is no module: `lstm` has the weights of its first layer as `weight_ih_l0`. */
function moduleOf({ layer, weight }: CuredWeight): string {
  const dot = layer.lastIndexOf(".");
  return dot > 0 && weight.endsWith(`_${layer.slice(dot + 1)}`) ? layer.slice(0, dot) : layer;
}

/** Layers in a comment of code, which a name from a file must not end: `dense_1 ... dense_8, head`. */
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

/** Whether a name is another one with the next number at its end. */
function follows(before: string, name: string): boolean {
  const [[stem, number], [other, next]] = [before, name].map((text) => {
    const [digits] = text.match(/\d*$/)!;
    return [text.slice(0, text.length - digits.length), digits];
  });
  return stem === other && number !== "" && next === String(Number(number) + 1);
}

const layersOf = (weights: readonly CuredWeight[]) =>
  namesInComment([...new Set(weights.map(({ layer }) => layer))]);
