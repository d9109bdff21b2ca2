import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelAttributes, KernelContext, KernelInputs } from "./kernel_context.ts";

/** Tensor with a label for each axis. */
export interface Operand {
  tensor: TensorInfo;
  labels: readonly string[];
  /** True if it is an intermediate result that must be freed. */
  isOwn: boolean;
}

/** Steps of an Einstein sum, each an op. */
export class EinsumSteps {
  readonly #context: KernelContext;
  readonly #sizes: Map<string, number>;
  /** Intermediate results that are not yet freed. */
  readonly #made = new Set<TensorInfo>();

  constructor(context: KernelContext, sizes: Map<string, number>) {
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
      ...{ begin: [0, 0], end: [count, size * size], strides: [1, size + 1] },
      ...{ beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 },
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
      const labels = [
        ...common,
        ...turned ? [...summed, ...side.own] : [...side.own, ...summed],
      ];
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
