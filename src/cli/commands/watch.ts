import { judgeTraining } from "../../training/judge_training.ts";
import { readTrainingLog } from "../../training/read_training_log.ts";
import { renderTraining } from "../../training/render_training.ts";
import { wrapText } from "../../render/fit_text.ts";
import { columnsOf } from "../flags/show_flags.ts";
import { defineCommand } from "../kit/command.ts";
import { oneOf, UsageError } from "../kit/flag.ts";
import { writeOutput } from "../kit/write_output.ts";
import { writeJson } from "../../words/document.ts";
import { failure } from "../../words/failure.ts";

/** `watch`: judges the log of a training; exits with 1 if it went wrong. */
export const watch = defineCommand({
  operand: { name: "LOG", least: 1, most: 1, takes: "files" },
  description: [
    "Judges the log of a training, whatever framework wrote it: what goes wrong, since which step, and",
    "what to do. Exits with 1 if there is an error.",
    "",
    "LOG is CSV with a header, or JSON lines with an object for each step. It needs a loss; every other",
    "signal makes the verdict better: step, grad_norm, update_ratio (largest l2 of a kernel's change",
    "over that of the kernel), lr, val_loss. docs/watch_a_training.md has callbacks for Keras and",
    "PyTorch that write such a log.",
  ].join("\n"),
  flags: {
    format: oneOf(["text", "json"], { help: "how to show the findings", default: "text" }),
  },
  examples: [
    ["watch log.jsonl", "what went wrong, and since when"],
    ["watch log.csv --format json", "the findings for other programs"],
  ],
  permissions: [{ grant: "--allow-read=LOG", purpose: "the log" }],
  async run([path], { format }): Promise<number> {
    const rows = readTrainingLog(await readLog(path), path);
    const findings = judgeTraining(rows);
    const text = format === "json"
      ? `${writeJson(findings, undefined, 2)}\n`
      : wrapLines(renderTraining(rows, findings));
    await writeOutput(text, null);
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  },
});

/** Reads a log, which may come through a pipe. */
async function readLog(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(`${path}: ${failure(error)}`, { cause: error });
  }
}

/** Breaks the lines of a text at the width of the terminal, or 80 columns. */
function wrapLines(text: string): string {
  const width = columnsOf(null, { terminal: Deno.stdout.isTerminal() });
  const lines = text.trimEnd().split("\n").flatMap((line) => wrapText(line, width, "", "  "));
  return `${lines.join("\n")}\n`;
}
