/** A learning rate that depends on the number of steps taken. */
export interface RateSchedule {
  /** Rate at its start, or the largest that it rises to. */
  peak: number;
  /** Number of steps until the largest rate is reached; 0 if it never rises. */
  warmUp: number;
  /** Returns the rate of a step; the first is step 0. */
  at(step: number): number;
}

type Config = Record<string, unknown>;

/** Returns a number of a configuration; NaN if it is missing or of another type. */
function numberOf(config: Config, name: string, standard = NaN): number {
  const value = config[name] ?? standard;
  return typeof value === "number" ? value : NaN;
}

const falling = (peak: number, at: (step: number) => number): RateSchedule => ({
  peak,
  warmUp: 0,
  at,
});

/** Keras's schedules by class name, from their configurations. */
const SCHEDULES: Record<string, (config: Config, initial: number) => RateSchedule> = {
  ExponentialDecay(config, initial) {
    const steps = numberOf(config, "decay_steps");
    const factor = numberOf(config, "decay_rate");
    return falling(initial, (step) => initial * factor ** periods(config, step / steps));
  },
  InverseTimeDecay(config, initial) {
    const steps = numberOf(config, "decay_steps");
    const factor = numberOf(config, "decay_rate");
    return falling(initial, (step) => initial / (1 + factor * periods(config, step / steps)));
  },
  PiecewiseConstantDecay(config) {
    const boundaries = config.boundaries as number[];
    const values = config.values as number[];
    const peak = Math.max(...values);
    const first = values.indexOf(peak);
    return {
      peak,
      // A boundary is the last step before the next value.
      warmUp: first === 0 ? 0 : boundaries[first - 1] + 1,
      at: (step) => values[boundaries.filter((boundary) => step > boundary).length],
    };
  },
  PolynomialDecay(config, initial) {
    const steps = numberOf(config, "decay_steps");
    const end = numberOf(config, "end_learning_rate", 1e-4);
    const power = numberOf(config, "power", 1);
    const isCyclic = config.cycle === true;
    const at = (step: number) => {
      const length = isCyclic ? steps * Math.max(1, Math.ceil(step / steps)) : steps;
      const share = Math.min(step / length, 1);
      return (initial - end) * (1 - share) ** power + end;
    };
    const rises = end > initial;
    return { peak: rises ? end : initial, warmUp: rises ? steps : 0, at };
  },
  CosineDecay(config, initial) {
    const steps = numberOf(config, "decay_steps");
    const alpha = numberOf(config, "alpha", 0);
    const target = config.warmup_target ?? null;
    const peak = target === null ? initial : numberOf(config, "warmup_target");
    const warmUp = target === null ? 0 : numberOf(config, "warmup_steps", 0);
    const at = (step: number) => {
      if (step < warmUp) return initial + (peak - initial) * step / warmUp;
      return peak * cosine(Math.min((step - warmUp) / steps, 1), alpha);
    };
    return { peak, warmUp, at };
  },
  CosineDecayRestarts(config, initial) {
    const first = numberOf(config, "first_decay_steps");
    const longer = numberOf(config, "t_mul", 2);
    const lower = numberOf(config, "m_mul", 1);
    const alpha = numberOf(config, "alpha", 0);
    return falling(initial, (step) => {
      const passed = step / first;
      // Periods grow as a geometric series.
      const restarts = longer === 1
        ? Math.floor(passed)
        : Math.floor(Math.log(1 - passed * (1 - longer)) / Math.log(longer));
      const begin = longer === 1 ? restarts : (1 - longer ** restarts) / (1 - longer);
      const share = (passed - begin) / longer ** restarts;
      return initial * cosine(share, alpha, lower ** restarts);
    });
  },
};

/** Number of decay periods that have passed. */
const periods = (config: Config, passed: number) =>
  config.staircase === true ? Math.floor(passed) : passed;

/** Half a cosine from `height` down to `alpha`. */
const cosine = (share: number, alpha: number, height = 1) =>
  (1 - alpha) * 0.5 * height * (1 + Math.cos(Math.PI * share)) + alpha;

/**
 * Reads a schedule of learning rates.
 *
 * @param saved The schedule as Keras serialises it.
 * @returns The schedule, or `null` if it is not one of Keras's or its configuration is not complete.
 */
export function rateSchedule(saved: unknown): RateSchedule | null {
  const { class_name, config } = Object(saved) as Config;
  if (typeof class_name !== "string" || !Object.hasOwn(SCHEDULES, class_name)) return null;
  if (typeof config !== "object" || config === null) return null;
  const own = config as Config;
  if (class_name === "PiecewiseConstantDecay" && !isPiecewise(own)) return null;
  const schedule = SCHEDULES[class_name](own, numberOf(own, "initial_learning_rate"));
  const isComplete = [schedule.peak, schedule.warmUp, schedule.at(0), schedule.at(1)]
    .every(Number.isFinite);
  return isComplete ? schedule : null;
}

/** Returns true if there is one value more than boundaries, and all are numbers. */
function isPiecewise({ boundaries, values }: Config): boolean {
  const areNumbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((one) => typeof one === "number");
  return areNumbers(boundaries) && areNumbers(values) && values.length === boundaries.length + 1;
}
