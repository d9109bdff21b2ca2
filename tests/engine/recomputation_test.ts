import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../src/engine/mod.ts";
import { dataInfo, liveDataOf } from "../../src/engine/heap/live_data.ts";
import { offload } from "../../src/engine/heap/offload.ts";
import { shadowMethod } from "../../src/engine/patching.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

const SIZE = 2 ** 14;

/** Has everything that may leave the heap do so: a kernel that reads nothing makes room. */
function clear(tf: TensorFlow): void {
  tf.range(0, 4).dispose();
  tf.add(1, 1).dispose();
}

/** Returns the place of a tensor's entries. */
function place(tf: TensorFlow, { dataId }: Tensor): string {
  const { backend } = dataInfo(tf, dataId)!;
  if (backend === tf.findBackend("cpu")) return "cpu";
  return backend === tf.backend() as unknown ? "heap" : "nowhere";
}

Deno.test("Recomputation computes a chain of sweeps again, whoever asks for its end", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const live = liveDataOf(tf.backend());
  const count = tf.memory().numTensors;
  const x = tf.randomNormal([SIZE], 0, 1, "float32", 1);
  {
    using _ = offload(tf, [], 0);
    const tanh = tf.tanh(x), twice = tf.add(tanh, tanh), relu = tf.relu(twice);
    const expected = Array.from(x.dataSync(), (v) => Math.max(0, 2 * Math.tanh(v)));
    const isRight = (values: ArrayLike<number>) =>
      expected.forEach((value, i) => assertAlmostEquals(values[i], value, 1e-6));
    clear(tf);
    assertEquals([x, tanh, twice, relu].map((one) => place(tf, one)), [
      "cpu",
      "nowhere",
      "nowhere",
      "nowhere",
    ]);
    assert(live.bytes < 4 * SIZE, `${live.bytes} bytes are left`);
    isRight(relu.dataSync());
    clear(tf);
    isRight(await relu.data());
    clear(tf);
    const copy = tf.tidy(() => tf.add(relu, tf.zerosLike(relu)));
    isRight(copy.dataSync());
    tf.dispose([copy, twice, tanh, relu]);
  }
  x.dispose();
  assertEquals(tf.memory().numTensors, count);
});

Deno.test("Recomputation holds what it needs as long as it needs it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { numTensors, numDataBuffers } = tf.memory();
  const x = tf.fill([SIZE], 3);
  {
    using _ = offload(tf, [], 0);
    const y = tf.relu(x), clone = y.clone();
    clear(tf);
    assertEquals(place(tf, y), "nowhere");
    // The last that has the entries of x is gone, but not those of y.
    x.dispose();
    y.dispose();
    const late = clone.clone();
    clone.dispose();
    assertEquals(late.dataSync()[SIZE - 1], 3);
    clear(tf);
    assertEquals(place(tf, late), "cpu", "its input is gone: it cannot be computed again");
    assertEquals(late.dataSync()[SIZE - 1], 3);
    late.dispose();
    const forgotten = tf.relu(tf.fill([SIZE], 1));
    clear(tf);
    forgotten.dispose();
  }
  assertEquals(tf.memory().numTensors, numTensors + 1);
  assert(tf.memory().numDataBuffers <= numDataBuffers + 1);
});

Deno.test("Recomputation moves what draws random numbers, what takes long, and ends of long chains", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const side = Math.sqrt(SIZE);
  const x: Tensor = tf.ones([side, side]);
  {
    using _ = offload(tf, [], 0);
    const drawn = tf.multinomial(tf.zeros([side, 4]) as never, SIZE / side, 1);
    const product = tf.matMul(x, x);
    const chain: Tensor[] = [x];
    for (let i = 0; i < 6; i++) chain.push(tf.relu(chain[i]));
    const values = drawn.dataSync();
    clear(tf);
    assertEquals(place(tf, drawn), "cpu");
    assertEquals(place(tf, product), "cpu");
    assertEquals(chain.map((one) => place(tf, one)), [
      "cpu",
      "nowhere",
      "nowhere",
      "nowhere",
      "nowhere",
      "cpu",
      "nowhere",
    ]);
    assertEquals(drawn.dataSync(), values);
    tf.dispose([drawn, product, ...chain.slice(1)]);
  }
  x.dispose();
});

Deno.test("Recomputation gives every tensor that is left its entries", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.fill([SIZE], -2);
  const work = offload(tf, [], 0);
  const negative = tf.relu(x);
  const sum = tf.add(x, x);
  const mean = tf.tanh(sum);
  clear(tf);
  work[Symbol.dispose]();
  for (const one of [negative, sum, mean]) assert(place(tf, one) !== "nowhere");
  assertEquals(negative.dataSync()[1], 0);
  assertEquals(sum.dataSync()[1], -4);
  assertAlmostEquals(mean.dataSync()[1], Math.tanh(-4), 1e-6);
  tf.dispose([x, negative, sum, mean]);
});

/** A step of a program over square matrices: what it does with two that it has made, by their numbers. */
const step = fc.record({
  what: fc.constantFrom("tanh", "relu", "add", "multiply", "concat", "product", "read", "dispose"),
  a: fc.nat(1000),
  b: fc.nat(1000),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs a program; gives what it has read, and what was left at the end. */
function runProgram(tf: TensorFlow, program: readonly Step[], most: number | null): number[][] {
  const side = Math.sqrt(SIZE);
  const found: number[][] = [];
  const note = (tensor: Tensor) => found.push([...tensor.dataSync().subarray(0, 40)]);
  const made: Tensor[] = [0, 1].map((seed) => tf.randomNormal([side, side], 0, 1, "float32", seed));
  {
    using _ = most === null ? null : offload(tf, [made[0]], most);
    for (const { what, a, b } of program) {
      const x = made[a % made.length];
      const y = made[b % made.length];
      if (what === "read") note(x);
      else if (what === "dispose") {
        if (made.length > 2) made.splice(a % made.length, 1)[0].dispose();
      } else {
        made.push(tf.tidy(() => {
          if (what === "tanh") return tf.tanh(x);
          if (what === "relu") return tf.relu(x);
          if (what === "add") return tf.add(x, y);
          if (what === "multiply") return tf.mul(x, y);
          if (what === "product") return tf.tanh(tf.matMul(x as never, y as never));
          return tf.slice(tf.concat([x, y]), [side / 2, 0], [side, side]);
        }));
      }
    }
  }
  made.forEach(note);
  tf.dispose(made);
  return found;
}

Deno.test("Recomputation changes no entry of any program", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { numTensors } = tf.memory();
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 8, maxLength: 40 }),
      fc.constantFrom(0, 4 * SIZE, 16 * SIZE),
      (program, most) => {
        assertEquals(runProgram(tf, program, most), runProgram(tf, program, null));
        assertEquals(tf.memory().numTensors, numTensors);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("Recomputation never takes more than four kernels for a tensor, in whatever order they are forgotten", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.fill([SIZE], 3);
  {
    using _ = offload(tf, [], 0);
    const chain: Tensor[] = [x];
    for (let i = 0; i < 4; i++) chain.push(tf.relu(chain[i]));
    const end = tf.relu(chain[4]);
    // The end leaves while a kernel holds the one before it.
    tf.relu(chain[4]).dispose();
    assertEquals(place(tf, end), "nowhere");
    clear(tf);
    const relu = tf.getKernel("Relu", "wasm")!;
    let runs = 0;
    const restore = shadowMethod(relu, "kernelFunc", (run) => (given: object) => {
      runs++;
      return run(given);
    });
    assertEquals(end.dataSync()[0], 3);
    restore();
    assert(runs <= 4, `${runs} kernels ran`);
    tf.dispose([...chain.slice(1), end]);
  }
  x.dispose();
});

Deno.test("Recomputation reads a variable as it was when the kernel ran", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.fill([SIZE], 3), v = tf.variable(tf.fill([SIZE], 2));
  // As a pass does, which puts all variables back.
  const first = tf.clone(v);
  {
    using _ = offload(tf, [], 0);
    const next = tf.add(v, 1), product = tf.mul(x, v);
    v.assign(next);
    clear(tf);
    assertEquals(place(tf, product), "nowhere");
    assertEquals(product.dataSync()[0], 6);
    tf.dispose([product, next]);
  }
  tf.dispose([x, v, first]);
});
