import { assertEquals } from "@std/assert";
import { type Layer, startEngine } from "../../src/engine/mod.ts";
import { inputRanges } from "../../src/model/batches/random_batch.ts";
import { registerLayer } from "../../src/traits/layer_traits.ts";

const { tf } = await startEngine();
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
