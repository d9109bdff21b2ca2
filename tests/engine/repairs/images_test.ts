import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { markImages } from "../../../src/keras/files/load_topology.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertRefused } from "../../assert_refused.ts";

const { tf } = await startEngine({ threads: 1 });

type Make = (cls: unknown, config: Record<string, unknown>) => { apply(x: Tensor): Tensor };

/** A layer of a configuration, as files make it. */
function layer(name: string, config: Record<string, unknown>) {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as unknown as {
    classNameMap: Record<string, [cls: unknown, make: Make]>;
  };
  const [cls, make] = classNameMap[name];
  return make(cls, config);
}

const row = (values: number[]) => tf.tensor(values, [1, 1, values.length, 1]);

/** Returns the output of a layer for a row of pixels. */
function outputs(name: string, config: Record<string, unknown>, values: number[]): number[] {
  const x = row(values);
  const one = layer(name, config);
  const y = one.apply(x);
  const found = [...y.dataSync()];
  tf.dispose([x, y]);
  return found;
}

const ROW = [0, 1, 2, 3];
const CASES: [name: string, config: Record<string, unknown>, keras: number[], stock: number[]][] = [
  // The middles of two wide pixels are at 0.5 and 2.5 of the four narrow ones; their corners at 0 and 3.
  ["Resizing", { height: 1, width: 2 }, [0.5, 2.5], [0, 3]],
  ["Resizing", { height: 1, width: 2, interpolation: "nearest" }, [1, 3], [0, 3]],
  ["UpSampling2D", { size: [1, 2], interpolation: "bilinear" }, [
    0,
    0.25,
    0.75,
    1.25,
    1.75,
    2.25,
    2.75,
    3,
  ], [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]],
  ["CenterCrop", { height: 1, width: 3 }, [0, 1, 2], [1, 2, 3]],
  ["CenterCrop", { height: 1, width: 2 }, [1, 2], [1, 2]],
];

for (const [name, config, keras, stock] of CASES) {
  Deno.test(`${name} of ${JSON.stringify(config)} computes as Keras where it says so, else as before`, () => {
    const close = (found: number[], expected: number[]) => {
      assertEquals(found.length, expected.length);
      found.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-6, `${found}`));
    };
    close(outputs(name, { ...config, asKeras: true }, ROW), keras);
    close(outputs(name, config, ROW), stock);
  });
}

Deno.test("markImages() marks layers that resize or crop, also in nested models, and no others", () => {
  const of = (class_name: string, config: object) => ({ class_name, config });
  const model = of("Sequential", {
    layers: [
      of("Sequential", { layers: [of("Resizing", { height: 2, width: 2 })] }),
      of("Dense", { units: 1 }),
    ],
  });
  assertEquals(
    markImages(model, "model"),
    of("Sequential", {
      layers: [
        of("Sequential", { layers: [of("Resizing", { height: 2, width: 2, as_keras: true })] }),
        of("Dense", { units: 1 }),
      ],
    }),
  );
});

Deno.test("markImages() refuses a Resizing that does more than stretch", () => {
  const model = { layers: [{ class_name: "Resizing", config: { crop_to_aspect_ratio: true } }] };
  assertRefused(
    () => markImages(model, "model"),
    {
      place: "model.layers[0].config.crop_to_aspect_ratio",
      found: "true",
      expected: "false: TensorFlow.js stretches an image to its new size and does nothing else",
    },
    ModelError,
  );
});
