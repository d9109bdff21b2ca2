import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { centralDifference } from "../../conformance/central_difference.ts";
import { type NdArray, ndArray, sizeOf } from "../../conformance/reference/mod.ts";
import { relativeError } from "../../conformance/relative_error.ts";
import { naiveEinsum } from "./naive_einsum.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";

const SIZES: Record<string, number> = { a: 2, b: 3, c: 1, d: 4, e: 2 };

/** Letters of one operand; one may come twice. */
const letters = fc.array(fc.constantFrom(...Object.keys(SIZES)), { maxLength: 4 });

/** Equations of one to three operands, with or without `...`, and the shapes that they take. */
const sums = fc.record({
  operands: fc.array(fc.record({ letters, dots: fc.nat(2), at: fc.nat(4), thin: fc.boolean() }), {
    minLength: 1,
    maxLength: 3,
  }),
  keep: fc.array(fc.nat(20), { maxLength: 4 }),
  hasDots: fc.boolean(),
  outAt: fc.nat(4),
}).map(({ operands, keep, hasDots, outAt }) => {
  const place = (term: string[], at: number) => {
    const where = Math.min(at, term.length);
    return hasDots
      ? term.slice(0, where).join("") + "..." + term.slice(where).join("")
      : term.join("");
  };
  const known = [...new Set(operands.flatMap((one) => one.letters))];
  const out = known.length === 0 ? [] : [...new Set(keep.map((i) => known[i % known.length]))];
  const equation = operands.map((one) => place(one.letters, one.at)).join() + "->" +
    place(out, outAt);
  const shapes = operands.map(({ letters: term, dots, at, thin }) => {
    const where = Math.min(at, term.length);
    const open = hasDots ? [3, 2].slice(2 - dots).map((size) => thin ? 1 : size) : [];
    const sizes = term.map((letter) => SIZES[letter]);
    return [...sizes.slice(0, where), ...open, ...sizes.slice(where)];
  });
  return { equation, shapes };
});

/** Numbers that float32 holds exactly, none of them alike. */
function draw(shape: readonly number[], seed: number): NdArray {
  const count = sizeOf(shape);
  return ndArray(
    shape,
    Float64Array.from({ length: count }, (_, i) => ((i * 37 + seed * 11) % 29 - 14) / 8),
  );
}

const tensorOf = (tf: TensorFlow, { shape, data }: NdArray) =>
  tf.tensor(Float32Array.from(data), [...shape]);

Deno.test("einsum() gives the sums and gradients of its definition", async () => {
  await onBackend("this engine", (tf) =>
    fc.assert(
      fc.property(sums, ({ equation, shapes }) => {
        const arrays = shapes.map(draw);
        const expected = naiveEinsum(equation, arrays);
        const weights = draw(expected.shape, 7);
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const tensors = arrays.map((one) => tensorOf(tf, one));
          const found = tf.einsum(equation, ...tensors);
          assertEquals(found.shape, expected.shape, equation);
          const error = relativeError(found.dataSync(), expected.data);
          assert(error < 1e-5, `${equation} on ${JSON.stringify(shapes)}: off by ${error}`);
          const slopes = tf.grads((...x: Tensor[]) =>
            tf.mul(tf.einsum(equation, ...x), tensorOf(tf, weights)).sum()
          )(tensors);
          const objective = () =>
            naiveEinsum(equation, arrays).data.reduce((sum, y, i) => sum + y * weights.data[i], 0);
          slopes.forEach((slope, i) => {
            assertEquals(slope.shape, shapes[i], equation);
            const wrong = relativeError(
              slope.dataSync(),
              centralDifference(objective, arrays[i]).data,
            );
            assert(
              wrong < 1e-4,
              `gradient ${i} of ${equation} on ${JSON.stringify(shapes)}: ${wrong}`,
            );
          });
        });
        assertEquals(tf.memory().numTensors, before, `${equation} leaves tensors behind`);
      }),
      { numRuns: 300 },
    ));
});

Deno.test("einsum() takes the letters that come once where the equation has no arrow", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const a = draw([2, 3], 1);
      const b = draw([3, 4], 2);
      const found = tf.einsum("cb,ba", tensorOf(tf, a), tensorOf(tf, b));
      assertEquals(found.shape, [4, 2]);
      assert(relativeError(found.dataSync(), naiveEinsum("cb,ba->ac", [a, b]).data) < 1e-6);
    });
  });
});

Deno.test("einsum() computes with whole numbers, and gives whole numbers", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const found = tf.einsum(
        "ab,b->a",
        tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32"),
        tf.tensor1d([5, 6]),
      );
      assertEquals([found.dtype, ...found.dataSync()], ["float32", 17, 39]);
      const whole = tf.einsum("a->", tf.tensor1d([1, 2, 3], "int32"));
      assertEquals([whole.dtype, ...whole.dataSync()], ["int32", 6]);
    });
  });
});

Deno.test("einsum() differentiates twice", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const cubed = (x: Tensor) => tf.einsum("a,a,a->", x, x, x);
      const twice = tf.grad((x) => tf.grad(cubed)(x).sum())(tf.tensor1d([1, -2]));
      assertEquals([...twice.dataSync()], [6, -12]);
    });
  });
});

Deno.test("einsum() says what is wrong with an equation", async () => {
  await onBackend("this engine", (tf) => {
    const refused = (equation: string, shapes: number[][], sentence: string) =>
      assertThrows(
        () => tf.tidy(() => tf.einsum(equation, ...shapes.map((shape) => tf.ones(shape)))),
        Error,
        sentence,
      );
    refused("a1->a", [[2]], `equation is "a1->a", expected letters such as "abc,cd->abd"`);
    refused("a,b->ab", [[2]], `equation is "a,b->ab" of 2 operands, expected 1 as given`);
    refused("ab->a", [[2]], `operand 0 has the shape [2], expected axes as "ab->a" has them`);
    refused("ab,bc->ac", [[2, 3], [4, 5]], "b is 3 elsewhere");
    refused("a->aa", [[2]], "expected a result of letters that operands have, each once");
    refused("a->b", [[2]], "expected a result of letters that operands have, each once");
    refused("...a->a", [[2, 3]], `expected "..." in the result, too`);
  });
});
