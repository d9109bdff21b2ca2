import { assertEquals } from "@std/assert";
import { heapView, startEngine, type Tensor, type TensorFlow } from "../../../src/engine/mod.ts";
import type { Chance } from "../chance.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { guardCase } from "../guard_case.ts";

const TYPES = ["float32", "int32", "bool"] as const;

type NumericType = typeof TYPES[number];

/** A tensor of rank 1, and what it has to hold. */
interface Made {
  tensor: Tensor;
  values: number[];
}

const castTo: Record<NumericType, (value: number) => number> = {
  float32: (value) => value,
  int32: (value) => Math.trunc(value),
  bool: (value) => value === 0 ? 0 : 1,
};

/** Operations of a program on a tensor before it hands it over. */
const STEPS: ((tf: TensorFlow, made: Made, chance: Chance) => Made)[] = [
  (tf, { tensor, values }, chance) => {
    const dtype = chance.one(TYPES);
    return { tensor: tf.cast(tensor, dtype), values: values.map(castTo[dtype]) };
  },
  (tf, { tensor, values }) => ({ tensor: tf.clone(tensor), values }),
  (_tf, { tensor, values }) => ({ tensor: tensor.reshape([1, -1]).reshape([-1]), values }),
  (tf, { tensor, values }, chance) => {
    const start = chance.integer(0, values.length - 1);
    const end = chance.integer(start + 1, values.length);
    return { tensor: tf.slice(tensor, [start], [end - start]), values: values.slice(start, end) };
  },
  (tf, { tensor, values }) => ({
    tensor: tf.concat([tensor, tensor]),
    values: [...values, ...values],
  }),
  (tf, { tensor, values }) => ({
    tensor: tf.greater(tensor, tf.zeros(tensor.shape, tensor.dtype)),
    values: values.map((value) => value > 0 ? 1 : 0),
  }),
];

/** Largest number of entries: some steps double a tensor. */
const MAX_ENTRIES = 200;

export const target: FuzzTarget = {
  name: "foreign_tensors",
  about:
    "A tensor made on any backend, of any dtype and by any steps, has its values on the engine.",
  shortRun: 300,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    return {
      tryOne: (chance) =>
        guardCase(tf, async () => {
          const kept: Made[] = [];
          tf.engine().startScope();
          try {
            const dtype = chance.one(TYPES);
            await tf.setBackend(chance.one(["cpu", "wasm"]));
            const values = chance.list(1, 20, () => castTo[dtype](chance.integer(-3, 300)));
            kept.push({ tensor: tf.tensor1d(values, dtype), values });
            for (let step = chance.integer(1, 6); step > 0; step--) {
              if (chance.happens(0.3)) await tf.setBackend(chance.one(["cpu", "wasm"]));
              const made = chance.one(STEPS)(tf, chance.one(kept), chance);
              if (made.values.length <= MAX_ENTRIES) kept.push(made);
            }
            await tf.setBackend("wasm");
            for (const { tensor, values } of kept) {
              if (chance.happens(0.5)) {
                assertEquals(Array.from(heapView(tf, tensor), Number), values);
              }
              const copy = tf.concat([tensor, tensor.clone()]);
              assertEquals(Array.from(copy.dataSync(), Number), [...values, ...values]);
              assertEquals(Array.from(tensor.dataSync(), Number), values);
            }
          } finally {
            tf.engine().endScope();
            await tf.setBackend("wasm");
          }
        }),
      async [Symbol.asyncDispose]() {
        await engine.stop();
      },
    };
  },
};
