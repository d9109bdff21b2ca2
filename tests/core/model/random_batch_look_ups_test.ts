import { assert, assertEquals } from "@std/assert";
import { type Layer, type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { draw } from "./draw_batch.ts";
import { inputRanges } from "../../../src/core/model/batches/random_batch.ts";
import { registerLayer } from "../../../src/ground/traits/layer_traits.ts";

const { tf } = await startEngine();

/** Models that look whole numbers up, and the smallest and largest that they take. */
const lookUps: Record<string, [() => LayersModel, number, number]> = {
  "an embedding": [
    () => tf.sequential({ layers: [embedding(5, { inputLength: 40 })] }),
    0,
    4,
  ],
  "an embedding that masks 0": [
    () => tf.sequential({ layers: [embedding(5, { inputLength: 40, maskZero: true })] }),
    1,
    4,
  ],
  "an embedding behind a reshape": [
    () =>
      tf.sequential({
        layers: [tf.layers.reshape({ targetShape: [8, 5], inputShape: [40] }), embedding(3)],
      }),
    0,
    2,
  ],
  "an embedding in a nested model": [
    () => {
      const inner = tf.sequential({ layers: [embedding(4, { inputLength: 40 })] });
      const input = tf.input({ shape: [40] });
      return tf.model({ inputs: input, outputs: inner.apply(input) as never });
    },
    0,
    3,
  ],
  "an embedding behind the second input of a nested model": [
    () => {
      const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
      const outputs = [inputs[0], embedding(4).apply(inputs[1])] as never[];
      const inner = tf.model({ inputs, outputs });
      const tokens = tf.input({ shape: [40] });
      const other = tf.input({ shape: [4] });
      return tf.model({
        inputs: [tokens, other],
        outputs: inner.apply([other, tokens]) as never[],
      });
    },
    0,
    3,
  ],
  "an embedding in a sequential model in a sequential model": [
    () =>
      tf.sequential({
        layers: [
          tf.sequential({ layers: [embedding(4, { inputLength: 40 })] }),
          tf.layers.flatten(),
        ],
      }),
    0,
    3,
  ],
  "an embedding in a model that is called on its own inputs": [
    () => {
      const input = tf.input({ shape: [40] });
      const encoder = tf.model({ inputs: input, outputs: embedding(4).apply(input) as never });
      return tf.model({
        inputs: encoder.inputs,
        outputs: tf.layers.flatten().apply(encoder.apply(encoder.inputs)) as never,
      });
    },
    0,
    3,
  ],
  "a wrapped embedding": [
    () =>
      tf.sequential({
        layers: [tf.layers.timeDistributed({ layer: embedding(3), inputShape: [8, 5] })],
      }),
    0,
    2,
  ],
  "two embeddings": [
    () => {
      const input = tf.input({ shape: [40] });
      return tf.model({
        inputs: input,
        outputs: [embedding(6).apply(input), embedding(3).apply(input)] as never[],
      });
    },
    0,
    2,
  ],
};

function embedding(inputDim: number, more: Record<string, unknown> = {}) {
  return tf.layers.embedding({ inputDim, outputDim: 2, ...more });
}

for (const [name, [create, from, last]] of Object.entries(lookUps)) {
  Deno.test(`randomBatch() draws whole numbers in range for ${name}`, () => {
    const model = create();
    const { values } = draw(model)[0];
    assertEquals(Math.min(...values), from);
    assertEquals(Math.max(...values), last);
    assert(values.every(Number.isInteger));
    model.dispose();
  });
}

Deno.test("randomBatch() draws whole numbers for that input of a nested model alone that is looked up", () => {
  const inner = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
  const deepest = tf.sequential({ layers: [embedding(4, { inputLength: 40 })] });
  const outputs = [inner[0], deepest.apply(inner[1])] as never[];
  const nested = tf.model({ inputs: inner, outputs });
  const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [40] })];
  const model = tf.model({ inputs, outputs: nested.apply(inputs) as never[] });
  const [numbers, tokens] = draw(model);
  assert(!numbers.values.some(Number.isInteger));
  assertEquals(new Set(tokens.values), new Set([0, 1, 2, 3]));
  model.dispose();
});

const { layers } = tf;

const apply = (layer: Layer, tensor: unknown) => layer.apply(tensor as never) as never;

Deno.test("inputRanges() has what all tables allow that an input is looked up in", () => {
  const ranges = (...tables: { inputDim: number; maskZero?: boolean }[]) => {
    const input = tf.input({ shape: [3] });
    const outputs = tables.map((table) =>
      apply(layers.embedding({ ...table, outputDim: 2 }), input)
    );
    const model = tf.model({ inputs: input, outputs });
    const found = inputRanges(model);
    model.dispose();
    return found;
  };
  assertEquals(ranges({ inputDim: 5 }), [{ from: 0, to: 5 }]);
  assertEquals(ranges({ inputDim: 5 }, { inputDim: 3 }), [{ from: 0, to: 3 }]);
  // With a mask 0 stands for no entry, unless there is no other.
  assertEquals(ranges({ inputDim: 5, maskZero: true }, { inputDim: 7 }), [{ from: 1, to: 5 }]);
  assertEquals(ranges({ inputDim: 2, maskZero: true }), [{ from: 1, to: 2 }]);
  assertEquals(ranges({ inputDim: 1, maskZero: true }), [{ from: 0, to: 1 }]);
});

Deno.test("inputRanges() tells the longest table that columns of an input are looked up in", () => {
  const ranges = (...whole: number[]) => {
    const input = tf.input({ shape: [2, 1, 1] });
    const table = (inputDim: number, tensor: unknown) =>
      apply(layers.embedding({ inputDim, outputDim: 2 }), tensor);
    const column = (rows: [number, number]) =>
      apply(layers.cropping2D({ cropping: [rows, [0, 0]] }), input);
    const outputs = [
      table(5, column([0, 1])),
      table(9, column([1, 0])),
      ...whole.map((inputDim) => table(inputDim, input)),
    ];
    const model = tf.model({ inputs: input, outputs });
    const found = inputRanges(model);
    model.dispose();
    return found;
  };
  assertEquals(ranges(), [{ from: 0, to: 5, limit: 9 }]);
  assertEquals(ranges(7), [{ from: 0, to: 5, limit: 7 }]);
  assertEquals(ranges(4), [{ from: 0, to: 4 }]);
});

Deno.test("inputRanges() follows the calls of each input alone, where a layer is called with both", () => {
  const [words, numbers] = [0, 1].map(() => tf.input({ shape: [4] }));
  const shared = layers.reshape({ targetShape: [2, 2] });
  const [looked, seen] = [words, numbers].map((input) => apply(shared, input));
  const flat = layers.reshape({ targetShape: [4] });
  const rows = apply(layers.embedding({ inputDim: 6, outputDim: 2 }), apply(flat, looked));
  const outputs = [rows, apply(layers.dense({ units: 1 }), seen)];
  const model = tf.model({ inputs: [words, numbers], outputs });
  assertEquals(inputRanges(model), [{ from: 0, to: 6 }, null]);
  model.dispose();
});

Deno.test("inputRanges() takes the first table of a container, not that of its positions", () => {
  registerLayer("TokensAndPositions", { kind: "container" });
  class TokensAndPositions extends layers.Layer {
    static className = "TokensAndPositions";
    innerLayers: Record<string, Layer> = {
      tokens: layers.embedding({ inputDim: 20, outputDim: 2 }),
      positions: layers.embedding({ inputDim: 9, outputDim: 2 }),
    };
    override computeOutputShape(shape: (number | null)[]) {
      return [...shape, 2];
    }
  }
  const input = tf.input({ shape: [9], dtype: "int32" });
  const outputs = apply(new TokensAndPositions(), input);
  const model = tf.model({ inputs: input, outputs });
  assertEquals(inputRanges(model), [{ from: 0, to: 20 }]);
  model.dispose();
});
