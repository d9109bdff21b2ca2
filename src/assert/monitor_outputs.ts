import { eventFileHeader, eventRecord } from "../training/event_file.ts";
import type { TrainingStep } from "../training/training_step.ts";
import { logLine } from "../training/write_training_log.ts";

/** Files that a monitor writes while a model is trained. */
interface MonitorOutputOptions {
  /** File that gets a line of JSON for each step. */
  log?: string;
  /** Folder that gets an event file of TensorBoard. */
  tensorBoard?: string;
}

/**
 * Writes the rows of a training as they arrive. Files are not kept open, since they would also have
 * to be closed when the training throws.
 */
export class MonitorOutputs {
  readonly #log: string | null;
  readonly #events: string | null;

  /** Begins with empty files. */
  constructor({ log = "", tensorBoard = "" }: MonitorOutputOptions) {
    this.#log = log === "" ? null : log;
    if (this.#log !== null) Deno.writeTextFileSync(this.#log, "");
    this.#events = tensorBoard === "" ? null : eventFile(tensorBoard);
    if (this.#events !== null) Deno.writeFileSync(this.#events, eventFileHeader(now()));
  }

  /** Writes a row. */
  add(row: TrainingStep): void {
    const append = { append: true };
    if (this.#log !== null) Deno.writeTextFileSync(this.#log, logLine(row), append);
    if (this.#events !== null) Deno.writeFileSync(this.#events, eventRecord(row, now()), append);
  }
}

const now = () => Date.now() / 1000;

/** Returns the path of a new event file. TensorBoard reads files with this word in their names. */
function eventFile(folder: string): string {
  Deno.mkdirSync(folder, { recursive: true });
  return `${folder}/events.out.tfevents.${Math.floor(now())}.gradient-health`;
}
