import { assertEquals } from "@std/assert";
import {
  codeOf,
  isJsonFile,
  isKerasFile,
  isModelFile,
  isModule,
  isTorchFile,
  isWeightsFile,
} from "../../src/model/loaded_model.ts";

/** What each extension stands for. */
const KINDS: Record<string, (path: string) => boolean> = {
  json: isJsonFile,
  ...Object.fromEntries(["keras", "h5", "hdf5"].map((end) => [end, isKerasFile])),
  ...Object.fromEntries(
    ["ts", "js", "mts", "mjs", "cts", "cjs", "tsx", "jsx"].map((end) => [end, isModule]),
  ),
  ...Object.fromEntries(["safetensors", "pt", "pth", "ckpt"].map((end) => [end, isTorchFile])),
  bin: isWeightsFile,
};

Deno.test("a path is of one kind by its extension, in capitals too, and each kind is a model's", () => {
  const kinds = [isJsonFile, isKerasFile, isModule, isTorchFile];
  for (const [extension, kind] of Object.entries(KINDS)) {
    for (const path of [`a/b.${extension}`, `a/b.${extension.toUpperCase()}`]) {
      assertEquals(kinds.filter((is) => is(path)), kinds.filter((is) => is === kind), path);
      assertEquals(isModelFile(path), true, path);
      assertEquals(isWeightsFile(path), kind === isTorchFile || kind === isWeightsFile, path);
    }
    for (const path of [`a.${extension}/b`, `a${extension}`, `a.${extension}.txt`]) {
      assertEquals([...kinds, isWeightsFile, isModelFile].some((is) => is(path)), false, path);
    }
  }
});

Deno.test("codeOf() is the module of a model, else the first that registers classes", () => {
  assertEquals(codeOf({ model: "a.ts" }), "a.ts");
  assertEquals(codeOf({ model: "a.ts", register: ["b.ts"] }), "a.ts");
  for (const model of [null, "a.json", "a.keras"]) {
    assertEquals(codeOf({ model }), null);
    assertEquals(codeOf({ model, register: ["b.ts", "c.ts"] }), "b.ts");
  }
});
