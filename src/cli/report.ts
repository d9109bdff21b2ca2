import { showWord } from "../words/show_word.ts";
import { loadPlugins } from "./load_plugins.ts";
import { strayErrors } from "../model/stray_errors.ts";
import { FORMATS } from "../render/formats.ts";
import { claimOutputs } from "./claim_outputs.ts";
import { defineCommand } from "./command.ts";
import { filesRead } from "./files_read.ts";
import {
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  TRIAL_FLAG,
} from "./measure_flags.ts";
import { examineModel } from "./measure_model.ts";
import { kindOf } from "./result_kind.ts";
import { SHOW_FLAGS, textOptions } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** `report`: measures and shows; exits with 0 unless it could not measure. */
export const report = defineCommand({
  operand: { name: "MODEL", least: 0, most: 1, takes: "files" },
  description: [
    "Runs one forward and one backward pass and says what is wrong: the verdict, the causes, and",
    "for each the fix, which it has tried on the model. A network with an error is trained on its",
    "batch for some steps, and one that learns gets a warning (--trial). Then it shows, for every",
    "layer, bar charts of the mean absolute gradient, activation and delta (the gradient with",
    "respect to the pre-activation). The model is put back. Exits with 0 unless the model cannot be",
    "measured.",
    "",
    "MODEL is a TensorFlow.js model.json (its weight files beside it), or a .ts or .js module that",
    "exports createModel({ tf, seed }) and optionally createBatch({ tf, seed, examples }) and",
    "objective, the name of a loss. The default MODEL is the exercise's network: a relu layer and nine",
    "tanh layers whose weights are far too large.",
    "",
    "Dropout is off while it measures. Batch normalisation uses its moving statistics, or those of the batch if",
    "no training step has updated them yet.",
  ].join("\n"),
  flags: { plugin: PLUGIN_FLAG, ...RUN_FLAGS, trial: TRIAL_FLAG, quiet: QUIET_FLAG, ...SHOW_FLAGS },
  examples: [
    ["report", "the exercise's network"],
    ["report examples/digits.ts", "a model that a module creates"],
    ["report model.json --batch batch.json --objective meanSquaredError", "a model from disk"],
    ["report model.json --format json --out report.json", "the figures, for other programs"],
  ],
  permissions: MEASURE_PERMISSIONS,
  async run(
    [model = null],
    { plugin, format, out, axis, layers, trial, details, ...flags },
  ): Promise<number> {
    if (out !== null) {
      const { batch, register } = flags;
      await claimOutputs(
        [{ path: out, kind: kindOf(format, "report") }],
        await filesRead([model, ...register, ...plugin], [batch]),
      );
    }
    await loadPlugins(plugin);
    const examination = { trial, rules: null, trained: null };
    const { measurements, findings, diagnosis } = await examineModel(
      { model, ...flags, examination },
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
      scale: axis,
      layers: layers ?? undefined,
    };
    const shown = { measurements, findings, diagnosis };
    await writeOutput(await FORMATS[format].report!(shown, options), out);
    return 0;
  },
});
