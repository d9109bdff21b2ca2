import { ModelError } from "../../../src/core/model/model_error.ts";
import { openZip } from "../../../src/files/unzip.ts";
import { type Packed, writeZip } from "../../files/write_zip.ts";

const FOLDER = new URL("../../../fixtures/torch_programs/", import.meta.url);

/** Path of a program, its batch or its figures. */
export const programPath = (name: string): string => new URL(name, FOLDER).pathname;

/** JSON of a program, loosely typed: tests break it. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** Changes of a program. */
export interface Edits {
  /** Changes `models/model.json`. */
  graph?: (json: Json) => void;
  /** Changes the list of weights. */
  weights?: (json: Json) => void;
  /** Changes or drops a file of the archive by the end of its name; `null` drops it. */
  file?: Record<string, Uint8Array | null>;
}

/** Folder of all copies. */
let folder: string | null = null;

/** Makes a folder that is removed when the tests of its process have ended. */
export function newFolder(): string {
  if (folder === null) {
    const made = Deno.makeTempDirSync();
    addEventListener("unload", () => Deno.removeSync(made, { recursive: true }));
    folder = made;
  }
  return Deno.makeTempDirSync({ dir: folder });
}

/** Writes an edited copy of a program to a new folder, and returns its path. */
export async function editedProgram(name: string, edits: Edits): Promise<string> {
  const bytes = await Deno.readFile(programPath(`${name}.pt2`));
  const files: Packed[] = [];
  for (const entry of openZip(bytes, ModelError).values()) {
    let content: Uint8Array | null = entry.read();
    const edit = (change?: (json: Json) => void) => {
      if (change === undefined) return;
      const json = JSON.parse(new TextDecoder().decode(content!));
      change(json);
      content = new TextEncoder().encode(JSON.stringify(json));
    };
    if (entry.name.endsWith("models/model.json")) edit(edits.graph);
    if (entry.name.endsWith("model_weights_config.json")) edit(edits.weights);
    for (const [end, other] of Object.entries(edits.file ?? {})) {
      if (entry.name.endsWith(end)) content = other;
    }
    if (content !== null) files.push({ name: entry.name, content });
  }
  const path = `${newFolder()}/${name}.pt2`;
  await Deno.writeFile(path, writeZip(files));
  return path;
}
