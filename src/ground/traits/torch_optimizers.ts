import { InputError, nearest } from "../words/input_error.ts";
import { oneOfNames } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { defaultSettings, type OptimizerName, type OptimizerSettings } from "./optimizers.ts";
import { numberOf, parseTorchCall, type TorchCall } from "./parse_loss.ts";

/** Optimizer that was requested by its name in PyTorch. */
export interface RequestedOptimizer {
  /** Name in `OPTIMIZERS`. */
  name: OptimizerName;
  learningRate: number;
  /** Settings, by their names there. */
  settings: OptimizerSettings;
}

/** Optimizer of PyTorch: its name here, and its arguments with their defaults. */
interface TorchOptimizer {
  name: OptimizerName;
  /** Arguments by PyTorch's names, with their names here. */
  arguments: Readonly<Record<string, string>>;
  /** PyTorch's defaults. */
  defaults: Readonly<Record<string, number | boolean | null>>;
  /** True if its weight decay does not pass through the gradient. */
  decaysApart?: true;
}

const MOMENTS = { eps: "epsilon", weight_decay: "weightDecay", beta1: "beta1", beta2: "beta2" };
const DECOUPLED = { decoupled_weight_decay: "decaysInGradient" };
const MOMENT_DEFAULTS = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 };

/** Optimizers of PyTorch 2.15 by the names of their classes. */
const TORCH_OPTIMIZERS: Readonly<Record<string, TorchOptimizer>> = {
  SGD: {
    name: "SGD",
    arguments: { momentum: "momentum", nesterov: "nesterov", weight_decay: "weightDecay" },
    defaults: { lr: 1e-3, momentum: 0, nesterov: false, weight_decay: 0 },
  },
  Adam: {
    name: "Adam",
    arguments: { ...MOMENTS, ...DECOUPLED, amsgrad: "amsgrad" },
    defaults: { ...MOMENT_DEFAULTS, lr: 1e-3, amsgrad: false },
  },
  AdamW: {
    name: "AdamW",
    arguments: { ...MOMENTS, amsgrad: "amsgrad" },
    defaults: { ...MOMENT_DEFAULTS, lr: 1e-3, weight_decay: 0.01, amsgrad: false },
    decaysApart: true,
  },
  NAdam: {
    name: "Nadam",
    arguments: { ...MOMENTS, ...DECOUPLED, momentum_decay: "momentumDecay" },
    defaults: { ...MOMENT_DEFAULTS, lr: 2e-3, momentum_decay: 4e-3 },
  },
  Adamax: {
    name: "Adamax",
    arguments: MOMENTS,
    defaults: { ...MOMENT_DEFAULTS, lr: 2e-3 },
  },
  RMSprop: {
    name: "RMSProp",
    arguments: {
      alpha: "rho",
      eps: "epsilon",
      momentum: "momentum",
      centered: "centered",
      weight_decay: "weightDecay",
    },
    defaults: {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      momentum: 0,
      centered: false,
      weight_decay: 0,
    },
  },
  Adagrad: {
    name: "Adagrad",
    arguments: {
      initial_accumulator_value: "initialAccumulatorValue",
      eps: "epsilon",
      weight_decay: "weightDecay",
    },
    defaults: { lr: 0.01, initial_accumulator_value: 0, eps: 1e-10, weight_decay: 0 },
  },
  Adadelta: {
    name: "Adadelta",
    arguments: { rho: "rho", eps: "epsilon", weight_decay: "weightDecay" },
    defaults: { lr: 1, rho: 0.9, eps: 1e-6, weight_decay: 0 },
  },
};

/**
 * Parses an optimizer as PyTorch's users write it: `AdamW(lr=3e-4, weight_decay=0.01)`, or
 * `torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)`. Missing settings have
 * PyTorch's defaults.
 *
 * @param text The call.
 * @param place Place of the text, for messages: `--optimizer`.
 * @throws {InputError} If the optimizer or an argument is not known.
 */
export function parseOptimizer(text: string, place: string): RequestedOptimizer {
  const { name: given, args = [] } = parseTorchCall(text) ?? {};
  const names = Object.keys(TORCH_OPTIMIZERS);
  const className = names.find((name) => name.toLowerCase() === given?.toLowerCase());
  if (className === undefined) {
    throw new InputError({
      place,
      found: showValue(text),
      expected: `an optimizer of PyTorch such as "AdamW(lr=3e-4)": ${oneOfNames(names)}`,
      meant: given === undefined ? "" : nearest(given, names),
    });
  }
  const optimizer = TORCH_OPTIMIZERS[className];
  const values = { ...optimizer.defaults, ...readArguments(args, { className, place }) };
  const { lr, ...others } = values;
  if (typeof lr !== "number" || lr < 0) {
    throw new InputError({
      place: `lr of ${className}`,
      found: showValue(lr),
      expected: "a number of at least 0",
    });
  }
  const { decoupled_weight_decay: isDecoupled, weight_decay: decay, ...rest } = others;
  const settings: OptimizerSettings = {
    // A decay of `null` would be read as missing, which is 0.004 for AdamW.
    weightDecay: decay,
    // Adadelta adds it to the square in PyTorch as well.
    addsEpsilonLast: "eps" in rest && className !== "Adadelta",
    decaysInGradient: decay !== 0 && !optimizer.decaysApart && isDecoupled !== true,
  };
  for (const [key, value] of Object.entries(rest)) settings[optimizer.arguments[key]] = value;
  // With momentum, the optimizer has another name here.
  const name = className === "SGD" && others.momentum !== 0 ? "Momentum" : optimizer.name;
  return { name, learningRate: lr, settings };
}

/** Arguments that only choose between ways to compute the same. */
const HOW_ONLY = ["foreach", "fused", "capturable", "differentiable", "maximize", "decoupled"];

function readArguments(
  args: TorchCall["args"],
  { className, place }: { className: string; place: string },
): Record<string, number | boolean | null> {
  const known = Object.keys(TORCH_OPTIMIZERS[className].arguments);
  const values: Record<string, number | boolean | null> = {};
  for (const [i, { key, value, text }] of args.entries()) {
    // The first argument is the parameters.
    if (key === undefined && i === 0 && /parameters\(\)|params/.test(text)) continue;
    const [, one, two] = /^[([]\s*([^,]+?)\s*,\s*([^,]+?)\s*[)\]]$/.exec(value) ?? [];
    if (key === "betas" && known.includes("beta1") && two !== undefined) {
      values.beta1 = numberIn(one, "betas", className);
      values.beta2 = numberIn(two, "betas", className);
    } else if (key === "lr" || known.includes(key ?? "")) {
      values[key!] = numberIn(value, key!, className);
    } else if (!(HOW_ONLY.includes(key ?? "") && value === "False")) {
      const names = ["lr", ...known.filter((name) => !name.startsWith("beta"))];
      const all = known.includes("beta1") ? [...names, "betas"] : names;
      throw new InputError({
        place: `${className} in ${place}`,
        verb: "has",
        found: showValue(text),
        expected: `arguments by name: ${all.join(", ")}`,
        hint: key === undefined ? "" : nearest(key, all),
      });
    }
  }
  return values;
}

function numberIn(text: string, key: string, className: string): number | boolean {
  if (text === "True" || text === "False") return text === "True";
  const value = numberOf(text);
  if (Number.isFinite(value)) return value;
  throw new InputError({
    place: `${key} of ${className}`,
    found: showValue(text),
    expected: "a number",
  });
}

/**
 * Returns the settings of an optimizer that differ from PyTorch's defaults, by PyTorch's names.
 *
 * @param name Name in `OPTIMIZERS`.
 * @param settings Settings, by their names there; those that are missing have Keras's defaults.
 */
export function torchSettings(name: string, settings: OptimizerSettings): OptimizerSettings {
  const className = name === "Momentum" ? "SGD" : name;
  const optimizer = Object.values(TORCH_OPTIMIZERS).find((one) => one.name === className);
  if (optimizer === undefined) return settings;
  // PyTorch's optimizers imply where epsilon is added, and most of them what the decay passes.
  const { addsEpsilonLast: _, decaysInGradient, ...own } = settings;
  const named = Object.entries(optimizer.arguments)
    .filter(([, name]) => name !== DECOUPLED.decoupled_weight_decay);
  const standard = defaultSettings(name as OptimizerName);
  const shown: OptimizerSettings = {};
  for (const [key, name] of named) {
    const { [name]: value = standard[name] } = own;
    // No weight decay is 0 in PyTorch.
    if (value !== undefined && (value ?? 0) !== optimizer.defaults[key]) shown[key] = value ?? 0;
    delete own[name];
  }
  const canDecouple = "decoupled_weight_decay" in optimizer.arguments;
  if (canDecouple && Number(settings.weightDecay) > 0 && decaysInGradient !== true) {
    shown.decoupled_weight_decay = true;
  }
  return { ...shown, ...own };
}
