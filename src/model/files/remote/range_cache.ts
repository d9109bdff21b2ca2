import { createHash } from "node:crypto";
import { writeFailure } from "../../../words/failure.ts";
import { ModelError } from "../../model_error.ts";
import type { RemoteFile } from "./range_client.ts";

/**
 * Folder with the ranges of files that were read, for later runs: a folder for each state of a file,
 * a file for each range.
 */
export class RangeCache {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Opens the folder of a file.
   *
   * @returns `null` if its server gives nothing by which a change is noticed.
   * @throws {ModelError} If it cannot be made.
   */
  static async open(
    folder: string,
    { url, size, etag, modified }: RemoteFile,
  ): Promise<RangeCache | null> {
    if (etag === null && modified === null) return null;
    const { origin, pathname } = new URL(url);
    const state = JSON.stringify([origin, pathname, size, etag ?? modified]);
    const own = `${folder}/${createHash("sha256").update(state).digest("hex").slice(0, 32)}`;
    await writing(folder, () => Deno.mkdir(own, { recursive: true }));
    return new RangeCache(own);
  }

  /** Returns a range; `null` if the folder does not have it whole. */
  async get(from: number, to: number): Promise<Uint8Array | null> {
    const bytes = await Deno.readFile(this.#path(from, to)).catch(() => null);
    return bytes?.length === to - from ? bytes : null;
  }

  /** Keeps a range. */
  async put(from: number, bytes: Uint8Array): Promise<void> {
    const path = this.#path(from, from + bytes.length);
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    await writing(this.#folder, async () => {
      await Deno.writeFile(temporary, bytes, { createNew: true });
      await Deno.rename(temporary, path);
    });
  }

  #path(from: number, to: number): string {
    return `${this.#folder}/${from}-${to}`;
  }
}

async function writing(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new ModelError(`The cache ${folder} cannot be written: ${writeFailure(error)}`);
  }
}
