import { type DiagnosedRun, differenceOf } from "../compare/difference.ts";
import type { Examination } from "../examine/examine.ts";
import { causeChanges, movedSentence } from "../render/difference_words.ts";
import { shapeChanges, shapeWords } from "../render/shape_changes.ts";
import { wrapText } from "../render/wrap_text.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { formatCount, formatSeconds } from "../words/numbers.ts";
import { oneLine } from "../words/one_line.ts";
import { FileWatch } from "./file_watch.ts";
import { filesRead } from "./files_read.ts";
import type { MeasureRequest } from "./measure_flags.ts";
import { openWorker, type Outcome } from "./measure_runs.ts";
import { interruption } from "./process.ts";
import { openFile } from "./open_file.ts";
import { openScreen } from "./screen.ts";
import { columnsOf } from "./show_flags.ts";
import { writeOutput } from "./write_output.ts";

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
    const worker = openWorker(plugin);
    const outcome = await Promise.race([measure(worker, request), changed, stopped]);
    worker.end();
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

/** Runs one pass, including late failures. */
async function measure(
  worker: ReturnType<typeof openWorker>,
  request: MeasureRequest,
): Promise<Outcome> {
  const outcome = await worker.measure(request, false);
  if ("error" in outcome) return outcome;
  try {
    await worker.settle();
    return outcome;
  } catch (error) {
    return { error: error as Error };
  }
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
