import { mergeStudyFiles } from "../study/merge_study_files.ts";
import { differenceOf } from "../study/same_study.ts";
import { StudyError } from "../study/study_error.ts";
import { readStudyFile } from "../study/study_file.ts";
import type { StudyHeader } from "../study/study_header.ts";
import { StudyTally } from "../study/study_tally.ts";
import { StudyWriter } from "../study/study_writer.ts";
import { oneLine } from "../words/one_line.ts";
import { claimOutputs } from "./claim_outputs.ts";
import type { Command } from "./command.ts";
import type { FlagValues } from "./flag.ts";
import { WRITE_PERMISSIONS } from "./measure_flags.ts";
import { printPoints, printSummary, readStudyView, showsPoints } from "./show_study.ts";
import { STUDY_SHOW_FLAGS } from "./sweep_flags.ts";
import { UsageError } from "./usage_error.ts";

/** `merge`: joins the parts of a study. */
export const merge: Command = {
  usage: "merge FILE... [flags]",
  operands: "file",
  description: [
    "Joins the parts of a study that sweep --shard i/n --out FILE wrote, and shows the whole as sweep",
    "does. With --out the result is byte-identical to that of an unsplit sweep. A single FILE with a",
    "whole study is displayed. Parts of different studies or versions are refused, and so are missing",
    "or duplicate points, which the error names.",
  ].join("\n"),
  flags: [
    { name: "out", value: "FILE", help: "write the whole study there, as JSON" },
    ...STUDY_SHOW_FLAGS,
  ],
  examples: [
    ["merge part1.json part2.json part3.json --out study.json", "join three shards"],
    ["merge study.json --format csv", "the figures of a study, for other programs"],
  ],
  permissions: [
    "--allow-read=FILE...  the parts",
    `${WRITE_PERMISSIONS}  the folder of --out FILE, which is written under a temporary name and then renamed`,
  ],
  async run(operands: string[], flags: FlagValues): Promise<number> {
    if (operands.length === 0) {
      throw new UsageError("expected one FILE or more to merge, found none");
    }
    const view = readStudyView(flags);
    const out = (flags.out as string) ?? null;
    if (out !== null) await claimOutputs([{ path: out, kind: "study" }], operands);
    const files = await Promise.all(operands.map((path) => readStudyFile(path)));
    const { header, points } = mergeStudyFiles(files);
    if (out !== null) await requireSameStudy(out, header);
    const tally = new StudyTally(header);
    const writer = out === null ? null : await StudyWriter.create(out, header, { whole: true });
    try {
      for await (const point of points) {
        if (!showsPoints(view)) tally.add(point);
        await writer?.add(point);
      }
    } catch (error) {
      await writer?.discard();
      throw error;
    }
    await writer?.close();
    if (showsPoints(view)) await printPoints(view, header, mergeStudyFiles(files).points);
    else await printSummary(view, tally.result());
    if (flags.quiet !== true && out !== null) {
      console.error(`${header.total} points, in ${oneLine(out)}`);
    }
    return 0;
  },
};

/** The whole takes the place of an earlier whole, or of a part, of the same study, and of no other. */
async function requireSameStudy(out: string, header: StudyHeader): Promise<void> {
  const info = await Deno.stat(out).catch(() => null);
  if (info === null || !info.isFile || info.size === 0) return;
  const difference = differenceOf((await readStudyFile(out)).header, header);
  if (difference === null) return;
  throw new StudyError(
    `${out} holds another study, which the whole would replace: name another file, or remove that ` +
      `one first (${difference})`,
  );
}
