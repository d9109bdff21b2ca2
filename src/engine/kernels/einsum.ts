import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import { type EinsumTerms, einsumTerms } from "./einsum_equation.ts";
import { EinsumSteps, type Operand } from "./einsum_steps.ts";
import type { GradientFactory, KernelContext, KernelRepair } from "./kernel_context.ts";

/**
 * `Einsum`: TensorFlow.js has it only on other backends, for one or two operands, without `...` and
 * without repeated letters in an operand. Here there may be any number of operands, contracted from
 * left to right; each product uses this project's GEMM, with the axis order that copies least.
 */
const einsumKernel = defineKernel<{ equation: string }>("Einsum", (context, inputs, attributes) => {
  const given = Object.values(inputs);
  const terms = einsumTerms(attributes.equation, given.map(({ shape }) => shape));
  const steps = new EinsumSteps(context, terms.sizes);
  try {
    return contract(context, steps, terms, given);
  } catch (error) {
    steps.freeAll();
    throw error;
  }
});

/** Contracts the operands from left to right. */
function contract(
  context: KernelContext,
  steps: EinsumSteps,
  { inputs, output }: EinsumTerms,
  given: readonly TensorInfo[],
): TensorInfo {
  const operands = given.map((tensor, i): Operand => {
    const labels = inputs[i];
    return tensor.dtype === "float32"
      ? { tensor, labels, isOwn: false }
      : { tensor: context.run("Cast", { x: tensor }, { dtype: "float32" }), labels, isOwn: true };
  });
  const wantedAfter = (i: number, ...more: (readonly string[])[]) =>
    new Set([output, ...inputs.slice(i + 1), ...more].flat());
  let result = steps.reduce(operands[0], wantedAfter(0));
  for (const [i, operand] of operands.entries()) {
    if (i === 0) continue;
    const next = steps.reduce(operand, wantedAfter(i, result.labels));
    result = steps.multiply(result, next, wantedAfter(i), output);
  }
  const arranged = steps.arrange(result, output);
  const whole = given.every(({ dtype }) => dtype !== "float32");
  const made = whole ? steps.next(arranged, "Cast", { dtype: "int32" }, output) : arranged;
  // An unchanged operand still belongs to the caller.
  return made.isOwn ? made.tensor : context.run("Identity", { x: made.tensor });
}

/**
 * Gradient of `Einsum`, which TensorFlow.js lacks ("gradient function not found for Einsum"): for
 * each operand, the Einstein sum of the incoming gradient and the other operands.
 */
const einsumGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc(dy, saved, attrs) {
    const operands = saved as Tensor[];
    const { equation } = attrs as unknown as { equation: string };
    const terms = einsumTerms(equation, operands.map(({ shape }) => shape));
    return Object.fromEntries(
      operands.map((_, i) => [i, () => gradientOf(tf, dy as Tensor, operands, terms, i)]),
    );
  },
});

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function gradientOf(
  tf: TensorFlow,
  dy: Tensor,
  operands: readonly Tensor[],
  { inputs, output, sizes }: EinsumTerms,
  index: number,
): Tensor {
  const letters = new Map([...sizes.keys()].map((label, i) => [label, LETTERS[i]]));
  const written = (labels: readonly string[]) => labels.map((label) => letters.get(label)).join("");
  // Axes that broadcast have one entry and are left out.
  const terms = operands.map((operand, i) => {
    const labels = inputs[i].filter((label, axis) => operand.shape[axis] === sizes.get(label));
    const shape = labels.map((label) => sizes.get(label)!);
    return {
      labels,
      read: () => labels.length === operand.rank ? operand : tf.reshape(operand, shape),
    };
  });
  const others = terms.filter((_, i) => i !== index);
  const known = new Set([...output, ...others.flatMap(({ labels }) => labels)]);
  const own = terms[index].labels;
  const found = own.filter((label, axis) => known.has(label) && own.indexOf(label) === axis);
  const equation = `${[output, ...others.map(({ labels }) => labels)].map(written).join()}->` +
    written(found);
  const gradient = tf.einsum(equation, dy, ...others.map(({ read }) => read()));
  const { shape } = operands[index];
  const labels = inputs[index];
  if (found.length === shape.length) return gradient;
  const isAt = (axis: number) =>
    found.includes(labels[axis]) && shape[axis] === sizes.get(labels[axis]) &&
    labels.indexOf(labels[axis]) === axis;
  const spread = tf.broadcastTo(
    tf.reshape(gradient, shape.map((size, axis) => isAt(axis) ? size : 1)),
    shape,
  );
  // If an operand's diagonal was taken, its other entries have no gradient.
  return labels.reduce((masked, label, axis) => {
    const first = labels.indexOf(label);
    if (first === axis) return masked;
    const eye = tf.reshape(
      tf.eye(shape[axis]),
      shape.map((size, one) => one === first || one === axis ? size : 1),
    );
    return tf.mul(masked, eye);
  }, spread);
}

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [einsumKernel],
  gradients: [einsumGradient],
};
