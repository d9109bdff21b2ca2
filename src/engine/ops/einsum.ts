import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  defineOp,
  type GradientFactory,
  type KernelAttributes,
  type KernelInputs,
  type OpContext,
  type OpRepair,
} from "./define_op.ts";
import type { TensorInfo } from "@tensorflow/tfjs";
import { InputError, refusal } from "../../ground/words/input_error.ts";

/**
 * `Einsum`: TensorFlow.js has it only on other backends, for one or two operands, without `...` and
 * without repeated letters in an operand. Here there may be any number of operands, contracted from
 * left to right; each product uses this project's GEMM, with the axis order that copies least.
 */
const einsumKernel = defineOp<{ equation: string }>("Einsum", (context, inputs, attributes) => {
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
  context: OpContext,
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
      operands.map((
        _,
        i,
      ) => [i, () => gradientOf(tf, dy as Tensor, { operands, terms, index: i })]),
    );
  },
});

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function gradientOf(
  tf: TensorFlow,
  dy: Tensor,
  { operands, terms: { inputs, output, sizes }, index }: {
    operands: readonly Tensor[];
    terms: EinsumTerms;
    index: number;
  },
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
export const einsumRepair: OpRepair = { kernels: [einsumKernel], gradients: [einsumGradient] };

/** Tensor with a label for each axis. */
interface Operand {
  tensor: TensorInfo;
  labels: readonly string[];
  /** True if it is an intermediate result that must be freed. */
  isOwn: boolean;
}

/** Steps of an Einstein sum, each an op. */
class EinsumSteps {
  readonly #context: OpContext;
  readonly #sizes: Map<string, number>;
  /** Intermediate results that are not yet freed. */
  readonly #made = new Set<TensorInfo>();

  constructor(context: OpContext, sizes: Map<string, number>) {
    this.#context = context;
    this.#sizes = sizes;
  }

  sizeOf(labels: readonly string[]): number {
    return labels.reduce((product, label) => product * this.#sizes.get(label)!, 1);
  }

  /** Runs an op on an operand, and frees the operand if it is an intermediate result. */
  next(from: Operand, kernelName: string, attrs: KernelAttributes, labels: readonly string[]) {
    const tensor = this.#run(kernelName, { x: from.tensor }, attrs);
    if (from.isOwn) this.#free(from.tensor);
    return { tensor, labels, isOwn: true };
  }

  /**
   * Frees all intermediate results if the sum fails. A view only releases its share of the entries.
   */
  freeAll(): void {
    this.#free(...this.#made);
  }

  #run(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo {
    const tensor = this.#context.run(kernelName, inputs, attrs);
    this.#made.add(tensor);
    return tensor;
  }

  #free(...tensors: TensorInfo[]): void {
    for (const tensor of tensors) this.#made.delete(tensor);
    this.#context.dispose(...tensors);
  }

  reshape(from: Operand, shape: number[], labels: readonly string[] = from.labels): Operand {
    return this.next(from, "Reshape", { shape }, labels);
  }

  /** Transposes an operand to the given axis order. */
  arrange(from: Operand, labels: readonly string[]): Operand {
    if (labels.join() === from.labels.join()) return from;
    return this.next(
      from,
      "Transpose",
      { perm: labels.map((label) => from.labels.indexOf(label)) },
      labels,
    );
  }

  /** Sums the axes that only this operand has, takes diagonals, and drops axes that broadcast. */
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
      begin: [0, 0],
      end: [count, size * size],
      strides: [1, size + 1],
      beginMask: 0,
      endMask: 0,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
    };
    const taken = this.next(flat, "StridedSlice", slice, labels);
    return this.#diagonals(this.reshape(taken, [...shape, size]));
  }

  /** Multiplies two operands, and sums over the shared axes that nothing else needs. */
  multiply(a: Operand, b: Operand, wanted: ReadonlySet<string>, order: readonly string[]): Operand {
    const { left, right, common, summed } = this.#plan(a, b, wanted, order);
    const [m, n] = [left, right].map(({ own }) => this.sizeOf(own));
    const [batch, k] = [common, summed].map((labels) => this.sizeOf(labels));
    // Without axes to sum, or with only those, multiplies entry by entry, since a product of
    // single-row matrices is slow.
    const isPlain = k === 1 || m === 1 && n === 1;
    const shapes = isPlain ? [[batch, m, 1, k], [batch, 1, n, k]] : [left, right].map((side) => {
      const size = this.sizeOf(side.own);
      return side.isTurned ? [batch, k, size] : [batch, size, k];
    });
    const [x, y] = [left, right].map((side, i) => {
      const turned = side.isTurned && !isPlain;
      const labels = [...common, ...turned ? [...summed, ...side.own] : [...side.own, ...summed]];
      return this.reshape(this.arrange(side.operand, labels), shapes[i]).tensor;
    });
    const labels = [...common, ...left.own, ...right.own];
    const tensor = isPlain
      ? this.#run("Multiply", { a: x, b: y })
      : this.#run("BatchMatMul", { a: x, b: y }, {
        transposeA: left.isTurned,
        transposeB: !right.isTurned,
      });
    this.#free(x, y);
    const product = { tensor, labels, isOwn: true };
    const sum = isPlain
      ? this.next(product, "Sum", { axis: [3], keepDims: false }, labels)
      : product;
    return this.reshape(sum, labels.map((label) => this.#sizes.get(label)!));
  }

  /** Chooses the operand order and the axis order that copy the fewest entries. */
  #plan(a: Operand, b: Operand, wanted: ReadonlySet<string>, order: readonly string[]) {
    const shared = a.labels.filter((label) => b.labels.includes(label));
    const kept = shared.filter((label) => wanted.has(label));
    const gone = shared.filter((label) => !wanted.has(label));
    const as = (labels: string[], like: readonly string[]) =>
      like.filter((label) => labels.includes(label));
    const ways = [[a, b], [b, a]].flatMap(([x, y]) =>
      [x.labels, y.labels, order].flatMap((like) =>
        [x.labels, y.labels].map((by) => {
          const common = as(kept, like);
          const summed = as(gone, by);
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

/** Einstein sum over tensors of known shapes, with a label for each axis. */
interface EinsumTerms {
  /** Axis labels of each operand; a repeated label means the diagonal. */
  inputs: string[][];
  /** Axis labels of the result, each once. */
  output: string[];
  /** Length of the axes of each label. */
  sizes: Map<string, number>;
}

/** Returns the label of an axis covered by `...`, counted from the last one. */
const elided = (fromLast: number) => `...${fromLast}`;

const isElided = (label: string) => label.startsWith("...");

/**
 * Parses an Einstein sum in NumPy's notation: `"abc,cd->abd"`, `"...x,xy->...y"`. Without an arrow,
 * the result has the axes whose letters occur once, in alphabetical order. Axes covered by `...`
 * broadcast; axes of a letter must have equal length.
 *
 * @throws {Error} If the equation is invalid, or the shapes do not fit.
 */
export function einsumTerms(equation: string, shapes: readonly number[][]): EinsumTerms {
  const [left, right, ...more] = equation.replace(/\s/g, "").split("->");
  const sides = [...left.split(","), ...right === undefined ? [] : [right]];
  if (more.length > 0 || !sides.every((side) => /^[a-z]*(\.\.\.)?[a-z]*$/i.test(side))) {
    throw new InputError(
      refusal`equation is "${equation}", expected letters such as "abc,cd->abd"`,
    );
  }
  const operands = left.split(",");
  if (operands.length !== shapes.length) {
    throw new InputError(
      refusal`equation is "${equation}" of ${operands.length} operands, expected ${shapes.length} as given`,
    );
  }
  const sizes = new Map<string, number>();
  const inputs = operands.map((operand, i) => {
    const labels = labelsOf(operand, shapes[i].length);
    const wrong = (hint = "") =>
      new InputError({
        place: `operand ${i}`,
        verb: "has",
        found: `the shape [${shapes[i].join(", ")}]`,
        expected: `axes as "${equation}" has them`,
        hint,
      });
    if (labels.length !== shapes[i].length) throw wrong();
    labels.forEach((label, axis) => {
      const size = shapes[i][axis];
      const known = sizes.get(label) ?? 1;
      const fits = !sizes.has(label) || known === size ||
        isElided(label) && (known === 1 || size === 1);
      if (!fits) throw wrong(`: ${label} is ${known} elsewhere`);
      sizes.set(label, isElided(label) ? Math.max(known, size) : size);
    });
    return labels;
  });
  const open = [...sizes.keys()].filter(isElided).toSorted((a, b) =>
    Number(b.slice(3)) - Number(a.slice(3))
  );
  const output = right === undefined
    ? [...open, ...onceIn(inputs)]
    : labelsOf(right, right.replace("...", "").length + open.length);
  if (
    right !== undefined && !right.includes("...") && open.some((label) => sizes.get(label)! > 1)
  ) {
    throw new InputError(refusal`equation is "${equation}", expected "..." in the result, too`);
  }
  const unknown = output.find((label, i) => !sizes.has(label) || output.indexOf(label) !== i);
  if (unknown !== undefined) {
    throw new InputError(
      refusal`equation is "${equation}", expected a result of letters that operands have, each once`,
    );
  }
  return { inputs, output, sizes };
}

/** Returns the axis labels of one operand. */
function labelsOf(letters: string, rank: number): string[] {
  const [before, after] = letters.split("...");
  if (after === undefined) return [...letters];
  const count = Math.max(rank - before.length - after.length, 0);
  const open = Array.from({ length: count }, (_, i) => elided(count - 1 - i));
  return [...before, ...open, ...after];
}

function onceIn(inputs: string[][]): string[] {
  const all = inputs.flat().filter((label) => !isElided(label)).toSorted();
  return all.filter((label, i) => label !== all[i - 1] && label !== all[i + 1]);
}
