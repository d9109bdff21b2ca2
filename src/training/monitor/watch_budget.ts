/** Milliseconds that a monitor may always take, which are 5 % of a training of 8 s. */
const FLOOR = 400;
/** Milliseconds of a training whose length is not known: 5 % of them are what it may always take. */
const UNKNOWN_LENGTH = 8000;
/** A first step takes longer than those to come, which says nothing about the length of a training. */
const LEAST_STEPS = 2;
/** Share of the budget that the signals of each step may take. */
const STEPS_SHARE = 0.5;

/** First steps, after which a pass tells most. */
export const FIRST_STEPS = 20;

/** Training by `fit` when an epoch begins. */
interface FitProgress {
  /** Number of epochs, those of earlier trainings included; `null` if it is not known. */
  epochs: number | null;
  /** First epoch of this training, counted from 0. */
  first: number;
  /** Epoch that begins. */
  epoch: number;
  /** Number of batches in an epoch; `null` if it is not known. */
  batches: number | null;
  /** Number of steps so far. */
  done: number;
}

/** Returns the number of steps of a training by `fit`; `null` if it is not known. */
export function stepsOfFit({ epochs, first, epoch, batches, done }: FitProgress): number | null {
  // A data set may not know its length before its first epoch ends.
  const steps = ((epochs ?? NaN) - first) * (batches ?? done / (epoch - first));
  return Number.isFinite(steps) ? steps : null;
}

/** Work of a monitor: signals of one step, its verdict, a second look at its loss, or a full pass. */
type Work = "step" | "judge" | "again" | "pass";

/** Options of a {@linkcode WatchBudget}. */
interface WatchBudgetOptions {
  /** Share of the training's time that may be spent; 1 for any time. */
  share: number;
  /** Returns the time in milliseconds. */
  now?: () => number;
}

/**
 * Time that a monitor may take, and has taken. The duration of a training is known after its first
 * step if the number of steps is: the first steps, which matter most, are paid from the rest. The
 * signals of each step keep half of the budget, and are paid as time goes by.
 */
export class WatchBudget {
  /** Number of steps of the whole training; `null` if it is not known. */
  steps: number | null = null;
  /** Number of steps that have ended. */
  done = 0;
  /** Milliseconds taken so far. */
  spent = 0;
  readonly #share: number;
  readonly #now: () => number;
  readonly #started: number;
  readonly #costs: Record<Work, number> = { step: 0, judge: 0, again: 0, pass: 0 };
  #stepsSpent = 0;
  #resumed: number;
  #stepTime = Infinity;

  /** Begins before the training. */
  constructor({ share, now = () => performance.now() }: WatchBudgetOptions) {
    this.#share = share;
    this.#now = now;
    this.#started = this.#resumed = now();
  }

  /** Notes the time that some work has taken. */
  charge(work: Work | "other", milliseconds: number): void {
    this.spent += milliseconds;
    if (work === "other") return;
    if (work === "step") this.#stepsSpent += milliseconds;
    const before = this.#costs[work];
    // The first time takes longest, and one that was interrupted too.
    this.#costs[work] = before === 0 ? milliseconds : Math.min(milliseconds, 2 * before);
  }

  /** Notes that a step has ended, in which the monitor took some time. */
  endStep(within: number): void {
    this.done++;
    this.#stepTime = Math.min(this.#stepTime, this.#now() - this.#resumed - within);
  }

  /** Notes that the next step begins. */
  resume(): void {
    this.#resumed = this.#now();
  }

  /**
   * Returns true if the signals of the next step can be paid. If those of all steps to come cannot, every
   * second, third or later step has them: a jump that lasts is seen all the same.
   */
  affordsStep(): boolean {
    if (this.#share === 1) return true;
    const { step } = this.#costs;
    const paid = STEPS_SHARE * this.#allowed - this.#stepsSpent;
    const left = Math.min(paid, this.#allowed - this.spent - this.#verdicts - this.#costs.pass);
    if (left < step) return false;
    return this.done % Math.ceil(Math.max(1, this.#toCome * step / left)) === 0;
  }

  /**
   * Returns true if some work can be paid, and afterwards the signals of the steps to come, the pass
   * at the end, and what else is reserved.
   */
  affords(work: "again" | "pass", reserved: Partial<Record<Work, number>> = {}): boolean {
    if (this.#share === 1) return true;
    const allowed = this.#allowed;
    const unpaid = Math.max(0, STEPS_SHARE * allowed - this.#stepsSpent);
    const forSteps = Math.min(unpaid, this.#toCome * this.#costs.step);
    const { again = 0, pass = 0 } = reserved;
    const later = again * this.#costs.again + (pass + 1) * this.#costs.pass;
    return this.spent + this.#costs[work] + forSteps + this.#verdicts + later <= allowed;
  }

  /**
   * Returns true if a second look at the loss of the next of the first steps can be paid. Every second
   * step has one, since twice as many named no more of the bad trainings of bench/monitor; half of
   * these come after a pass at the end of the first steps.
   */
  affordsLook(): boolean {
    if (this.done >= FIRST_STEPS || this.done % 2 === 1) return false;
    return this.affords("again", this.done % 4 === 0 ? {} : { pass: 1, again: 2 });
  }

  /** Returns true if a pass can be paid, and during the first steps what tells more than it. */
  affordsPass(): boolean {
    const again = Math.max(0, FIRST_STEPS - this.done) / 4;
    return this.affords("pass", { again, pass: again > 0 ? 1 : 0 });
  }

  /** Milliseconds that the training itself has taken. */
  get #elapsed(): number {
    return this.#now() - this.#started - this.spent;
  }

  /** Milliseconds that may be taken. */
  get #allowed(): number {
    return Math.max(FLOOR, this.#share * Math.max(this.#elapsed, this.#length));
  }

  /** Milliseconds that the verdicts on the steps to come take. */
  get #verdicts(): number {
    return this.#toCome * this.#costs.judge;
  }

  /** Number of steps to come, as far as can be known. */
  get #toCome(): number {
    if (this.steps !== null) return Math.max(0, this.steps - this.done);
    const rest = Math.max(0, UNKNOWN_LENGTH - this.#elapsed);
    return Number.isFinite(this.#stepTime) ? rest / Math.max(this.#stepTime, 1) : 0;
  }

  /** Milliseconds that the whole training takes without a monitor. */
  get #length(): number {
    const isKnown = this.steps !== null && this.done >= LEAST_STEPS;
    return isKnown ? this.steps! * this.#stepTime : 0;
  }
}
