import { shardRange } from "./shard.ts";
import { StudyError } from "./study_options.ts";
import type { StudyFile } from "./study_file.ts";
import type { StudyPoint } from "./grid_point.ts";
import { callable, object, requireValue } from "../words/shape.ts";
import { refusal } from "../words/input_error.ts";

/**
 * Reads a part of a study, as far as a merge has come. Its file is opened when the first possible
 * point of its shard is due, and closed after the last: of a thousand shards one or two are open at
 * a time.
 */
export class PartReader {
  /** The part. */
  readonly file: StudyFile;
  /** Index of the first possible point. */
  readonly from: number;
  /** Next point, or `null` before the first and after the last. */
  next: StudyPoint | null = null;
  /** Reason why the rest of it cannot be read, or `null`. */
  failure: string | null = null;
  #points: AsyncGenerator<StudyPoint, void> | null = null;

  /** Creates the reader; nothing is read yet. */
  constructor(file: StudyFile) {
    this.file = file;
    this.from = shardRange(file.header.grid, file.header.shard).from;
  }

  /**
   * Reads the next point. A part that cannot be read further ends here, with the reason in
   * {@linkcode failure}.
   */
  async advance(): Promise<void> {
    const before = this.next?.index ?? this.from - 1;
    this.next = null;
    try {
      this.#points ??= this.#open();
      const { value } = await this.#points.next();
      if (value === undefined) return;
      if (value.index <= before) {
        throw new StudyError(
          refusal`${this.file.path} has point ${value.index} after point ${before}, expected ascending order`,
        );
      }
      this.next = value;
    } catch (error) {
      if (!(error instanceof StudyError)) throw error;
      this.failure = error.message;
    }
  }

  async close(): Promise<void> {
    await this.#points?.return();
  }

  #open(): AsyncGenerator<StudyPoint, void> {
    const points = this.file.points();
    requireValue("what points() returns", points, object({ next: callable }));
    return points;
  }
}
