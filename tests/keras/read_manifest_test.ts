import { readManifestWeights } from "../../src/keras/read_manifest.ts";
import { float32 } from "../files/npy.ts";
import { assertEquals } from "@std/assert";

const SPECS = [
  { name: "dense/kernel", shape: [2, 1], dtype: "float32" },
  {
    name: "dense/bytes",
    shape: [3],
    dtype: "float32",
    quantization: { dtype: "uint8", scale: 0.5, min: -1 },
  },
  { name: "dense/halves", shape: [2], dtype: "float32", quantization: { dtype: "float16" } },
  { name: "iter", shape: [1], dtype: "float32", group: "optimizer" },
  { name: "dense/bias", shape: [1], dtype: "float32" },
];
const BYTES = Uint8Array.from([
  ...float32(3, -4),
  0,
  2,
  255,
  ...new Uint8Array(Float16Array.of(0.5, -2).buffer),
  ...float32(99),
  ...float32(7),
]);

Deno.test("readManifestWeights() unpacks weights, leaves those of the optimizer out, and says where others stand", async () => {
  const folder = await Deno.makeTempDir();
  const paths = ["a.bin", "b.bin"];
  await Deno.writeFile(`${folder}/${paths[0]}`, BYTES.subarray(0, 5));
  await Deno.writeFile(`${folder}/${paths[1]}`, BYTES.subarray(5));
  const manifest = [{ paths, weights: SPECS }];
  // The first converters wrote the manifest alone.
  for (const json of [{ modelTopology: null, weightsManifest: manifest }, manifest]) {
    const path = `${folder}/model.json`;
    await Deno.writeTextFile(path, JSON.stringify(json));
    const { format, layout, tensors } = await readManifestWeights(path);
    assertEquals([format, layout], ["TensorFlow.js", "keras"]);
    assertEquals(
      tensors.map(({ name, shape, type, read, stored }) => [
        name,
        shape,
        type,
        [...read()],
        stored?.offset ?? null,
      ]),
      [
        ["dense/kernel", [2, 1], "float32", [3, -4], 0],
        ["dense/bytes", [3], "float32", [-1, 0, 126.5], null],
        ["dense/halves", [2], "float16", [0.5, -2], 11],
        ["dense/bias", [1], "float32", [7], 19],
      ],
    );
  }
  await Deno.remove(folder, { recursive: true });
});
