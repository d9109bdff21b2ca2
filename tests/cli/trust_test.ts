import { InputError } from "../../src/ground/words/input_error.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { loadSubject, provideBatch } from "../../src/cli/load_subject.ts";
import type { MeasureRequest } from "../../src/cli/flags/measure_flags.ts";

const POOLING = {
  class_name: "Sequential",
  config: {
    name: "s",
    layers: [
      { class_name: "InputLayer", config: { name: "i", batch_shape: [null, 1000, 1000, 1] } },
      {
        class_name: "AveragePooling2D",
        config: { name: "pool", pool_size: [500, 500], strides: [1, 1] },
      },
      { class_name: "GlobalAveragePooling2D", config: { name: "g" } },
      { class_name: "Dense", config: { name: "d", units: 2 } },
    ],
  },
};

Deno.test("--trust lifts the limit on the work of a model file", async () => {
  await using engine = await startEngine({ threads: 1 });
  const model = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(model, JSON.stringify(POOLING));
    const ask = async (examples: number, trust: boolean) => {
      const given = { model, seed: 0, register: [], weights: null, batch: null, optimizer: null };
      const request = { ...given, examples, trust };
      const subject = await loadSubject(engine.tf, request as unknown as MeasureRequest, {});
      try {
        const batch = await provideBatch(request as unknown as MeasureRequest, subject, undefined);
        const [{ shape }] = [batch.inputs].flat();
        engine.tf.dispose([batch.inputs].flat());
        return shape[0];
      } finally {
        subject.model.dispose();
      }
    };
    assertEquals(await ask(3, false), 3);
    await assertRejects(
      () => ask(5, false),
      InputError,
      `${model}: A pass of model s over a batch of 5 would take about 3e+13 operations, most of them in pool`,
    );
    assertEquals(await ask(5, true), 5);
  } finally {
    await Deno.remove(model);
  }
});
