import { type DiagnosedRun, differenceOf } from "../../compare/difference.ts";
import type { Examination } from "../../diagnosis/examine/examine.ts";
import { isReadable } from "../../gate/gate_result.ts";
import { wrapText } from "../../render/fit_text.ts";
import { shapeChanges, shapeWords } from "../../render/render_changes.ts";
import { causeChanges, movedSentence } from "../../render/render_difference.ts";
import { failure } from "../../words/failure.ts";
import { formatCount, formatSeconds } from "../../words/numbers.ts";
import { oneLine } from "../../words/one_line.ts";
import { escapeControls } from "../../words/show_value.ts";
import type { MeasureRequest } from "../flags/measure_flags.ts";
import { columnsOf } from "../flags/show_flags.ts";
import { filesRead } from "../kit/files_read.ts";
import { interruption } from "../kit/process.ts";
import { openScreen } from "../kit/screen.ts";
import { UsageError } from "../kit/usage_error.ts";
import { openFile, writeOutput } from "../kit/write_output.ts";
import { type Outcome, RunWorkers } from "../measure_runs.ts";

/** Options for watching a report. */
interface WatchOptions {
  /** Modules with rules. */
  plugin: readonly string[];
  /** File of the report; `null` to show it on the screen. */
  out: string | null;
  /** True to open the file once it is written. */
  open: boolean;
  /** Draws an examination. */
  textOf(examination: Examination): Promise<string>;
}

/**
 * Measures a model repeatedly, whenever one of its files has changed. Each time it is loaded in a
 * new worker: Deno keeps every module that a thread has imported, and a worker begins with none. A
 * separate process would do the same but need permission to run one. The worker also leaves this
 * thread free to hear Ctrl-C, and to cancel a pass that a change has made stale.
 *
 * @param request What to measure.
 * @param options See {@linkcode WatchOptions}.
 * @returns The exit code: the code of the signal that ended it, or 0 if its reader went away.
 */
export async function watchReport(
  request: MeasureRequest & { model: string },
  { plugin, out, open, textOf }: WatchOptions,
): Promise<number> {
  const files = () =>
    filesRead([request.model, ...request.register, ...plugin], [request.batch, request.weights]);
  using stop = interruption();
  stop.begin();
  const stopped = new Promise<"stopped">((resolve) =>
    stop.signal.addEventListener("abort", () => resolve("stopped"))
  );
  await using screen = await openScreen();
  /** Last run that was measured, and its text. */
  let last: { run: DiagnosedRun; text: string } | null = null;
  for (;;) {
    // Opened before the pass, so that no change during it is missed; the imports may have changed
    // since the last one.
    using watch = await FileWatch.open(files);
    const changed = watch.changed().then(() => "changed" as const);
    await screen.tell(`${clock()} measuring ...`);
    const started = performance.now();
    const outcome = await measure(request, plugin, [changed, stopped]);
    if (outcome === "stopped") break;
    if (outcome === "changed") continue;
    const top: string[] = [];
    if ("error" in outcome) {
      top.push(`error: ${oneLine(outcome.error.message)}`);
      if (last !== null) top.push("Below is the last report that could be made.");
    } else {
      const took = formatSeconds(performance.now() - started);
      const count = formatCount(watch.count, "file");
      top.push(`measured in ${took}; watching ${count}; Ctrl-C ends it`);
      if (last !== null) top.push(...sinceLast(last.run, outcome.examination));
      const text = await textOf(outcome.examination);
      if (out !== null) await writeOutput(text, out);
      if (open && last === null) openFile(out!);
      last = { run: outcome.examination, text: out === null ? text : "" };
    }
    const width = columnsOf(null, Deno.stdout.isTerminal());
    const lines = top.flatMap((line, i) => wrapText(i === 0 ? `${clock()} ${line}` : line, width));
    if (!await screen.show(`${lines.join("\n")}\n\n${last?.text ?? ""}`)) return 0;
    if (await Promise.race([changed, stopped]) === "stopped") break;
  }
  return stop.code ?? 0;
}

/** Runs one pass in a worker, including late failures, unless something else comes first. */
async function measure<Event>(
  request: MeasureRequest & { model: string },
  plugins: readonly string[],
  events: Promise<Event>[],
): Promise<Outcome | Event> {
  await using workers = new RunWorkers({ requests: [request], tells: false, plugins }, 1);
  const outcomeOf = async (): Promise<Outcome> => {
    try {
      for await (const outcome of workers.run()) {
        if ("examination" in outcome) await workers.settle();
        return outcome;
      }
    } catch (error) {
      return { error: error as Error };
    }
    return { error: new Error("The pass was stopped") };
  };
  return await Promise.race([outcomeOf(), ...events]);
}

/** Describes what moved, and which causes are gone or new. */
function sinceLast(before: DiagnosedRun, after: DiagnosedRun): string[] {
  const named = (run: DiagnosedRun) => ({ ...run, name: "" });
  const difference = differenceOf(named(before), named(after));
  const shapes = shapeWords(shapeChanges(difference));
  const moved = movedSentence(difference);
  return [
    `Since the last pass: ${moved[0].toLowerCase()}${moved.slice(1)}`,
    ...shapes === "" ? [] : [`Outputs: ${shapes}`],
    ...causeChanges(difference).filter(([label]) => label !== "Stayed")
      .map(([label, message]) => `${label}: ${message}`),
  ].map((line) => escapeControls(line));
}

const clock = () => new Date().toTimeString().slice(0, 8);

/** Time in ms that files must stay unchanged: an editor writes in several steps. */
const CALM = 100;

/**
 * Watches some files for changes. It watches their folders, since an editor that renames a new file
 * into place leaves a watched file behind. An event only triggers a comparison of the files, so
 * other changes in a folder do not count.
 */
class FileWatch implements Disposable {
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
      let before = this.#known;
      let now = await this.#state();
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
