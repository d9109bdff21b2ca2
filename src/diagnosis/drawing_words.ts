import { escapeControls } from "../words/escape_controls.ts";
import { formatFactor } from "../words/numbers.ts";
import type { CuredWeight } from "./cure.ts";

/** How a framework says what its users do about weights: in a sentence, and as code to paste. */
export interface DrawingWords {
  /** How weights are drawn: `kernelInitializer: "heNormal"`. */
  draw(weights: readonly CuredWeight[], initializer: string): string;
  /** The same as code. */
  drawCode(weights: readonly CuredWeight[], initializer: string): string;
  /** Code that starts biases at a number. */
  startCode(weights: readonly CuredWeight[], value: number): string;
  /** Code that multiplies weights. */
  multiplyCode(weights: readonly (CuredWeight & { factor: number })[]): string;
}

/** The words of each framework whose networks are judged. */
export const DRAWING_WORDS: Readonly<Record<"keras" | "pytorch", DrawingWords>> = {
  // TensorFlow.js has Keras's.
  keras: {
    draw: (weights, initializer) => `${argumentOf(weights)}: "${initializer}"`,
    drawCode(weights, initializer) {
      return `${this.draw(weights, initializer)}  // in ${layersOf(weights)}`;
    },
    startCode(weights, value) {
      const initializer = value === 0 ? '"zeros"' : `tf.initializers.constant({ value: ${value} })`;
      return `biasInitializer: ${initializer}  // in ${layersOf(weights)}`;
    },
    multiplyCode(weights) {
      // Layers of about the same factor together.
      const calls = Map.groupBy(weights, ({ factor }) => formatFactor(factor));
      return [...calls].map(([factor, alike]) =>
        `rescaleWeights(model, ${factor.replace("/", " / ")}, { layers: ${
          JSON.stringify([...new Set(alike.map(({ layer }) => layer))])
        } });`
      ).join("\n");
    },
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
  },
};

/** What the argument of a layer is called that says how weights are drawn. */
function argumentOf([{ weight }]: readonly CuredWeight[]): string {
  if (/\/embeddings(_\d+)?$/.test(weight)) return "embeddingsInitializer";
  return /\/bias(_\d+)?$/.test(weight) ? "biasInitializer" : "kernelInitializer";
}

/** A call of PyTorch for one of its tensors. */
type Call<T extends CuredWeight> = (tensor: string, weight: T) => string;

/** What draws as Keras's initialisers do: He's deviation is sqrt(2 / fan-in), LeCun's sqrt(1 / fan-in). */
function drawOf(initializer: string): Call<CuredWeight> {
  // Weights alone are cured by these two.
  const nonlinearity = initializer === "heNormal" ? "relu" : "linear";
  // PyTorch takes the second axis for that of the inputs, whatever the layer does with it.
  return (tensor, { inputsFirst }) =>
    `nn.init.kaiming_normal_(${tensor}, ${inputsFirst ? 'mode="fan_out", ' : ""}` +
    `nonlinearity="${nonlinearity}")`;
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
