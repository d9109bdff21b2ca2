import { showValue } from "../words/show_value.ts";
import { findLoss, FROM_LOGITS, type LossName, lossTraits } from "../traits/losses.ts";
import type { LossSettings } from "./objective.ts";

/** Loss of a training configuration. */
interface SavedLoss {
  /** Name in the program, with the settings that keep it from being reproduced. */
  name: string;
  /** Settings; `null` if it cannot be reproduced. */
  settings: LossSettings | null;
  /** True if it is a Huber loss without its delta, which the configuration of Keras 3 leaves out. */
  lacksDelta?: boolean;
}

/** Ways in which Keras reduces the losses of all rows to one number. */
const MEANS = ["sum_over_batch_size", "mean", "mean_with_sample_weight", "auto"];

/**
 * Returns the name under which a program registered a class of its own, `Custom>Huber`, whose class name may be that of
 * one of Keras's classes; `null` for a class of Keras. Functions are written by name alone.
 */
export function ownClassName(saved: unknown): string | null {
  const { class_name: className, registered_name: name } = Object(saved) as Record<string, unknown>;
  return typeof name === "string" && className !== "function" ? name : null;
}

/**
 * Reads a loss as Keras or TensorFlow.js saves it: a name, a class with its configuration, or a function, which Keras 3
 * writes as a class `function` whose configuration is its name.
 */
export function readSavedLoss(saved: unknown): SavedLoss {
  const { class_name, config } = Object(saved) as { class_name?: unknown; config?: unknown };
  const isFunction = class_name === "function";
  const ofClass = isFunction ? config : class_name;
  const told = typeof saved === "string" ? saved : ofClass;
  const name = typeof told === "string" ? told : "a loss without a name";
  const own = (isFunction ? {} : Object(config)) as Record<string, unknown>;
  const unknown = (setting?: string): SavedLoss => ({
    name: setting === undefined ? name : `${name} with ${setting}`,
    settings: null,
  });
  const ownName = ownClassName(saved);
  if (ownName !== null) return { name: ownName, settings: null };
  const plain = findLoss(name);
  if (plain === null) return unknown();
  const loss = own.from_logits === true ? FROM_LOGITS[plain] : plain;
  if (loss === undefined) return unknown("from_logits");
  if (own.ignore_class != null) return unknown("ignore_class");
  if (own.axis !== undefined && own.axis !== -1) return unknown(`axis ${showValue(own.axis)}`);
  const settings = optionsOf(loss, own);
  if (settings === null) return unknown(`reduction ${showValue(own.reduction)}`);
  const isClass = typeof saved !== "string" && !isFunction;
  return { name, settings, lacksDelta: isClass && plain === "huber" && own.delta === undefined };
}

function optionsOf(name: LossName, own: Record<string, unknown>): LossSettings | null {
  const settings: LossSettings = { name };
  const { reduction = MEANS[0], label_smoothing, delta, alpha, gamma } = own;
  if (reduction === "sum" || reduction === "none" || reduction === null) {
    // Without a reduction Keras differentiates a vector, and so the sum of its entries.
    settings.reduction = "sum";
  } else if (!MEANS.includes(reduction as string)) {
    return null;
  }
  const { family } = lossTraits(name)!;
  const isSmooth = typeof label_smoothing === "number" && label_smoothing > 0;
  if (isSmooth && (family === "classes" || family === "labels")) {
    settings.labelSmoothing = label_smoothing;
  }
  if (name === "huber" && typeof delta === "number" && delta !== 1) settings.delta = delta;
  if (!name.includes("Focal")) return settings;
  if (typeof alpha === "number" && alpha !== 0.25) settings.alpha = alpha;
  if (typeof gamma === "number" && gamma !== 2) settings.gamma = gamma;
  if (own.apply_class_balancing === true) settings.balanced = true;
  return settings;
}
