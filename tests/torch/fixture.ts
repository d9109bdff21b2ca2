import { readWeights } from "../../src/load/read_weights.ts";
import { openZip } from "../../src/files/unzip.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { writeZip } from "../files/write_zip.ts";
import { assertEquals } from "@std/assert";
import { type Parts, partsOf } from "../assert_refused.ts";

const FOLDER = new URL("../../fixtures/files/", import.meta.url);

/** Path of a file that PyTorch, safetensors or NumPy wrote. */
export const fixture = (name: string): string => new URL(name, FOLDER).pathname;

/** NumPy's figures of a tensor. */
export interface Figures {
  shape: number[];
  rms: number;
  std: number;
  maxAbs: number;
  first: number[];
}

/** Figures of all files by NumPy and PyTorch. */
export interface Expected {
  files: Record<string, Record<string, Figures>>;
  passes: Record<string, { inputs: number[]; outputs: number[] }>;
  batch: { x: number[]; y: number[] };
  images: Record<string, number[]>;
}

/** Reads the figures. */
export async function readExpected(): Promise<Expected> {
  return JSON.parse(await Deno.readTextFile(new URL("expected.json", FOLDER)));
}

/** The parts of the error with which a file of some bytes is refused, without its path. */
export async function refusalOf(extension: string, bytes: Uint8Array): Promise<Parts> {
  const path = await Deno.makeTempFile({ suffix: extension });
  try {
    await Deno.writeFile(path, bytes);
    const { tensors } = await readWeights(path);
    for (const tensor of tensors) tensor.read();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    assertEquals(error.message.startsWith(`${path}: `), true, error.message);
    return partsOf(error, path);
  } finally {
    await Deno.remove(path);
  }
  throw new Error("the file was not refused");
}

/** A safetensors file of a header as it stands. */
export function safetensors(header: unknown, entries = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + entries);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** A file as `torch.save` writes it, of a pickle and of storages by name. */
export function torchFile(
  pickle: Uint8Array,
  storages: Record<string, Uint8Array> = {},
): Uint8Array<ArrayBuffer> {
  return writeZip([
    { name: "net/data.pkl", content: pickle },
    ...Object.entries(storages).map(([key, content]) => ({ name: `net/data/${key}`, content })),
  ]);
}

/** The parts of a file that `torch.save` wrote. */
export async function torchParts(name: string) {
  const entries = openZip(await Deno.readFile(fixture(name)), ModelError);
  const root = [...entries.keys()][0].split("/")[0];
  const storages = [...entries].filter(([path]) => path.startsWith(`${root}/data/`));
  return {
    pickle: entries.get(`${root}/data.pkl`)!.read(),
    storages: Object.fromEntries(
      storages.map(([path, entry]) => [path.slice(root.length + 6), entry.read()]),
    ),
  };
}
