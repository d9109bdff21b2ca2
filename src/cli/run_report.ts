import { REPORT_FORMATS, type ReportValues } from "./report_flags.ts";
import { showWord } from "../words/show_word.ts";
import { loadPlugins } from "./load_plugins.ts";
import { isWeightsFile } from "../model/file_kinds.ts";
import { strayErrors } from "../model/stray_errors.ts";
import type { Examination } from "../examine/examine.ts";
import type { Measurements } from "../measure/measurements.ts";
import { FORMATS } from "./formats.ts";
import { claimOutputs } from "./claim_outputs.ts";
import { filesRead } from "./files_read.ts";
import { formatOf } from "./format_of.ts";
import { examineModel } from "./measure_model.ts";
import { openFile, requireFile } from "./open_file.ts";
import { kindOf } from "./result_kind.ts";
import { textOptions } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** Measures a model and shows it. Returns the exit code, see the declaration of the subcommand. */
export async function run(
  [model]: string[],
  {
    plugin,
    format: asked,
    out,
    axis,
    layers,
    trial,
    trialBudget,
    details,
    all,
    open,
    watch,
    ...flags
  }: ReportValues,
): Promise<number> {
  requireFile(open, out === null ? [] : [out]);
  const format = formatOf(asked, out, REPORT_FORMATS);
  if (format === "svg" && model !== undefined && isWeightsFile(model)) {
    throw new UsageError(
      `--format svg draws gradients and activations, found MODEL ${showWord(model)}, which holds ` +
        "weights alone",
    );
  }
  if (out !== null) {
    const { batch, register, weights } = flags;
    await claimOutputs(
      [{ path: out, kind: kindOf(format, "report") }],
      await filesRead([model ?? null, ...register, ...plugin], [batch, weights]),
    );
  }
  const { histograms = false } = FORMATS[format];
  const request = {
    ...{ model: model ?? null, ...flags },
    examination: { trial, trialBudget, rules: null, trained: null, histograms },
  };
  /** Draws one examination as text, at the current width of the terminal. */
  const textOf = async ({ measurements, findings, diagnosis }: Examination) => {
    requireShown(layers, measurements);
    const options = {
      ...textOptions(flags, out),
      details,
      all,
      scale: axis,
      layers: layers ?? undefined,
    };
    return await FORMATS[format].report!({ measurements, findings, diagnosis }, options);
  };
  if (watch) {
    if (model === undefined) {
      throw new UsageError("--watch has no MODEL, expected a file to watch");
    }
    if (format !== "text" && out === null) {
      throw new UsageError(`--watch with --format ${format} has no --out, expected a file`);
    }
    const { watchReport } = await import("./watch_report.ts");
    return await watchReport({ ...request, model }, { plugin, out, open, textOf });
  }
  await loadPlugins(plugin);
  const examination = await examineModel(request, !flags.quiet);
  await strayErrors.settle();
  await writeOutput(await textOf(examination), out);
  if (open) openFile(out!);
  return 0;
}

/**
 * Rejects a pattern that matches no layer.
 *
 * @throws {UsageError} If `--layers` leaves nothing to show.
 */
function requireShown(layers: RegExp | null, { layers: all }: Measurements): void {
  if (layers && !all.some(({ name }) => layers.test(name))) {
    throw new UsageError(
      `--layers is ${showWord(String(layers))}, expected the name of a layer to match it`,
    );
  }
}
