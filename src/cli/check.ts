import { runChecks } from "../checks/run_checks.ts";
import { renderFindings } from "../render/render_findings.ts";
import { renderJson } from "../render/render_json.ts";
import type { Command } from "./command.ts";
import type { FlagValues } from "./flag.ts";
import { MEASURE_FLAGS, oneOf, readMeasureFlags } from "./measure_flags.ts";
import { measureModel } from "./measure_model.ts";
import { MEASURE_PERMISSIONS } from "./measure_permissions.ts";
import { SHOW_FLAGS, textOptions } from "./show_flags.ts";
import { writeOutput } from "./write_output.ts";

/** `check`: measures, judges, and exits with 1 if a check found an error. */
export const check: Command = {
  usage: "check [MODEL] [flags]",
  description: [
    "Measures a model as report does and prints only what the checks found. Exits with 1 if any of",
    "it is an error: the gate of a CI job. Warnings and notes are shown and do not fail it.",
  ].join("\n"),
  flags: [
    ...MEASURE_FLAGS,
    ...SHOW_FLAGS.filter(({ name }) => !["layers", "scale"].includes(name)),
  ],
  examples: [
    ["check examples/digits.ts", "fail the build if the initialisation is not sane"],
    ["check model.json --batch batch.json --quiet", "a model from disk, on real data"],
  ],
  permissions: MEASURE_PERMISSIONS,
  async run(operands: string[], flags: FlagValues): Promise<number> {
    const request = readMeasureFlags(operands, flags);
    const format = oneOf(flags, "format", ["text", "json"], "text");
    const out = (flags.out as string) ?? null;
    const { width = 80, color = false, unicode = false } = textOptions(flags, out);
    const measurements = await measureModel(request);
    const findings = runChecks(measurements);
    const order = measurements.layers.map(({ name }) => name);
    const style = { width, color, ellipsis: unicode ? "…" : ".." };
    await writeOutput(
      format === "json"
        ? renderJson(measurements, findings)
        : `${renderFindings(findings, order, style).join("\n")}\n`,
      out,
    );
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  },
};
