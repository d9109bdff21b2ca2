import { gunzipSync } from "node:zlib";
import { openZip } from "../../src/files/unzip.ts";
import { InputError } from "../../src/ground/words/input_error.ts";
import { readStateDict } from "../../src/torch/read_state_dict.ts";
import { runProcess } from "./run_process.ts";
import type { Pythons } from "./venvs.ts";

const FIXTURES = new URL("../../fixtures/files/", import.meta.url);

/** Seconds that a script may take. */
const PATIENCE = 900;

/** Script that writes files: its environment, its command line, and the folder of its files. */
const SCRIPTS: readonly (readonly [keyof Pythons, string, readonly string[], string])[] = [
  ["keras", "write_keras_files.py", [], "keras"],
  ["tf", "write_keras_files.py", ["--keras2"], "keras"],
  ["keras", "write_keras_layers.py", [], "keras"],
  ["tf", "write_keras_layers.py", ["--keras2"], "keras"],
  ["keras", "write_keras_operations.py", [], "keras"],
  ["keras", "write_keras_rest.py", [], "keras"],
  ["tf", "write_keras_rest.py", ["--keras2"], "keras"],
  ["keras", "write_bad_hdf5.py", [], "hdf5"],
  ["torch", "write_torch_files.py", [], "torch"],
];

/** Figures that are sums over many entries may differ in their last digits. */
const CLOSE = 1e-5;

/**
 * Writes the files of `fixtures/files` again, and names those that come out otherwise or that no
 * script writes. The same bytes are the same; so are archives with equal entries (except
 * `metadata.json`, which has the date), checkpoints with equal tensors, and JSON files with close
 * numbers.
 */
export async function checkFiles(pythons: Pythons): Promise<string[]> {
  const differing: string[] = [];
  const left = new Set(
    [...new Set(SCRIPTS.map(([, , , folder]) => folder))].flatMap((folder) =>
      [...Deno.readDirSync(new URL(folder, FIXTURES))].map(({ name }) => `${folder}/${name}`)
    ),
  );
  for (const [environment, script, args, folder] of SCRIPTS) {
    console.error(`${script} ${args.join(" ")}`);
    const into = await Deno.makeTempDir();
    try {
      const path = new URL(script, import.meta.url).pathname;
      await runProcess([pythons[environment], path, into, ...args], PATIENCE);
      for (const { name } of Deno.readDirSync(into)) {
        left.delete(`${folder}/${name}`);
        const kept = new URL(`${folder}/${name}`, FIXTURES);
        if (!await isSame(name, await Deno.readFile(`${into}/${name}`), kept)) {
          differing.push(`${folder}/${name}`);
        }
      }
    } finally {
      await Deno.remove(into, { recursive: true });
    }
  }
  return [...differing, ...[...left].map((name) => `${name}: no script writes it`)];
}

async function isSame(name: string, made: Uint8Array, kept: URL): Promise<boolean> {
  const own = await Deno.readFile(kept).catch(() => null);
  if (own === null) return false;
  return sameBytes(name, made, own);
}

/** Returns true if two files of one name have the same content. */
export function sameBytes(name: string, one: Uint8Array, other: Uint8Array): boolean {
  if (one.length === other.length && one.every((byte, i) => byte === other[i])) return true;
  if (name.endsWith(".gz")) {
    return sameBytes(name.slice(0, -3), gunzipSync(one), gunzipSync(other));
  }
  if (name.endsWith(".json")) {
    const read = (bytes: Uint8Array) => JSON.parse(numbered(new TextDecoder().decode(bytes)));
    return isClose(read(one), read(other));
  }
  // Lightning notes the folder and the time of a run beside the weights.
  if (name.endsWith(".ckpt")) return isClose(tensorsOf(one), tensorsOf(other));
  if (!/\.(keras|pt|pth)$/.test(name)) return false;
  const [first, second] = [one, other].map((bytes) =>
    openZip(bytes as Uint8Array<ArrayBuffer>, InputError)
  );
  const names = [...first.keys()].filter((entry) => entry !== "metadata.json");
  return first.size === second.size && names.every((entry) => {
    const same = second.get(entry);
    return same !== undefined && sameBytes(entry, first.get(entry)!.read(), same.read());
  });
}

/** Keras calls an object that several layers share by where it lay in memory: here by when it is first named. */
function numbered(json: string): string {
  const ids = new Map<string, number>();
  return json.replace(/("shared_object_id": )(\d+)/g, (_, key, id) => {
    ids.set(id, ids.get(id) ?? ids.size);
    return `${key}${ids.get(id)}`;
  });
}

const tensorsOf = (bytes: Uint8Array) =>
  readStateDict(bytes).tensors.map(({ name, shape, read }) => [name, shape, [...read()]]);

function isClose(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") {
    return Math.abs(one - other) <= CLOSE * Math.max(Math.abs(one), Math.abs(other), 1e-3);
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  const first = Object.entries(one);
  const second = other as Record<string, unknown>;
  return first.length === Object.keys(other).length &&
    first.every(([key, value]) => isClose(value, second[key]));
}
