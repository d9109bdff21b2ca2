import { rateSchedule } from "./rate_schedules.ts";

/** Usual learning rates of an optimizer. */
export interface UsualRates {
  /** Smallest rate. */
  least: number;
  /** Largest rate. */
  most: number;
  /** Rate to begin with. */
  first: number;
}

/** Value of a setting; `null` if it is off. */
export type OptimizerSetting = number | boolean | null;

/** Settings of an optimizer by their names in Keras, in camel case: `beta1`, `weightDecay`, `globalClipnorm` ... */
export type OptimizerSettings = Record<string, OptimizerSetting>;

/** Facts about a class of optimizers. */
interface OptimizerTraits {
  /** Keras's default learning rate. */
  rate: number;
  /** Its own settings with Keras's defaults. Every optimizer has {@linkcode COMMON_SETTINGS} as well. */
  settings: OptimizerSettings;
  /** Its usual rates. */
  usual: UsualRates;
  /** Publication or measurement that is the source of the usual rates. */
  source: string;
  /** True if its steps grow with the gradient; others divide the gradient by its size. */
  takesGradientAsItIs?: true;
  /** True if TensorFlow.js has a class of this name. */
  isStock?: true;
}

/**
 * Usual rates of optimizers that divide a gradient by its size, so that a step is about as large as
 * the rate.
 */
const DIVIDED: UsualRates = { least: 1e-4, most: 0.03, first: 1e-3 };

const MOMENTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const MEASURED =
  "80 networks of bench/trainability, focus rates: within these limits 22 of 27 train";

/**
 * Supported optimizers, by the class name of TensorFlow.js or, if it has none, of Keras. Names in
 * files are compared in lower case without underscores, so that PyTorch's `NAdam` and `RMSprop` are
 * found too.
 */
export const OPTIMIZERS = {
  SGD: {
    rate: 0.01,
    settings: {},
    usual: { least: 3e-3, most: 0.35, first: 0.01 },
    source: "Bengio 2012, Practical Recommendations for Gradient-Based Training",
    takesGradientAsItIs: true,
    isStock: true,
  },
  // Keras and PyTorch have no class of this name: there, it is SGD with a momentum above 0.
  Momentum: {
    rate: 0.01,
    settings: { momentum: 0, nesterov: false },
    // Momentum of 0.9 makes steps ten times as long: see usualRates().
    usual: { least: 3e-3, most: 0.35, first: 0.01 },
    source: `Sutskever et al. 2013; ${MEASURED}`,
    takesGradientAsItIs: true,
    isStock: true,
  },
  Adam: {
    rate: 1e-3,
    settings: { ...MOMENTS, amsgrad: false },
    usual: DIVIDED,
    source: "Kingma & Ba 2015",
    isStock: true,
  },
  AdamW: {
    rate: 1e-3,
    settings: { ...MOMENTS, amsgrad: false, weightDecay: 0.004 },
    usual: DIVIDED,
    source: "Loshchilov & Hutter 2019: the steps of Adam",
  },
  Nadam: {
    rate: 1e-3,
    settings: { ...MOMENTS, momentumDecay: 1 },
    usual: DIVIDED,
    source: "Dozat 2016: the steps of Adam",
  },
  Adamax: {
    rate: 1e-3,
    settings: MOMENTS,
    // Its divisor is the largest gradient so far: it needs ten times the rate.
    usual: { ...DIVIDED, most: 0.3 },
    source: MEASURED,
    isStock: true,
  },
  RMSProp: {
    rate: 1e-3,
    settings: { rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
    usual: DIVIDED,
    source: MEASURED,
    isStock: true,
  },
  Adagrad: {
    rate: 1e-3,
    settings: { initialAccumulatorValue: 0.1, epsilon: 1e-7 },
    // Its steps are small at first.
    usual: { least: 3e-3, most: 1, first: 0.01 },
    source: MEASURED,
    isStock: true,
  },
  Adadelta: {
    rate: 1e-3,
    settings: { rho: 0.95, epsilon: 1e-7 },
    // Its steps are small at first.
    usual: { least: 5e-3, most: 1, first: 1 },
    source: `Zeiler 2012, who uses it at 1; ${MEASURED}`,
    isStock: true,
  },
  Lion: {
    rate: 1e-3,
    settings: { beta1: 0.9, beta2: 0.99 },
    usual: { least: 1e-5, most: 0.01, first: 1e-4 },
    source: "Chen et al. 2023: a third to a tenth of Adam's rate",
  },
  Adafactor: {
    rate: 1e-3,
    settings: {
      beta2Decay: -0.8,
      epsilon1: 1e-30,
      epsilon2: 1e-3,
      clipThreshold: 1,
      relativeStep: true,
    },
    // Its rate is a share of the weight's size.
    usual: { least: 1e-4, most: 0.1, first: 0.01 },
    source: "Shazeer & Stern 2018, who use it at 0.01",
  },
  Ftrl: {
    rate: 1e-3,
    settings: {
      learningRatePower: -0.5,
      initialAccumulatorValue: 0.1,
      l1RegularizationStrength: 0,
      l2RegularizationStrength: 0,
      l2ShrinkageRegularizationStrength: 0,
      beta: 0,
    },
    usual: { least: 1e-3, most: 1, first: 0.01 },
    source: "McMahan et al. 2013: the steps of Adagrad",
  },
  Lamb: {
    rate: 1e-3,
    settings: MOMENTS,
    // Its rate is a share of the weight's norm.
    usual: { least: 1e-4, most: 0.1, first: 0.01 },
    source: "You et al. 2020",
  },
} as const satisfies Record<string, OptimizerTraits>;

export type OptimizerName = keyof typeof OPTIMIZERS;

/** Names of the optimizers that TensorFlow.js has. */
export const STOCK_OPTIMIZERS: readonly string[] = Object.entries<OptimizerTraits>(OPTIMIZERS)
  .filter(([, { isStock }]) => isStock).map(([name]) => name);

/**
 * Settings that every optimizer of Keras has, and their defaults. Two are left out: a scale of the
 * loss is undone before the step, and if gradients of several batches are accumulated, the batch of
 * a trial represents all of them. Two are PyTorch's: `decaysInGradient` adds the decay to the
 * gradient, before momentum and moments, and `addsEpsilonLast` adds epsilon to the root of a second
 * moment whose bias is corrected.
 */
const COMMON_SETTINGS: Readonly<OptimizerSettings> = {
  weightDecay: null,
  clipnorm: null,
  globalClipnorm: null,
  clipvalue: null,
  useEma: false,
  emaMomentum: 0.99,
  emaOverwriteFrequency: null,
  decaysInGradient: false,
  addsEpsilonLast: false,
};

/** Names of settings in TensorFlow.js. Its RMSProp calls `rho` `decay`. */
const OTHER_NAMES: Readonly<Record<string, string>> = { nesterov: "useNesterov", rho: "decay" };

/** Returns the traits of an optimizer; `null` if the class is unknown. */
export function optimizerTraits(name: string): OptimizerTraits | null {
  return isOptimizerName(name) ? OPTIMIZERS[name] : null;
}

/** Returns true if {@linkcode OPTIMIZERS} has a name. */
export function isOptimizerName(name: string): name is OptimizerName {
  return Object.hasOwn(OPTIMIZERS, name);
}

/** Returns every setting of an optimizer, with Keras's defaults. */
export function defaultSettings(name: OptimizerName): OptimizerSettings {
  return { ...COMMON_SETTINGS, ...OPTIMIZERS[name].settings };
}

/** Normalises a name for comparison: case and underscores do not count. */
const plain = (name: string) => name.toLowerCase().replaceAll("_", "");

/** Returns the value of a setting, in any spelling of its name; `undefined` if there is none. */
export function readSetting(config: object, name: string): unknown {
  const wanted = plain(name);
  return Object.entries(config).find(([key]) => plain(key) === wanted)?.[1];
}

/** Returns the value of a setting, 0 if it is not a number. */
export function readNumber(config: object, name: string): number {
  const value = readSetting(config, name);
  return typeof value === "number" ? value : 0;
}

/**
 * Returns the name of the optimizer in a file, `null` if it is unknown. An SGD with a momentum is
 * Momentum.
 *
 * @param className Class name in Keras, TensorFlow.js or PyTorch.
 */
export function optimizerName(className: string, config: object): OptimizerName | null {
  const wanted = plain(className);
  const name = (Object.keys(OPTIMIZERS) as OptimizerName[]).find((name) => plain(name) === wanted);
  if (name === undefined) return null;
  return name === "SGD" && readNumber(config, "momentum") > 0 ? "Momentum" : name;
}

/**
 * Returns every setting of an optimizer: those of the configuration, with Keras's defaults for the
 * rest.
 */
export function readSettings(name: OptimizerName, config: object): OptimizerSettings {
  const settings = defaultSettings(name);
  for (const [key, standard] of Object.entries(settings)) {
    const other = OTHER_NAMES[key];
    const given = readSetting(config, key) ??
      (other === undefined ? undefined : readSetting(config, other));
    const isFitting = typeof given === typeof (standard ?? 0);
    // A string in place of a number, as in a damaged file, is ignored.
    if (isFitting) settings[key] = given as OptimizerSetting;
  }
  return settings;
}

/**
 * Returns the settings under the names of TensorFlow.js, from which its own classes can be
 * restored.
 */
export function stockSettings(name: OptimizerName, settings: OptimizerSettings): OptimizerSettings {
  const { isStock }: OptimizerTraits = OPTIMIZERS[name];
  if (!isStock) return settings;
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key === "rho" && name !== "RMSProp" ? key : OTHER_NAMES[key] ?? key,
      value,
    ]),
  );
}

/** An optimizer in measurements and attempts. */
export interface NamedOptimizer {
  /** Class name. */
  name: string;
  /** Settings that differ from the defaults. */
  settings?: OptimizerSettings;
  /** Class name of the schedule that its rate follows. */
  schedule?: string;
}

/** Returns the settings that differ from Keras's defaults; `undefined` if there are none. */
export function unusualSettings(name: string, config: object): OptimizerSettings | undefined {
  if (!isOptimizerName(name)) return undefined;
  const standard = defaultSettings(name);
  const unusual = Object.entries(readSettings(name, config))
    // A float32 that passed through JSON is not quite the number that was typed.
    .filter(([key, value]) => Math.fround(Number(value)) !== Math.fround(Number(standard[key])))
    .map(([key, value]) => [key, typeof value === "number" ? shortest(value) : value]);
  return unusual.length === 0 ? undefined : Object.fromEntries(unusual);
}

/** Describes an optimizer in words: `SGD with Nesterov momentum 0.9`, `Adam with ExponentialDecay`. */
export function optimizerWords({ name, settings = {}, schedule }: NamedOptimizer): string {
  const { momentum, nesterov } = settings;
  let words = name === "Momentum" ? "SGD" : name;
  if (name === "Momentum" || Number(momentum) > 0) {
    const value = typeof momentum === "number" ? ` ${momentum}` : "";
    words += ` with ${nesterov ? "Nesterov momentum" : "momentum"}${value}`;
  }
  if (schedule !== undefined) words += `${words.includes(" with ") ? " and" : " with"} ${schedule}`;
  return words;
}

/**
 * Returns the usual learning rates of an optimizer; `null` if its class is unknown. Momentum m
 * makes steps 1 / (1 - m) times as long, so that a lower rate is enough.
 */
export function usualRates({ name, settings = {} }: NamedOptimizer): UsualRates | null {
  const traits = optimizerTraits(name);
  if (traits === null || name !== "Momentum") return traits?.usual ?? null;
  const momentum = typeof settings.momentum === "number" ? settings.momentum : 0.9;
  const longer = Math.max(0.01, 1 - momentum);
  return { ...traits.usual, least: traits.usual.least * longer };
}

/** Relative distance at which two rates may be the same float32. */
const FLOAT32 = 2 ** -23;

/**
 * Returns the side of the usual rates on which a learning rate is; `null` if it is usual or the
 * usual ones are unknown.
 */
export function unusualRate(optimizer: NamedOptimizer, rate: number | null): "low" | "high" | null {
  if (rate === null) return null;
  if (rate <= 0) return "low";
  const usual = usualRates(optimizer);
  if (usual === null) return Number.isFinite(rate) ? null : "high";
  if (rate < usual.least * (1 - FLOAT32)) return "low";
  return rate <= usual.most * (1 + FLOAT32) ? null : "high";
}

/**
 * Returns the shortest decimal that is the same float32: Keras writes 1e-4 as
 * 9.999999747378752e-05.
 */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

/** Learning rate of a configuration, with the schedule that it follows. */
interface SavedRate {
  /** The rate to judge; `null` if the schedule is not known. */
  rate: number | null;
  /** Configuration of the schedule; absent if the rate is constant. */
  schedule?: { className: string; saved: unknown };
}

/**
 * Returns the learning rate of a configuration, `null` if it has none. The rate was once called
 * `lr`.
 */
export function readRate(config: object): SavedRate | null {
  const saved = readSetting(config, "learningRate") ?? readSetting(config, "lr");
  if (typeof saved === "number") return { rate: shortest(saved) };
  const className = readSetting(Object(saved), "className");
  if (typeof className !== "string") return null;
  const schedule = rateSchedule(saved);
  return {
    rate: schedule === null ? null : shortest(schedule.peak),
    schedule: { className, saved },
  };
}
