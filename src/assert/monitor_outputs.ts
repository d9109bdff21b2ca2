import type { TrainingStep } from "../training/training_step.ts";
import { trainingLine } from "../training/write_training_log.ts";

/** Files that a monitor writes while a model is trained. */
export interface MonitorOutputOptions {
  /** File that gets a line of JSON for each step, which `watch` and `readTrainingLog` read. */
  log?: string;
}

/** Passes the rows of a training on as they come. */
export class MonitorOutputs {
  readonly #log: string | null;

  /** Begins with an empty log. */
  constructor({ log = "" }: MonitorOutputOptions) {
    this.#log = log === "" ? null : log;
    if (this.#log !== null) Deno.writeTextFileSync(this.#log, "");
  }

  /** Writes a row. A file that stayed open would have to be closed when training throws, too. */
  add(row: TrainingStep): void {
    if (this.#log !== null) Deno.writeTextFileSync(this.#log, trainingLine(row), { append: true });
  }
}
