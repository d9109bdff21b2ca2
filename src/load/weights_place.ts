import { basename, dirname, join } from "node:path";
import { type ByteSource, byteSource } from "../model/files/byte_source.ts";
import { readUserText } from "../model/files/user_file.ts";
import { ModelError } from "../model/model_error.ts";
import { failure } from "../words/failure.ts";

/** File of weights, on this machine or on a server. */
export interface WeightsPlace {
  /** Its name, whose ending tells its kind. */
  name: string;
  /** Path of it on this machine; `null` if it is on a server. */
  path: string | null;
  /**
   * Opens it; returns `null` if it is missing.
   *
   * @throws {ModelError} If it cannot be read.
   */
  open(): Promise<ByteSource | null>;
  /** Reads it as a text. */
  text(): Promise<string>;
  /** Reads a text that need not be there: `null` if it is missing, or unreadable. */
  optionalText(): Promise<string | null>;
  /** Returns the file of another name beside it. */
  beside(name: string): WeightsPlace;
  /** Notes on how it was read, a sentence each. */
  notes: ReadonlySet<string>;
}

/** Returns the place of a file on this machine. */
export function localPlace(path: string): WeightsPlace {
  return {
    name: basename(path),
    path,
    notes: new Set(),
    beside: (name) => localPlace(join(dirname(path), name)),
    text: () => readUserText(path),
    async open() {
      try {
        return await byteSource(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw new ModelError(failure(error), { cause: error });
      }
    },
    async optionalText() {
      // Ask for no permission to read a file that may be missing.
      if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
      return await readUserText(path).catch(() => null);
    },
  };
}
