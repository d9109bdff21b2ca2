import type { Examination } from "../../core/diagnosis/examine/examine.ts";
import { readUserText } from "../../files/user_file.ts";
import type { Shard } from "../../study/study_document.ts";
import { documentKind } from "../../ground/words/document.ts";
import { oneLine } from "../../ground/words/failure.ts";
import type { Measurements } from "../../core/measure/measurements.ts";
import { isRemote, isWeightsFile } from "../../core/model/loaded_model.ts";
import { strayErrors } from "../../files/user_code/stray_errors.ts";
import { showWord } from "../../ground/words/show_value.ts";
import { formatOf, requireRead, textOptions } from "../flags/show_flags.ts";
import type { MeasureRequest } from "../flags/measure_flags.ts";
import { type FormatName, FORMATS } from "../formats.ts";
import { claimOutputs } from "../kit/claim_outputs.ts";
import { UsageError } from "../kit/flag.ts";
import { openFile, requireFile, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_settings.ts";
import { examineModel } from "../measure_model.ts";
import { REPORT_FLAGS, REPORT_FORMATS, type ReportValues } from "./report.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { host } from "../../platform/host.ts";

/** Measures a model and shows it. Returns the exit code, see the declaration of the subcommand. */
export async function run([model]: string[], values: ReportValues): Promise<number> {
  const { plugin, out, open, quiet, shard } = values;
  if (shard !== null) return await writePart(model, shard, values);
  const format = chooseFormat(model, values);
  await claimReport(model, values);
  const request = requestOf(model, format, values);
  const textOf = (examination: Examination) => drawReport(examination, format, values);
  if (values.watch) {
    if (model === undefined) {
      throw new UsageError(refusal`--watch has no MODEL, expected a file to watch`);
    }
    if (isRemote(model)) {
      throw new UsageError(
        refusal`--watch has MODEL ${showWord(model)}, expected a file of this machine`,
      );
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
 * Measures a part of a file of weights, unless its file already holds the part: a run that was
 * stopped is started again with the same command.
 */
async function writePart(
  model: string | undefined,
  shard: Shard,
  values: ReportValues,
): Promise<number> {
  const { out, format, force, weightsOnly, quiet } = values;
  if (model === undefined || !weightsOnly && !isWeightsFile(model)) {
    throw new UsageError(
      refusal`--shard is given without a file of weights, expected one as MODEL`,
    );
  }
  if (out === null || format !== null && format !== "json") {
    throw new UsageError(
      refusal`--shard is given without --out FILE, expected both: it writes a part as JSON`,
    );
  }
  for (const key of ["watch", "open", "rates", "layers", "details", "all"] as const) {
    if (!values[key]) continue;
    throw new UsageError(refusal`--${key} is given with --shard, expected a whole report`);
  }
  const { encodePart } = await import("../../core/text/report_document.ts");
  if (!force && await isPartThere(out, model, values)) {
    if (!quiet) console.error(`${oneLine(out)} has this part already`);
    return 0;
  }
  await claimOutputs([{ path: out }], [model], { force });
  const { measureWeightsOf } = await import("../examine_weights.ts");
  const measurements = await measureWeightsOf(model, requestOf(model, "json", values), {
    shard,
    journal: `${out}.progress`,
  });
  await writeOutput(encodePart(shard, measurements), out, "json");
  return 0;
}

/** Returns true if a file has the part of the model already, and is newer than the weights. */
async function isPartThere(
  out: string,
  model: string,
  { shard, sample }: ReportValues,
): Promise<boolean> {
  const text = await readUserText(out).catch(() => null);
  if (text === null || documentKind(text) !== "part") return false;
  const { parsePart } = await import("../../core/text/report_document.ts");
  const { readWeights } = await import("../../load/read_weights.ts");
  try {
    const { shard: own, measurements } = parsePart(text);
    if (own.index !== shard!.index || own.count !== shard!.count) return false;
    if ((measurements.weightsOnly?.sampled !== undefined) !== sample) return false;
    if (measurements.model.source !== model) return false;
  } catch {
    // A damaged part is written again.
    return false;
  }
  const { tensors } = await readWeights(model);
  const changed = tensors.map(({ stored }) => stored?.file.changed ?? Infinity);
  const { mtime } = await host.stat(out);
  return changed.every((time) => mtime !== null && time < mtime.getTime());
}

/**
 * Returns the format of the report.
 *
 * @throws {UsageError} If it ignores a flag, or `--rates` needs a pass, which weights do not allow.
 */
function chooseFormat(model: string | undefined, values: ReportValues): FormatName {
  const { out, open, force, rates, weightsOnly } = values;
  requireFile({ open, force }, out === null ? [] : [out]);
  const format = formatOf(values.format, out, REPORT_FORMATS);
  requireRead(REPORT_FLAGS, values, "report", [format]);
  const isAlone = model !== undefined && isWeightsFile(model);
  if (!weightsOnly && !isAlone) return format;
  const found = isAlone ? `MODEL ${showWord(model)}, which holds only weights` : "--weights-only";
  if (rates) {
    throw new UsageError(refusal`--rates is given with ${found}, expected a model to train`);
  }
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
