import { assert, assertEquals } from "@std/assert";
import type { Tensor1D } from "@tensorflow/tfjs";
import fc from "fast-check";
import { installOps } from "../../../src/engine/ops/mod.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { KERNEL_CASES } from "./kernel_cases.ts";

Deno.test("Softmax over many classes, and its gradient, are as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    for (const width of [1024, 1025, 1 << 16]) {
      tf.tidy(() => {
        // All classes alike but one, and the rows unlike.
        const logits = tf.tensor2d(
          [0, 1, 5].flatMap((row) => Array.from({ length: width }, (_, i) => i === 7 ? row : 0)),
          [3, width],
        );
        const weights = tf.oneHot(tf.tensor1d([7, 7, 7], "int32") as Tensor1D, width);
        const { value, grad } = tf.valueAndGrad((x: Tensor) => tf.softmax(x))(
          logits,
          tf.cast(weights, "float32"),
        );
        const y = value.dataSync();
        const dx = grad.dataSync();
        [0, 1, 5].forEach((logit, row) => {
          const total = width - 1 + Math.exp(logit), one = Math.exp(logit) / total;
          for (const i of [0, 7, width - 1]) {
            const share = (i === 7 ? Math.exp(logit) : 1) / total;
            assert(Math.abs(y[row * width + i] / share - 1) < 4e-6, `${width}: ${row}, ${i}`);
            const slope = share * ((i === 7 ? 1 : 0) - one);
            assert(Math.abs(dx[row * width + i] / slope - 1) < 1e-5, `${width}: ${row}, ${i}`);
          }
        });
      });
    }
  });
});

Deno.test("Softmax of a wide row that has NaN is NaN, and of the others is not", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const width = 2000;
      const values = new Float32Array(2 * width);
      values[3] = NaN;
      const y = tf.softmax(tf.tensor2d(values, [2, width])).dataSync();
      assert(y.subarray(0, width).every(Number.isNaN));
      assertEquals(y[width], Math.fround(1 / width));
    });
  });
});

const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

Deno.test("clipByValue() clips whole numbers to whole numbers", async () => {
  await onBackend("this engine", (tf) => {
    const cases = fc.record({
      values: fc.array(whole, { minLength: 1, maxLength: 9 }),
      bounds: fc.uniqueArray(fc.oneof(whole, fc.constantFrom(-1.5, 0.2, 0.7, 2.5)), {
        minLength: 2,
        maxLength: 2,
      }),
    });
    fc.assert(
      fc.property(cases, ({ values, bounds }) => {
        const [low, high] = bounds.toSorted((a, b) => a - b);
        tf.tidy(() => {
          const y = tf.clipByValue(tf.tensor1d(values, "int32"), low, high);
          assertEquals(y.dtype, "int32");
          const expected = values.map((x) => Math.trunc(Math.min(Math.max(x, low), high)));
          assertEquals([...y.dataSync()], expected.map((x) => x + 0));
        });
      }),
      { seed: 1, examples: [[{ values: [3, -5, 5], bounds: [-1, 1] }]] },
    );
  });
});

/** The kernels that `installOps` registers, on the backend that runs. */
async function registered(tf: TensorFlow): Promise<string[]> {
  const before = new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
  const takeBack = await installOps(tf);
  const names = tf.getKernelsForBackend("wasm")
    .filter((config) => before.get(config.kernelName) !== config)
    .map(({ kernelName }) => kernelName);
  await takeBack();
  return names.sort();
}

Deno.test("every kernel of this project has a case for NaN and infinity", async () => {
  await onBackend("stock WASM", async (tf) => {
    assertEquals(Object.keys(KERNEL_CASES).sort(), await registered(tf));
  });
});

for (const number of [NaN, Infinity]) {
  Deno.test(`no kernel hides ${number}`, async (t) => {
    await onBackend("this engine", async (tf) => {
      for (const [name, { run, bounded, isTrue }] of Object.entries(KERNEL_CASES)) {
        await t.step(name, () => {
          const begin = (...shape: number[]) => {
            const values = Array(shape.reduce((a, b) => a * b)).fill(1).with(0, number);
            return tf.tensor(values, shape);
          };
          const output: number[] = tf.tidy(() => Array.from(run(tf, begin).dataSync()));
          if (isTrue) assertEquals(output, [number, 1, 1, 1].map((v) => Number(isTrue(v, 1))));
          else if (Number.isNaN(number)) assert(output.some(Number.isNaN), `${output}`);
          else if (bounded) assert(output.every(Number.isFinite), `${output}`);
          else assert(output.some((v) => !Number.isFinite(v)), `${output}`);
        });
      }
    });
  });
}
