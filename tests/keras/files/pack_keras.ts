import { openZip } from "../../../src/files/unzip.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { writeZip } from "../../files/write_zip.ts";

/** Contents of a `.keras`. */
export interface KerasArchive {
  config: unknown;
  weights: Uint8Array;
}

/** Takes a `.keras` apart. */
export function unpackKeras(bytes: Uint8Array): KerasArchive {
  const files = openZip(bytes, InputError);
  return {
    config: JSON.parse(new TextDecoder().decode(files.get("config.json")!.read())),
    weights: files.get("model.weights.h5")!.read(),
  };
}

/** Puts a `.keras` together. */
export function packKeras({ config, weights }: KerasArchive): Uint8Array<ArrayBuffer> {
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return writeZip([
    { name: "metadata.json", content: text({ keras_version: "3.15.1" }) },
    { name: "config.json", content: text(config) },
    { name: "model.weights.h5", content: weights },
  ]);
}
