import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import { type EinsumTerms, einsumTerms } from "./einsum_equation.ts";
import type {
  GradientFactory,
  KernelAttributes,
  KernelContext,
  KernelRepair,
} from "./kernel_context.ts";

/** A tensor with a label for each axis. */
interface Operand {
  tensor: TensorInfo;
  labels: readonly string[];
  /** Whether it was made on the way, and has to be freed. */
  isOwn: boolean;
}

/** The steps that an Einstein sum is made of, each a kernel. */
class Steps {
  readonly #context: KernelContext;
  readonly #sizes: Map<string, number>;

  constructor(context: KernelContext, sizes: Map<string, number>) {
    this.#context = context;
    this.#sizes = sizes;
  }

  sizeOf(labels: readonly string[]): number {
    return labels.reduce((product, label) => product * this.#sizes.get(label)!, 1);
  }

  /** Runs a kernel on an operand, which is freed if it was made on the way. */
  next(from: Operand, kernelName: string, attrs: KernelAttributes, labels: readonly string[]) {
    const tensor = this.#context.run(kernelName, { x: from.tensor }, attrs);
    if (from.isOwn) this.#context.dispose(from.tensor);
    return { tensor, labels, isOwn: true };
  }

  reshape(from: Operand, shape: number[], labels: readonly string[] = from.labels): Operand {
    return this.next(from, "Reshape", { shape }, labels);
  }

  /** Puts the axes in another order. */
  arrange(from: Operand, labels: readonly string[]): Operand {
    if (labels.join() === from.labels.join()) return from;
    return this.next(
      from,
      "Transpose",
      { perm: labels.map((label) => from.labels.indexOf(label)) },
      labels,
    );
  }

  /** Adds up the axes that nothing else has, takes diagonals, and leaves out axes that broadcast. */
  reduce(from: Operand, wanted: ReadonlySet<string>): Operand {
    let operand = this.#diagonals(from);
    const { shape } = operand.tensor;
    const own = operand.labels.filter((label, i) => shape[i] === this.#sizes.get(label));
    if (own.length < operand.labels.length) {
      operand = this.reshape(operand, own.map((label) => this.#sizes.get(label)!), own);
    }
    const axis = own.flatMap((label, i) => wanted.has(label) ? [] : [i]);
    return axis.length === 0
      ? operand
      : this.next(operand, "Sum", { axis, keepDims: false }, own.filter((one) => wanted.has(one)));
  }

  #diagonals(from: Operand): Operand {
    const twice = from.labels.find((label, i) => from.labels.indexOf(label) !== i);
    if (twice === undefined) return from;
    const [first, second] = from.labels.flatMap((label, i) => label === twice ? [i] : []);
    const rest = from.labels.flatMap((_, i) => i === first || i === second ? [] : [i]);
    const labels = [...rest.map((i) => from.labels[i]), twice];
    const shape = rest.map((i) => from.tensor.shape[i]);
    const size = from.tensor.shape[first];
    const moved = this.next(from, "Transpose", { perm: [...rest, first, second] }, labels);
    const count = shape.reduce((product, length) => product * length, 1);
    const flat = this.reshape(moved, [count, size * size]);
    const slice = {
      ...{ begin: [0, 0], end: [count, size * size], strides: [1, size + 1] },
      ...{ beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 },
    };
    const taken = this.next(flat, "StridedSlice", slice, labels);
    return this.#diagonals(this.reshape(taken, [...shape, size]));
  }

  /** The product of two operands, summed over the axes that both have and nothing else needs. */
  multiply(a: Operand, b: Operand, wanted: ReadonlySet<string>, order: readonly string[]): Operand {
    const { left, right, common, summed } = this.#plan(a, b, wanted, order);
    const [m, n] = [left, right].map(({ own }) => this.sizeOf(own));
    const [batch, k] = [common, summed].map((labels) => this.sizeOf(labels));
    // Nothing to sum, or nothing but: a product entry by entry, which a product of matrices of one row is slow at.
    const isPlain = k === 1 || m === 1 && n === 1;
    const shapes = isPlain ? [[batch, m, 1, k], [batch, 1, n, k]] : [left, right].map((side) => {
      const size = this.sizeOf(side.own);
      return side.isTurned ? [batch, k, size] : [batch, size, k];
    });
    const [x, y] = [left, right].map((side, i) => {
      const turned = side.isTurned && !isPlain;
      const labels = [
        ...common,
        ...turned ? [...summed, ...side.own] : [...side.own, ...summed],
      ];
      return this.reshape(this.arrange(side.operand, labels), shapes[i]).tensor;
    });
    const { run, dispose } = this.#context;
    const labels = [...common, ...left.own, ...right.own];
    const tensor = isPlain ? run("Multiply", { a: x, b: y }) : run("BatchMatMul", { a: x, b: y }, {
      transposeA: left.isTurned,
      transposeB: !right.isTurned,
    });
    dispose(x, y);
    const product = { tensor, labels, isOwn: true };
    const sum = isPlain
      ? this.next(product, "Sum", { axis: [3], keepDims: false }, labels)
      : product;
    return this.reshape(sum, labels.map((label) => this.#sizes.get(label)!));
  }

  /** How to multiply with the fewest entries copied: which operand comes first, and in which order axes lie. */
  #plan(a: Operand, b: Operand, wanted: ReadonlySet<string>, order: readonly string[]) {
    const shared = a.labels.filter((label) => b.labels.includes(label));
    const kept = shared.filter((label) => wanted.has(label));
    const gone = shared.filter((label) => !wanted.has(label));
    const as = (labels: string[], like: readonly string[]) =>
      like.filter((label) => labels.includes(label));
    const ways = [[a, b], [b, a]].flatMap(([x, y]) =>
      [x.labels, y.labels, order].flatMap((like) =>
        [x.labels, y.labels].map((by) => {
          const [common, summed] = [as(kept, like), as(gone, by)];
          const [left, right] = [x, y].map((operand) => {
            const own = operand.labels.filter((label) => !shared.includes(label));
            const isTurned = operand.labels.join() === [...common, ...summed, ...own].join();
            const lies = isTurned ||
              operand.labels.join() === [...common, ...own, ...summed].join();
            return { operand, own, isTurned, cost: lies ? 0 : this.sizeOf(operand.labels) };
          });
          const result = [...common, ...left.own, ...right.own];
          const cost = left.cost + right.cost +
            (result.join() === as(result, order).join() ? 0 : this.sizeOf(result));
          return { left, right, common, summed, cost, isWhole: common.length === kept.length };
        })
      )
    );
    return ways.filter(({ isWhole }) => isWhole).reduce((best, way) =>
      way.cost < best.cost ? way : best
    );
  }
}

/**
 * `Einsum`: TensorFlow.js has it on its other backends, for one or two operands, without `...` and without a
 * letter twice in one. Here there may be any number, contracted from left to right; each product goes through
 * the GEMM of this project, with its axes in the order that copies least.
 */
const einsumKernel = defineKernel<{ equation: string }>("Einsum", (context, inputs, attributes) => {
  const given = Object.values(inputs);
  const terms = einsumTerms(attributes.equation, given.map(({ shape }) => shape));
  const { output } = terms;
  const steps = new Steps(context, terms.sizes);
  const operands = given.map((tensor, i): Operand => {
    const labels = terms.inputs[i];
    return tensor.dtype === "float32"
      ? { tensor, labels, isOwn: false }
      : { tensor: context.run("Cast", { x: tensor }, { dtype: "float32" }), labels, isOwn: true };
  });
  const wantedAfter = (i: number, ...more: (readonly string[])[]) =>
    new Set([output, ...terms.inputs.slice(i + 1), ...more].flat());
  let result = steps.reduce(operands[0], wantedAfter(0));
  for (const [i, operand] of operands.entries()) {
    if (i === 0) continue;
    const next = steps.reduce(operand, wantedAfter(i, result.labels));
    result = steps.multiply(result, next, wantedAfter(i), output);
  }
  const arranged = steps.arrange(result, output);
  const whole = given.every(({ dtype }) => dtype !== "float32");
  const made = whole ? steps.next(arranged, "Cast", { dtype: "int32" }, output) : arranged;
  // An operand that nothing was done to is its owner's.
  return made.isOwn ? made.tensor : context.run("Identity", { x: made.tensor });
});

/**
 * The gradient of `Einsum`, which TensorFlow.js lacks ("gradient function not found for Einsum"): for each
 * operand the sum over the gradient that comes in and the other operands.
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
  // Axes that broadcast are left out: they have one entry.
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
  const isAt = (axis: number) =>
    found.includes(inputs[index][axis]) && shape[axis] === sizes.get(inputs[index][axis]) &&
    inputs[index].indexOf(inputs[index][axis]) === axis;
  const spread = tf.broadcastTo(
    tf.reshape(gradient, shape.map((size, axis) => isAt(axis) ? size : 1)),
    shape,
  );
  // Of an operand whose diagonal was taken nothing else has a gradient.
  return inputs[index].reduce((masked, label, axis) => {
    const first = inputs[index].indexOf(label);
    if (first === axis) return masked;
    const eye = tf.reshape(
      tf.eye(shape[axis]),
      shape.map((size, one) => one === first || one === axis ? size : 1),
    );
    return tf.mul(masked, eye);
  }, spread);
}

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [einsumKernel],
  gradients: [einsumGradient],
};
