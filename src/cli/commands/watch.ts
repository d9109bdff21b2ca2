import { judgeTraining } from "../../training/judge_training.ts";
import { readLog } from "../../training/read_training_log.ts";
import { notJudged, renderTraining } from "../../training/text/render_training.ts";
import { wrapText } from "../../core/text/fit_text.ts";
import { columnsOf } from "../flags/show_flags.ts";
import { defineCommand } from "../kit/command.ts";
import { oneOf, parsed } from "../kit/flag.ts";
import { writeOutput } from "../kit/write_output.ts";
import { readLogText } from "../read_log_text.ts";
import { writeJson } from "../../ground/words/document.ts";
import { host } from "../../platform/host.ts";

/** `watch`: judges the log of a training; exits with 1 if it went wrong. */
export const watch = defineCommand({
  operand: { name: "LOG", least: 1, most: 1, takes: "files" },
  description: [
    "Judges the log of a training, whatever framework wrote it: what goes wrong, since which step, and",
    "what to do. Exits with 1 if there is an error.",
    "",
    "LOG is CSV with a header, JSON lines with an object for each step, or a JSON array of them, such as",
    "the log of Keras, Lightning, Hugging Face or fastai; - reads stdin. It needs a loss; every other",
    "signal makes the verdict better: step, grad_norm, update_ratio (largest l2 of a kernel's change",
    "over that of the kernel), lr, val_loss. docs/watch_a_training.md has callbacks for Keras and",
    "PyTorch that write such a log.",
  ].join("\n"),
  flags: {
    format: oneOf(["text", "json"], { help: "how to show the findings", default: "text" }),
    loss: parsed<string>({
      value: "COLUMN",
      help: "column of the loss; default: loss or another usual name",
      read: (text) => text,
    }),
  },
  examples: [
    ["watch log.jsonl", "what went wrong, and since when"],
    ["watch log.csv --format json", "the findings for other programs"],
    ["watch gan.csv --loss loss_g", "the findings about one of several losses"],
  ],
  permissions: [{ grant: "--allow-read=LOG", purpose: "the log" }],
  async run([path], { format, loss }): Promise<number> {
    const name = path === "-" ? "stdin" : path;
    const { rows, notes } = readLog(await readLogText(path), name, loss === null ? {} : { loss });
    for (const note of notes) console.error(`note: ${note}`);
    const findings = judgeTraining(rows);
    const open = notJudged(rows);
    if (format === "json" && open !== null) console.error(`note: not judged: ${open}`);
    const text = format === "json"
      ? `${writeJson(findings, undefined, 2)}\n`
      : wrapLines(renderTraining(rows, findings));
    await writeOutput(text, null);
    return findings.some(({ severity }) => severity === "error") ? 1 : 0;
  },
});

/** Breaks the lines of a text at the width of the terminal, or 80 columns. */
function wrapLines(text: string): string {
  const width = columnsOf(null, { terminal: host.stdout.isTerminal() });
  const lines = text.trimEnd().split("\n").flatMap((line) => wrapText(line, width, "", "  "));
  return `${lines.join("\n")}\n`;
}
