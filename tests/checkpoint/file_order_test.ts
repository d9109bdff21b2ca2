import { inFileOrder } from "../../src/checkpoint/file_layers.ts";
import { type SweepTensor, sweepTensors } from "../../src/checkpoint/sample_tensors.ts";
import type { UnitAxis } from "../../src/checkpoint/tensor_sweep.ts";
import { byteSource } from "../../src/files/byte_source.ts";
import { decode, encode } from "../../src/files/file_types.ts";
import { bytesOfView } from "../../src/files/strided_view.ts";
import { locateView } from "../../src/files/gather_view.ts";
import { assert, assertEquals } from "@std/assert";

const OFFSET = 3;

/** Distances of entries along each axis, if the axes are in this order in the file. */
function stridesOf(shape: readonly number[], axes: readonly number[]): number[] {
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of axes.toReversed()) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

interface Case {
  shape: number[];
  axes: number[];
  matrix?: [number, number];
  units: UnitAxis | null;
  /** True if it is swept in the order of the file. */
  isInOrder: boolean;
}

const rows: UnitAxis = { axis: "rows" };
const columns: UnitAxis = { axis: "columns", window: 1 };
const CASES: Case[] = [
  { shape: [6, 10], axes: [1, 0], units: rows, isInOrder: true },
  { shape: [6, 10], axes: [1, 0], units: columns, isInOrder: true },
  { shape: [6, 10], axes: [1, 0], units: null, isInOrder: true },
  // Fortran order of a kernel of Keras: its rows are the first three axes.
  { shape: [2, 3, 4, 5], axes: [3, 2, 1, 0], matrix: [24, 5], units: columns, isInOrder: true },
  // Channels last: the rows are outermost still.
  { shape: [6, 4, 3, 2], axes: [0, 2, 3, 1], units: rows, isInOrder: true },
  { shape: [6, 1, 10], axes: [2, 1, 0], units: rows, isInOrder: true },
  // The rows are between the axes of the columns.
  { shape: [6, 4, 3], axes: [1, 0, 2], units: rows, isInOrder: false },
  // Groups of columns are not beside each other in the file.
  {
    shape: [6, 5, 2],
    axes: [2, 1, 0],
    units: { axis: "columns", window: 2 },
    isInOrder: false,
  },
];

Deno.test("a tensor in another order has the figures that it has row-major, with its own indices", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const { shape, axes, matrix, units, isInOrder } of CASES) {
      const count = shape.reduce((a, b) => a * b);
      const width = (matrix ?? [shape[0], count / shape[0]])[1];
      const own = Float32Array.from({ length: count }, (_, i) => {
        const row = Math.floor(i / width), column = i % width;
        // Row 1 is zero, row 3 equals row 2, column 4 equals column 2.
        return row === 1 ? 0 : Math.sin(100 * (row === 3 ? 2 : row) + (column === 4 ? 2 : column));
      });
      own[4 * width + 1] = NaN;
      own[5 * width] = -Infinity;
      const strides = stridesOf(shape, axes);
      const bytes = encode(own, "bfloat16");
      const storage = new Uint8Array(2 * (OFFSET + count));
      for (let i = 0; i < count; i++) {
        let at = OFFSET, rest = i;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          at += rest % shape[axis] * strides[axis];
          rest = Math.floor(rest / shape[axis]);
        }
        storage.set(bytes.subarray(2 * i, 2 * i + 2), 2 * at);
      }
      await Deno.writeFile(path, storage);
      const view = { type: "bfloat16", shape, strides, offset: OFFSET } as const;
      const read = () => decode(bytesOfView(view, storage), "bfloat16");
      const tensor = { name: "w", shape, type: view.type, read };
      const same: Pick<SweepTensor, "units" | "matrix"> = { units, matrix };
      const [expected] = sweepTensors([{ ...same, tensor: { ...tensor, bytes: () => bytes } }]);
      const ordered = inFileOrder({
        ...same,
        tensor: { ...tensor, ...locateView(view, await byteSource(path), 0) },
      });
      const what = JSON.stringify({ shape, axes, units });
      assertEquals(ordered.tensor.stored !== undefined, isInOrder, what);
      assert(ordered.tensor.unpack !== undefined);
      assertEquals([...read()], [...decode(bytes, "bfloat16")], what);
      if (!isInOrder) continue;
      assertEquals(ordered.restore(sweepTensors([ordered])[0]), expected, what);
      assertEquals([expected.rows?.zero, expected.rows?.repeated], [1, 1]);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("lines beyond the width that is compared are gathered, not given up", () => {
  const permuted = { file: { path: "w", size: 0, changed: null }, offset: 0, axes: [1, 0] };
  const orderOf = (shape: number[]) => {
    const tensor = { name: "w", type: "float32", shape, permuted, read: () => new Float32Array() };
    return inFileOrder({ tensor: tensor as SweepTensor["tensor"], units: null }).tensor.stored;
  };
  assert(orderOf([2 ** 17, 64]) !== undefined);
  assert(orderOf([2 ** 17 + 1, 64]) === undefined);
  // The columns of so wide a tensor are not compared anyway.
  assert(orderOf([64, 2 ** 20]) !== undefined);
  assert(orderOf([64, 2 ** 20 + 1]) === undefined);
});
