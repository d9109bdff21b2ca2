import { isReadable } from "../gate/is_readable.ts";
import { failure } from "../words/failure.ts";
import { oneLine } from "../words/one_line.ts";
import { UsageError } from "./usage_error.ts";

/** Time in ms that files must stay unchanged: an editor writes in several steps. */
const CALM = 100;

/**
 * Watches some files for changes. It watches their folders, since an editor that renames a new file
 * into place leaves a watched file behind. An event only triggers a comparison of the files, so
 * other changes in a folder do not count.
 */
export class FileWatch implements Disposable {
  readonly #watcher: Deno.FsWatcher;
  readonly #filesOf: () => Promise<string[]>;
  #known: string;
  #wake = Promise.withResolvers<void>();

  private constructor(watcher: Deno.FsWatcher, filesOf: () => Promise<string[]>, known: string) {
    this.#watcher = watcher;
    this.#filesOf = filesOf;
    this.#known = known;
    this.#listen();
  }

  /**
   * Begins to watch.
   *
   * @param filesOf Returns the files to watch; called again on every event.
   * @throws {UsageError} If their folders cannot be watched.
   */
  static async open(filesOf: () => Promise<string[]>): Promise<FileWatch> {
    const { dirname } = await import("node:path");
    const files = await filesOf();
    // If only the file may be read, watch the file itself.
    const places = new Set(files.map((file) => isReadable(dirname(file)) ? dirname(file) : file));
    try {
      const watcher = Deno.watchFs([...places], { recursive: false });
      return new FileWatch(watcher, filesOf, await stateOf(files));
    } catch (error) {
      throw new UsageError(`${oneLine(files[0])} cannot be watched: ${failure(error)}`);
    }
  }

  /** Waits until the files have changed and settled; forever once disposed. */
  async changed(): Promise<void> {
    for (;;) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      let [before, now] = [this.#known, await this.#state()];
      if (now === before) continue;
      while (now !== before) {
        await new Promise((resolve) => setTimeout(resolve, CALM));
        [before, now] = [now, await this.#state()];
      }
      this.#known = now;
      return;
    }
  }

  /** Number of distinct files. */
  get count(): number {
    return JSON.parse(this.#known).length;
  }

  async #state(): Promise<string> {
    return await stateOf(await this.#filesOf());
  }

  async #listen(): Promise<void> {
    for await (const _event of this.#watcher) this.#wake.resolve();
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}

/**
 * Returns a text that changes when a file is written: inode, size and time. Links to one file count
 * once.
 */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.all(files.map(async (file) => {
    const info = await Deno.stat(file).catch(() => null);
    return JSON.stringify([info?.ino || file, info?.size, info?.mtime?.getTime()]);
  }));
  return JSON.stringify([...new Set(states)]);
}
