import type { ReportValues } from "./report_flags.ts";
import { showWord } from "../words/show_word.ts";
import { loadPlugins } from "./load_plugins.ts";
import { strayErrors } from "../model/stray_errors.ts";
import { FORMATS } from "../render/formats.ts";
import { claimOutputs } from "./claim_outputs.ts";
import { filesRead } from "./files_read.ts";
import { examineModel } from "./measure_model.ts";
import { openFile, requireFile } from "./open_file.ts";
import { kindOf } from "./result_kind.ts";
import { textOptions } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** Measures a model and shows it. Returns the exit code, see the declaration of the subcommand. */
export async function run(
  [model]: string[],
  { plugin, format, out, axis, layers, trial, details, all, open, ...flags }: ReportValues,
): Promise<number> {
  requireFile(open, out === null ? [] : [out]);
  if (out !== null) {
    const { batch, register } = flags;
    await claimOutputs(
      [{ path: out, kind: kindOf(format, "report") }],
      await filesRead([model ?? null, ...register, ...plugin], [batch]),
    );
  }
  await loadPlugins(plugin);
  const { histograms = false } = FORMATS[format];
  const examination = { trial, rules: null, trained: null, histograms };
  const { measurements, findings, diagnosis } = await examineModel(
    { model: model ?? null, ...flags, examination },
    !flags.quiet,
  );
  await strayErrors.settle();
  if (layers && !measurements.layers.some(({ name }) => layers.test(name))) {
    throw new UsageError(
      `--layers is ${showWord(String(layers))}, expected the name of a layer to match it`,
    );
  }
  const options = {
    ...textOptions(flags, out),
    details,
    all,
    scale: axis,
    layers: layers ?? undefined,
  };
  const shown = { measurements, findings, diagnosis };
  await writeOutput(await FORMATS[format].report!(shown, options), out);
  if (open) openFile(out!);
  return 0;
}
