import { showWord } from "../words/show_word.ts";
import { runChecks } from "../checks/run_checks.ts";
import { loadPlugins } from "./load_plugins.ts";
import { strayErrors } from "../model/stray_errors.ts";
import { FORMATS, formatsOf } from "../render/formats.ts";
import { claimOutputs } from "./claim_outputs.ts";
import type { Command } from "./command.ts";
import { filesRead } from "./files_read.ts";
import type { FlagValues } from "./flag.ts";
import {
  MEASURE_FLAGS,
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  readMeasureFlags,
  readPlugins,
} from "./measure_flags.ts";
import { measureModel } from "./measure_model.ts";
import { oneOf } from "./read_flags.ts";
import { kindOf } from "./result_kind.ts";
import { SHOW_FLAGS, textOptions } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** `report`: measures and shows; exits with 0 unless it could not measure. */
export const report: Command = {
  usage: "report [MODEL] [flags]",
  operands: "file",
  description: [
    "Runs one forward and one backward pass and shows, for every layer, bar charts of the mean",
    "absolute gradient, activation and delta (the gradient with respect to the pre-activation),",
    "then the findings. Exits with 0 unless the model cannot be measured.",
    "",
    "MODEL is a TensorFlow.js model.json (its weight files beside it), or a .ts or .js module that",
    "exports createModel({ tf, seed }) and optionally createBatch({ tf, seed, examples }) and",
    "objective, the name of a loss. The default MODEL is the exercise's network: a relu layer and nine",
    "tanh layers whose weights are far too large.",
    "",
    "Dropout is off. Batch normalisation uses its moving statistics, or those of the batch if",
    "no training step has updated them yet.",
  ].join("\n"),
  flags: [PLUGIN_FLAG, ...MEASURE_FLAGS, ...SHOW_FLAGS],
  examples: [
    ["report", "the exercise's network"],
    ["report examples/digits.ts", "a model that a module creates"],
    ["report model.json --batch batch.json --objective meanSquaredError", "a model from disk"],
    ["report model.json --format json --out report.json", "the figures, for other programs"],
  ],
  permissions: MEASURE_PERMISSIONS,
  async run(operands: string[], flags: FlagValues): Promise<number> {
    const request = readMeasureFlags(operands, flags);
    const format = oneOf(flags, "format", formatsOf("report"), "text");
    const out = (flags.out as string) ?? null;
    const options = textOptions(flags, out);
    const plugins = readPlugins(flags);
    if (out !== null) {
      const { model, batch, register } = request;
      await claimOutputs(
        [{ path: out, kind: kindOf(format, "report") }],
        await filesRead([model, ...register, ...plugins], [batch]),
      );
    }
    await loadPlugins(plugins);
    const measurements = await measureModel(request, !request.quiet);
    await strayErrors.settle();
    const { layers } = options;
    if (layers && !measurements.layers.some(({ name }) => layers.test(name))) {
      throw new UsageError(
        `--layers: no layer of the model has a name that matches ${showWord(String(layers))}`,
      );
    }
    const findings = runChecks(measurements);
    await writeOutput(await FORMATS[format].report!({ measurements, findings }, options), out);
    return 0;
  },
};
