import { withFolder } from "../../core/model/save_model.ts";
import { refusesWithin } from "./refuses_within.ts";

type Layer = { class_name: string; config: Record<string, unknown> };

const input = (...shape: number[]): Layer => ({
  class_name: "InputLayer",
  config: { name: "i", batch_shape: [null, ...shape] },
});
const layer = (class_name: string, settings: Record<string, unknown>): Layer => ({
  class_name,
  config: { name: class_name.toLowerCase(), ...settings },
});
const DENSE = layer("Dense", { units: 2 });
const PICTURE = layer("GlobalAveragePooling2D", {});
const SEQUENCE = layer("GlobalAveragePooling1D", {});

const memory = "expected at most 384.0 MiB of a file that is not trusted: use --trust if it is";
const work = "expected at most 2e+13 of a file that is not trusted: use fewer examples";

const TOPOLOGIES: Record<string, [layers: Layer[], includes: string]> = {
  repeated: [[input(4), layer("RepeatVector", { n: 1e8 }), SEQUENCE, DENSE], memory],
  enlarged: [
    [
      input(8, 8, 1),
      ...[1, 2, 3].map((i) => layer("UpSampling2D", { name: `up${i}`, size: [9, 9] })),
      PICTURE,
      DENSE,
    ],
    memory,
  ],
  deep: [
    [
      input(4),
      ...Array.from({ length: 5000 }, (_, i) => layer("Dense", { name: `d${i}`, units: 4 })),
    ],
    "has 5000 layers, expected at most 3000",
  ],
  deeper: [
    [input(4), ...Array.from({ length: 20_000 }, (_, i) => layer("ReLU", { name: `r${i}` }))],
    "expected at most 10000 calls",
  ],
  embedding: [
    [input(4), layer("Embedding", { input_dim: 1e8, output_dim: 4 }), SEQUENCE, DENSE],
    "expected at most 2.0 GiB of a file that is not trusted: use --trust if it is",
  ],
  wide: [[input(4), layer("Dense", { name: "wide", units: 1e8 }), DENSE], "536870912 entries"],
  convolution: [
    [
      input(2000, 2000, 1),
      layer("Conv2D", { filters: 1, kernel_size: [300, 300] }),
      PICTURE,
      DENSE,
    ],
    work,
  ],
  pooling: [
    [
      input(1000, 1000, 1),
      layer("AveragePooling2D", { pool_size: [500, 500], strides: [1, 1] }),
      PICTURE,
      DENSE,
    ],
    work,
  ],
};

Deno.test("report and sweep refuse topology bombs before they take anything", () =>
  withFolder(async (folder) => {
    const lines = await Promise.all(
      Object.entries(TOPOLOGIES).map(async ([name, [layers, includes]]) => {
        const path = `${folder}/${name}.json`;
        const topology = { class_name: "Sequential", config: { name: "s", layers } };
        await Deno.writeTextFile(path, JSON.stringify(topology));
        return [
          { args: ["report", path], includes },
          { args: ["sweep", path, "--scale", "1", "--seeds", "1"], includes },
        ];
      }),
    );
    await refusesWithin(lines.flat());
  }));
