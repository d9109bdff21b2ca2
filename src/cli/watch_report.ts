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

/** How a report is watched. */
interface WatchOptions {
  /** Modules with rules. */
  plugin: readonly string[];
  /** Where the report goes; `null`: to where the rest is shown. */
  out: string | null;
  /** Whether to open the file, once it is there. */
  open: boolean;
  /** Draws an examination. */
  textOf(examination: Examination): Promise<string>;
}

/**
 * Measures a model again and again, whenever a file that it is made of has changed. Each time it is loaded in a
 * worker of its own: Deno keeps every module that a thread has imported, and a worker begins with none. A
 * process of its own would do the same and need permission to run one. The worker also leaves this thread
 * free to hear Ctrl-C, and to drop a pass that a change has made stale.
 *
 * @param request What to measure.
 * @param options How to show it.
 * @returns The exit code: that of the signal which ended it, or 0 if its reader went away.
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
  /** The last run that could be measured, and its text. */
  let last: { run: DiagnosedRun; text: string } | null = null;
  for (;;) {
    // Opened before the pass, so that no change during it is missed; the imports may be others than before.
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

/** One pass, up to what fails after it. */
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

/** What moved, and which causes went or came. */
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
