import { differenceOf, mergeStudyFiles, nameSome } from "../../study/merge_study_files.ts";
import { readStudyFile, type StudyFile } from "../../study/study_file.ts";
import type { StudyHeader } from "../../study/study_document.ts";
import { StudyError } from "../../study/study_options.ts";
import { StudyTally } from "../../study/study_tally.ts";
import { StudyWriter } from "../../study/study_writer.ts";
import type { GrowthSummary } from "../../study/growth/growth_types.ts";
import { summarizeGrowth } from "../../study/growth/summarize_growth.ts";
import type { Study } from "../../study/study_summary.ts";
import { anyOf } from "../../ground/words/show_value.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { destinations, type MergeValues, studyOutput } from "../flags/sweep_flags.ts";
import { diagnose } from "../../core/diagnosis/diagnose.ts";
import { readUserText } from "../../files/user_file.ts";
import { runRules } from "../../core/rules/judge_rule.ts";
import { documentKind } from "../../ground/words/document.ts";
import { formatOf, studyFormatOf, textOptions } from "../flags/show_flags.ts";
import { FORMATS, formatsOf } from "../formats.ts";
import { claimOutputs, endsOf } from "../kit/claim_outputs.ts";
import { UsageError } from "../kit/flag.ts";
import { openFile, requireFile, writeOutput } from "../kit/write_output.ts";
import { holdsStudy } from "../measure_study.ts";
import { printGrowth } from "./run_scale.ts";
import { printPoints, printSummary, showsPoints, type StudyView, studyView } from "./run_sweep.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Joins the parts. Returns the exit code, see the declaration of the subcommand. */
export async function run(operands: string[], flags: MergeValues): Promise<number> {
  const { out: given, quiet, open, force } = flags;
  const texts = await partTexts(operands);
  if (texts !== null) return await mergeReport(operands, texts, flags);
  const format = studyFormatOf(flags, ["study", "growth"]);
  const view = studyView(flags, format);
  const { study: out, page } = destinations({ format, out: given });
  requireFile({ open }, page === null ? [] : [page]);
  requireFile({ force }, given === null ? [] : [given]);
  if (given !== null) {
    await claimOutputs([studyOutput(format, given)], operands, { force });
  }
  const files = await readParts(operands);
  const { header, points } = mergeStudyFiles(files);
  if (out !== null && !force) await requireSameStudy(out, header);
  const tally = new StudyTally(header);
  const study: Study = { ...header, points: [] };
  const isGrowth = header.training !== undefined;
  requireShown(view, header);
  const writer = out === null ? null : await StudyWriter.create(out, header, { whole: true });
  try {
    for await (const point of points) {
      if (isGrowth) study.points.push(point);
      else if (!showsPoints(view)) tally.add(point);
      await writer?.add(point);
    }
  } catch (error) {
    await writer?.discard();
    throw error;
  }
  await writer?.close();
  const growth = isGrowth ? summarizeGrowth(study) : null;
  if (showsPoints(view)) await printPoints(view, header, mergeStudyFiles(files).points);
  else if (growth !== null) await printGrowth(view, growth, page);
  else await printSummary(view, tally.result(), page);
  if (open) openFile(page!);
  if (!quiet && given !== null) {
    console.error(`${header.total} points, in ${oneLine(given)}`);
    if (growth !== null && out !== null) tellHowToFix(growth, header, oneLine(out));
  }
  return growth?.level === "error" ? 1 : 0;
}

/** Names the command that tries a fix: it trains the siblings again, for which it needs the module. */
function tellHowToFix({ growth, level }: GrowthSummary, { grid, model }: StudyHeader, out: string) {
  if (growth.length === 0 || level === "flat" || model.source === null) return;
  const sizes = (["widths", "depths"] as const).flatMap((axis) => {
    const known = grid[axis].filter((size) => size !== null);
    return known.length === 0 ? [] : [`--${axis} ${known.join(",")}`];
  });
  const seeds = `--seeds ${grid.seeds.join(",")}`;
  console.error(
    `To try a fix, with the flags of the parts: scale ${oneLine(model.source)} ${
      sizes.join(" ")
    } ` +
      `${seeds} --out ${out} --resume`,
  );
}

/** Returns the texts of the files if they are parts of a report; `null` if the first one is not. */
async function partTexts(paths: readonly string[]): Promise<string[] | null> {
  // Files that cannot be read are left to the reader of studies, which says why.
  const ends = await endsOf(paths[0]).catch(() => null);
  if (ends === null || documentKind(ends.head) !== "part") return null;
  return await Promise.all(paths.map((path) => readUserText(path)));
}

/** Joins the parts of a report on a file of weights, and shows the whole as `report` does. */
async function mergeReport(
  paths: readonly string[],
  texts: readonly string[],
  { format, out, force, open, columns, unicode, ascii }: MergeValues,
): Promise<number> {
  const { joinParts, parsePart } = await import("../../core/text/report_document.ts");
  const formats = formatsOf("report");
  const asked = formatOf(format, out, formats);
  const show = FORMATS[asked].report;
  if (show === undefined || asked === "svg") {
    throw new UsageError(refusal`--format is ${asked}, expected text, json or html for weights`);
  }
  if (out !== null) await claimOutputs([{ path: out }], paths, { force });
  const measurements = joinParts(
    texts.map((text, i) => ({ ...parsePart(text), name: paths[i] })),
  );
  const findings = runRules(measurements);
  const options = { ...textOptions({ columns, unicode, ascii }, out), scale: "log" as const };
  const diagnosis = diagnose(measurements, findings);
  await writeOutput(await show({ measurements, findings, diagnosis }, options), out, asked);
  if (open) openFile(out!);
  return 0;
}

/** Rejects a format that does not show this kind of study. */
function requireShown(view: StudyView, { training }: StudyHeader): void {
  const isGrowth = training !== undefined;
  const formats = formatsOf(isGrowth ? "growth" : "study");
  if (formats.includes(view.format)) return;
  const by = isGrowth ? "scale" : "sweep";
  throw new UsageError(
    refusal`--format is ${view.format}, expected ${anyOf(formats)} for a study of ${by}`,
  );
}

/** Reads the headers, one file after the other: a thousand open files are too many. */
async function readParts(paths: readonly string[]): Promise<StudyFile[]> {
  const files: StudyFile[] = [];
  const unreadable: string[] = [];
  for (const path of paths) {
    try {
      files.push(await readStudyFile(path));
    } catch (error) {
      if (!(error instanceof StudyError)) throw error;
      unreadable.push(error.message);
    }
  }
  if (unreadable.length > 0) throw new StudyError(nameSome(unreadable, "; "));
  return files;
}

/** Allows the whole to replace only an earlier whole, or a part, of the same study. */
async function requireSameStudy(out: string, header: StudyHeader): Promise<void> {
  if (!await holdsStudy(out)) return;
  const difference = differenceOf((await readStudyFile(out)).header, header);
  if (difference === null) return;
  throw new StudyError({
    place: out,
    verb: "holds",
    found: "another study",
    expected: "a part of this one",
    meant:
      ", which the merged study would replace: name another file, or replace it with --force " +
      `(${difference})`,
  });
}
