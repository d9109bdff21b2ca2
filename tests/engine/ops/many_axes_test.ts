import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { WasmBackend } from "../../../src/engine/native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { assertRefused } from "../../assert_refused.ts";

type Binary = (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor;

const OPERATIONS: Record<string, [of: Binary, expected: (a: number, b: number) => number]> = {
  Add: [(tf, a, b) => tf.add(a, b), (a, b) => a + b],
  Multiply: [(tf, a, b) => tf.mul(a, b), (a, b) => a * b],
  RealDiv: [(tf, a, b) => tf.div(a, b), (a, b) => a / b],
  SquaredDifference: [(tf, a, b) => tf.squaredDifference(a, b), (a, b) => (a - b) ** 2],
  Sub: [(tf, a, b) => tf.sub(a, b), (a, b) => a - b],
  Equal: [(tf, a, b) => tf.equal(a, b), (a, b) => Number(a === b)],
  NotEqual: [(tf, a, b) => tf.notEqual(a, b), (a, b) => Number(a !== b)],
  Less: [(tf, a, b) => tf.less(a, b), (a, b) => Number(a < b)],
  LessEqual: [(tf, a, b) => tf.lessEqual(a, b), (a, b) => Number(a <= b)],
  Greater: [(tf, a, b) => tf.greater(a, b), (a, b) => Number(a > b)],
  GreaterEqual: [(tf, a, b) => tf.greaterEqual(a, b), (a, b) => Number(a >= b)],
};

/** Returns the entry of a tensor of whole numbers that broadcasting reads at a place. */
function entryAt(shape: number[], place: number[]): number {
  const own = place.slice(place.length - shape.length);
  return 1 + shape.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : own[axis]), 0);
}

function placesOf(shape: number[]): number[][] {
  return shape.reduce(
    (places: number[][], size) =>
      places.flatMap((place) => Array.from({ length: size }, (_, i) => [...place, i])),
    [[]],
  );
}

const ranges = (tf: TensorFlow, shape: number[]) =>
  tf.reshape(tf.range(1, 1 + shape.reduce((a, b) => a * b, 1)), shape) as Tensor;

const PAIRS: [a: number[], b: number[], output: number[]][] = [
  [[2, 1, 2, 1, 2, 2, 2], [2, 1, 2, 1, 2, 2, 2], [2, 1, 2, 1, 2, 2, 2]],
  [[2, 2, 2, 1, 2, 2, 2], [2, 1, 2, 1, 1, 2, 1], [2, 2, 2, 1, 2, 2, 2]],
  [[2, 1, 1, 2, 2, 3, 2, 2], [3, 1, 2], [2, 1, 1, 2, 2, 3, 2, 2]],
  [[2, 2, 1, 1, 2, 3, 1], [2, 2, 2, 2, 1, 1, 2], [2, 2, 2, 2, 2, 3, 2]],
];

/** Shapes of few axes, whose function is called without the stock op. */
const FEW: typeof PAIRS = [
  [[], [], []],
  [[3, 2], [3, 2], [3, 2]],
  [[2, 1, 3], [4, 1], [2, 4, 3]],
  [[1, 2], [], [1, 2]],
  [[2], [3, 1, 1], [3, 1, 2]],
  [[2, 1, 2, 1, 2, 3], [2, 2, 1, 2, 1, 1], [2, 2, 2, 2, 2, 3]],
  [[0, 2], [1, 2], [0, 2]],
];

for (const [name, [of, expected]] of Object.entries(OPERATIONS)) {
  Deno.test(`${name} computes tensors of seven and more axes, and of few`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const { asm } = (tf.backend() as unknown as WasmBackend).wasm;
    const stackOf = asm.stackSave as () => number;
    const stack = stackOf();
    for (const [a, b, output] of [...PAIRS, ...FEW]) {
      const found = tf.tidy(() => of(tf, ranges(tf, a), ranges(tf, b)));
      assertEquals(found.shape, output);
      const wanted = placesOf(output).map((place) =>
        Math.fround(expected(entryAt(a, place), entryAt(b, place)))
      );
      assertEquals(Array.from(found.dataSync()), wanted);
      assertEquals(stackOf(), stack);
      found.dispose();
    }
  });
}

Deno.test("an op of two operands keeps their dtype, for which it calls the stock op or its function", async () => {
  await using engine = await startEngine({ threads: 2 });
  const { tf } = engine;
  tf.tidy(() => {
    const whole = tf.mul(tf.tensor1d([7, -8], "int32"), tf.tensor1d([3, 5], "int32"));
    assertEquals([whole.dtype, ...whole.dataSync()], ["int32", 21, -40]);
    const real = tf.sub(tf.tensor1d([0.5, 2]), tf.tensor2d([[1], [4]]));
    assertEquals([real.dtype, ...real.dataSync()], ["float32", -0.5, 1, -3.5, -2]);
    assertThrows(() => tf.mul(tf.zeros([2, 3]), tf.zeros([4])), Error, "could not be broadcast");
  });
});

Deno.test("PadV2 pads tensors of seven axes", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const shape = [2, 1, 3, 2, 1, 2, 2];
  tf.tidy(() => {
    const x = ranges(tf, shape);
    const none: [number, number] = [0, 0];
    const padded = tf.pad(x, [none, none, [1, 2], none, none, none, none], 9);
    assertEquals(padded.shape, [2, 1, 6, 2, 1, 2, 2]);
    const alike = tf.pad(tf.reshape(x, [2, 3, 8]), [none, [1, 2], none], 9);
    assertEquals(Array.from(padded.dataSync()), Array.from(alike.dataSync()));
  });
});

Deno.test("more than six axes that differ are refused", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const a = tf.ones([2, 1, 2, 1, 2, 1, 2]), b = tf.ones([1, 2, 1, 2, 1, 2, 1]);
  assertRefused(() => tf.mul(a, b), {
    place: "Multiply of tensors",
    found: "7 axes that differ",
    expected: "at most 6",
  });
  const six = tf.tidy(() => tf.mul(tf.ones([2, 1, 2, 1, 2, 1]), tf.ones([1, 2, 1, 2, 1, 2])));
  assertEquals(six.shape, [2, 2, 2, 2, 2, 2]);
});
