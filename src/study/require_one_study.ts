import { studyHeaderShape } from "./study_document.ts";
import { nameSome } from "./merge_complaints.ts";
import { differenceOf } from "./same_study.ts";
import { StudyError } from "./study_options.ts";
import type { StudyFile } from "./study_file.ts";
import { refusal } from "../words/input_error.ts";

/**
 * Requires that parts are of one study. If more than half of them are, the message names the
 * others.
 *
 * @throws {StudyError} If there are none, or one is of another study.
 */
export function requireOneStudy(files: readonly StudyFile[]): void {
  if (files.length === 0) {
    throw new StudyError(refusal`files is empty, expected one part or more to merge`);
  }
  const studies = Object.values(Object.groupBy(files, identity)) as StudyFile[][];
  if (studies.length === 1) return;
  const [most] = studies.toSorted((a, b) => b.length - a.length);
  const foreign = studies.filter((study) => study !== most).flat();
  const reason = ({ header }: StudyFile) => differenceOf(most[0].header, header);
  if (most.length <= foreign.length) {
    const [other] = foreign;
    throw new StudyError(
      `${most[0].path} and ${other.path} are not parts of one study: ${reason(other)}`,
    );
  }
  const named = foreign.map((file) => `${file.path} (${reason(file)})`);
  const verb = foreign.length === 1 ? "does" : "do";
  throw new StudyError(
    `${foreign.length} of ${files.length} parts ${verb} not belong to the study of the others: ${
      nameSome(named)
    }`,
  );
}

/** Returns the common properties of parts of one study. */
function identity({ header }: StudyFile): string {
  return JSON.stringify(studyHeaderShape.encode({ ...header, shard: null }));
}
