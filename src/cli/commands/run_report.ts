import type { Examination } from "../../diagnosis/examine/examine.ts";
import type { Measurements } from "../../measure/measurements.ts";
import { isWeightsFile } from "../../model/loaded_model.ts";
import { strayErrors } from "../../model/user_code/stray_errors.ts";
import { showWord } from "../../words/show_value.ts";
import { formatOf, requireRead, textOptions } from "../flags/show_flags.ts";
import type { MeasureRequest } from "../flags/measure_flags.ts";
import { type FormatName, FORMATS } from "../formats.ts";
import { claimOutputs } from "../kit/claim_outputs.ts";
import { UsageError } from "../kit/usage_error.ts";
import { openFile, requireFile, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_plugins.ts";
import { examineModel } from "../measure_model.ts";
import { REPORT_FLAGS, REPORT_FORMATS, type ReportValues } from "./report_flags.ts";
import { refusal } from "../../words/input_error.ts";

/** Measures a model and shows it. Returns the exit code, see the declaration of the subcommand. */
export async function run([model]: string[], values: ReportValues): Promise<number> {
  const { plugin, out, open, quiet } = values;
  const format = chooseFormat(model, values);
  await claimReport(model, values);
  const request = requestOf(model, format, values);
  const textOf = (examination: Examination) => drawReport(examination, format, values);
  if (values.watch) {
    if (model === undefined) {
      throw new UsageError(refusal`--watch has no MODEL, expected a file to watch`);
    }
    if (format !== "text" && out === null) {
      throw new UsageError(refusal`--watch with --format ${format} has no --out, expected a file`);
    }
    const { watchReport } = await import("./watch_report.ts");
    return await watchReport({ ...request, model }, { plugin, out, format, open, textOf });
  }
  await loadPlugins(plugin);
  const examination = await examineModel(request, { tells: !quiet });
  await strayErrors.settle();
  await writeOutput(await textOf(examination), out, format);
  if (open) openFile(out!);
  return 0;
}

/**
 * Returns the format of the report.
 *
 * @throws {UsageError} If it ignores a flag, or needs a pass, which weights alone do not allow.
 */
function chooseFormat(model: string | undefined, values: ReportValues): FormatName {
  const { out, open, force, rates, weightsOnly } = values;
  requireFile({ open, force }, out === null ? [] : [out]);
  const format = formatOf(values.format, out, REPORT_FORMATS);
  requireRead(REPORT_FLAGS, values, "report", [format]);
  const isAlone = model !== undefined && isWeightsFile(model);
  if (!weightsOnly && !isAlone) return format;
  const found = isAlone
    ? `found MODEL ${showWord(model)}, which holds only weights`
    : "found --weights-only";
  if (format === "svg") {
    throw new UsageError(`--format svg draws gradients and activations, ${found}`);
  }
  if (rates) throw new UsageError(`--rates trains a model, ${found}`);
  return format;
}

/** Checks that the report can be written without losing a file. */
async function claimReport(
  model: string | undefined,
  { out, force, batch, register, plugin, weights }: ReportValues,
): Promise<void> {
  if (out === null) return;
  const inputs = [model ?? null, ...register, ...plugin, batch, weights];
  await claimOutputs([{ path: out }], inputs, { force });
}

function requestOf(
  model: string | undefined,
  format: FormatName,
  { trial, trialBudget, rates, ...flags }: ReportValues,
): MeasureRequest {
  const { histograms = false } = FORMATS[format];
  return {
    ...flags,
    model: model ?? null,
    examination: { trial, trialBudget, rates, rules: null, trained: null, histograms },
  };
}

/** Draws one examination as text, at the current width of the terminal. */
async function drawReport(
  { measurements, findings, diagnosis }: Examination,
  format: FormatName,
  { layers, details, all, axis, out, ...flags }: ReportValues,
): Promise<string> {
  requireShown(layers, measurements);
  const options = {
    ...textOptions(flags, out),
    details,
    all,
    scale: axis,
    layers: layers ?? undefined,
  };
  return await FORMATS[format].report!({ measurements, findings, diagnosis }, options);
}

/** Rejects a pattern that matches no layer. */
function requireShown(layers: RegExp | null, { layers: all }: Measurements): void {
  if (layers && !all.some(({ name }) => layers.test(name))) {
    throw new UsageError(
      refusal`--layers is ${showWord(String(layers))}, expected a pattern that matches a layer`,
    );
  }
}
