import { isReadable } from "../gate/is_readable.ts";
import { failure } from "../words/failure.ts";
import { oneLine } from "../words/one_line.ts";
import { UsageError } from "./usage_error.ts";

/** For how long, in ms, files must stay as they are: an editor writes in several steps. */
const CALM = 100;

/**
 * Tells when one of some files has changed, has come or has gone. It watches their folders, since an editor that
 * renames a new file into place leaves a watched file behind; an event only makes it look again, so that
 * what else happens in a folder does not count.
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
   * @param filesOf Says which files count; it is asked again whenever something happens.
   * @throws {UsageError} If their folders cannot be watched.
   */
  static async open(filesOf: () => Promise<string[]>): Promise<FileWatch> {
    const { dirname } = await import("node:path");
    const files = await filesOf();
    // Where a file alone may be read, it is watched by itself.
    const places = new Set(files.map((file) => isReadable(dirname(file)) ? dirname(file) : file));
    try {
      const watcher = Deno.watchFs([...places], { recursive: false });
      return new FileWatch(watcher, filesOf, await stateOf(files));
    } catch (error) {
      throw new UsageError(`${oneLine(files[0])} cannot be watched: ${failure(error)}`);
    }
  }

  /** Waits until the files are not as they were, and no longer change; for ever once it is disposed. */
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

  /** How many files there are, each once under whatever names. */
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

/** What tells that a file was written: its number, size and time; of a file with two names once. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = await Promise.all(files.map(async (file) => {
    const info = await Deno.stat(file).catch(() => null);
    return JSON.stringify([info?.ino || file, info?.size, info?.mtime?.getTime()]);
  }));
  return JSON.stringify([...new Set(states)]);
}
