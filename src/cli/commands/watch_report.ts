import { type DiagnosedRun, differenceOf } from "../../core/compare/difference.ts";
import type { Examination } from "../../core/diagnosis/examine/examine.ts";
import { isReadable } from "../../core/diagnosis/gate_result.ts";
import { weightFilesOf } from "../../files/weights_manifest.ts";
import { wrapText } from "../../core/text/fit_text.ts";
import { shapeChanges, shapeWords } from "../../core/text/render_changes.ts";
import { causeChanges, movedSentence } from "../../core/text/render_difference.ts";
import { failure, oneLine } from "../../ground/words/failure.ts";
import { formatCount, formatSeconds } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import type { MeasureRequest } from "../flags/measure_flags.ts";
import { columnsOf } from "../flags/show_flags.ts";
import type { FormatName } from "../formats.ts";
import { interruption } from "../kit/process.ts";
import { UsageError } from "../kit/flag.ts";
import { openFile, writeOutput } from "../kit/write_output.ts";
import { type Outcome, RunWorkers } from "../measure_runs.ts";
import { builtin } from "../../platform/builtins.ts";
import { type FileWatcher, host } from "../../platform/host.ts";

/** Screen for a text that is updated repeatedly. */
interface Screen extends AsyncDisposable {
  /**
   * Shows a text in place of the last one, or after it if there is no terminal.
   *
   * @returns True if the output still has a reader.
   */
  show(text: string): Promise<boolean>;
  /** Shows the current state in the first line. */
  tell(line: string): Promise<void>;
}

const ESC = "\x1b[";

/**
 * Opens the alternate screen of the terminal, as editors do, which leaves the scrollback unchanged.
 * At the end the normal screen returns, and gets the last text. Without a terminal, texts follow
 * each other.
 */
async function openScreen(): Promise<Screen> {
  if (!host.stdout.isTerminal()) {
    return {
      show: (text) => writeOutput(`${text}\n`, null),
      tell: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  let last = "";
  await writeOutput(`${ESC}?1049h`, null);
  return {
    async show(text) {
      last = text;
      return await writeOutput(`${ESC}H${ESC}2J${fitting(text)}${parked()}`, null);
    },
    async tell(line) {
      await writeOutput(`${ESC}H${ESC}2K${line}${parked()}`, null);
    },
    async [Symbol.asyncDispose]() {
      await writeOutput(`${ESC}?1049l${last}`, null);
    },
  };
}

/** Rows assumed for a terminal that does not report them. */
const ROWS = 24;

const rowsOfTerminal = () => host.consoleSize().rows || ROWS;

/**
 * Moves the cursor to the last row, which stays empty: when Deno loads the modules of a worker, it
 * erases everything from the row of the cursor on.
 */
const parked = () => `${ESC}${rowsOfTerminal()};1H`;

/** Cuts a text to the rows available: the top matters most, and must not scroll away. */
function fitting(text: string): string {
  const lines = text.trimEnd().split("\n");
  const room = rowsOfTerminal() - 1;
  if (lines.length <= room) return lines.join("\n");
  const more = formatCount(lines.length - room + 1, "more line");
  return [...lines.slice(0, room - 1), `${more}, printed at the end`].join("\n");
}

interface WatchOptions {
  /** Modules with rules. */
  plugin: readonly string[];
  /** File of the report; `null` to show it on the screen. */
  out: string | null;
  /** Format of the report. */
  format: FormatName;
  /** True to open the file once it is written. */
  open: boolean;
  textOf(examination: Examination): Promise<string>;
}

/**
 * Measures a model repeatedly, whenever one of its files has changed. Each time it is loaded in a
 * new worker: Deno keeps every module that a thread has imported, and a worker begins with none. A
 * separate process would do the same but need permission to run one. The worker also leaves this
 * thread free to hear Ctrl-C, and to cancel a pass that a change has made stale.
 *
 * @param options See {@linkcode WatchOptions}.
 * @returns The exit code: the code of the signal that ended it, or 0 if its reader went away.
 */
export async function watchReport(
  request: MeasureRequest & { model: string },
  { plugin, out, format, open, textOf }: WatchOptions,
): Promise<number> {
  const { model, register, batch, weights } = request;
  const named = [model, ...register, ...plugin, batch, weights].filter((path) => path !== null);
  let imported = new Set<string>();
  using stop = interruption();
  stop.begin();
  const stopped = new Promise<"stopped">((resolve) =>
    stop.signal.addEventListener("abort", () => resolve("stopped"))
  );
  await using screen = await openScreen();
  /** Last run that was measured, and its text. */
  let last: { run: DiagnosedRun; text: string } | null = null;
  for (;;) {
    // Opened before the pass, so that no change during it is missed.
    using watch = FileWatch.open([...named, ...await weightFilesOf(model), ...imported]);
    const before = imported;
    imported = new Set();
    const onImport = (path: string) => {
      imported.add(path);
      watch.add(path);
    };
    const changed = watch.changed().then(() => "changed" as const);
    await screen.tell(`${clock()} measuring ...`);
    const started = performance.now();
    const outcome = await measure({ request, plugins: plugin, onImport }, [changed, stopped]);
    if (outcome === "stopped") break;
    if (outcome === "changed") {
      imported = imported.union(before);
      continue;
    }
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
      if (out !== null) await writeOutput(text, out, format);
      if (open && last === null) openFile(out!);
      last = { run: outcome.examination, text: out === null ? text : "" };
    }
    const width = columnsOf(null, { terminal: host.stdout.isTerminal() });
    const lines = top.flatMap((line, i) => wrapText(i === 0 ? `${clock()} ${line}` : line, width));
    if (!await screen.show(`${lines.join("\n")}\n\n${last?.text ?? ""}`)) return 0;
    if (await Promise.race([changed, stopped]) === "stopped") break;
  }
  return stop.code ?? 0;
}

/** Runs one pass in a worker, including late failures, unless something else comes first. */
async function measure<Event>(
  { request, plugins, onImport }: {
    request: MeasureRequest & { model: string };
    plugins: readonly string[];
    onImport: (path: string) => void;
  },
  events: Promise<Event>[],
): Promise<Outcome | Event> {
  const task = { requests: [request], tells: false, plugins };
  await using workers = new RunWorkers(task, 1, { onImport });
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
  readonly #watchers = new Map<string, FileWatcher>();
  /** State of each file when it was added or had last changed. */
  readonly #known = new Map<string, string>();
  #wake = Promise.withResolvers<void>();

  /**
   * Begins to watch.
   *
   * @throws {UsageError} If the folders of the files cannot be watched.
   */
  static open(files: readonly string[]): FileWatch {
    const watch = new FileWatch();
    try {
      for (const file of files) watch.#add(file);
      return watch;
    } catch (error) {
      watch[Symbol.dispose]();
      throw new UsageError(`${oneLine(files[0])} cannot be watched: ${failure(error)}`);
    }
  }

  /** Watches another file; skips files that cannot be watched. */
  add(file: string): void {
    try {
      this.#add(file);
    } catch {
      // Only files that the user named must be watched.
    }
  }

  #add(file: string): void {
    if (this.#known.has(file)) return;
    // If only the file may be read, watch the file itself.
    const place = isReadable(builtin("path").dirname(file)) ? builtin("path").dirname(file) : file;
    this.#known.set(file, stateOf(file));
    if (this.#watchers.has(place)) return;
    const watcher = host.watchFs(place, { recursive: false });
    this.#watchers.set(place, watcher);
    this.#listen(watcher);
  }

  /** Waits until the files have changed and settled; forever once disposed. */
  async changed(): Promise<void> {
    for (;;) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      if (!this.#update()) continue;
      do await new Promise((resolve) => setTimeout(resolve, CALM)); while (this.#update());
      return;
    }
  }

  /** Number of distinct files. */
  get count(): number {
    return new Set(this.#known.values()).size;
  }

  /** Takes the present state of all files. Returns true if one has changed. */
  #update(): boolean {
    let hasChanged = false;
    for (const [file, before] of this.#known) {
      const now = stateOf(file);
      if (now === before) continue;
      this.#known.set(file, now);
      hasChanged = true;
    }
    return hasChanged;
  }

  async #listen(watcher: FileWatcher): Promise<void> {
    for await (const _event of watcher) this.#wake.resolve();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/**
 * Returns a text that changes when a file is written: inode, size and time. Links to one file count
 * once.
 */
function stateOf(file: string): string {
  try {
    const { ino, size, mtime } = host.statSync(file);
    return JSON.stringify([ino || file, size, mtime?.getTime()]);
  } catch {
    return file;
  }
}
