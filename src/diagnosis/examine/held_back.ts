import type { Optimizer } from "../../engine/tensorflow.ts";
import type { Measurements } from "../../measure/measurements.ts";
import { disposeOptimizer, freshOptimizer } from "../../probe/training_step.ts";
import { type OptimizerSettings, optimizerWords } from "../../traits/optimizers.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { Fix } from "../fix.ts";
import type { Fixed, FixSubject } from "./apply_fixes.ts";

/** Settings of an optimizer that keep its steps small, in words, and their values if they are off. */
const HOLDING: readonly { name: string; off: number | boolean; words: string }[] = [
  { name: "weightDecay", off: 0, words: "a weight decay of" },
  { name: "clipnorm", off: 0, words: "a clipnorm of" },
  { name: "globalClipnorm", off: 0, words: "a global clipnorm of" },
  { name: "clipvalue", off: 0, words: "a clipvalue of" },
  { name: "useEma", off: false, words: "an average of the weights" },
];

/** Settings that may keep a compiled optimizer from learning. */
interface HeldBack {
  kind: string;
  layers: string[];
  message: string;
  fix: Fix;
  /** Values of the settings if they are off. */
  without: OptimizerSettings;
}

/** Returns the settings of the compiled optimizer that may keep it from learning, if there are any. */
export function heldBack({ optimizer }: Measurements): HeldBack[] {
  const settings = optimizer?.settings ?? {};
  const used = HOLDING.filter(({ name, off }) => Boolean(settings[name]) !== Boolean(off));
  if (optimizer === undefined || used.length === 0) return [];
  const words = used.map(({ name, words }) => {
    const value = settings[name];
    return typeof value === "number" ? `${words} ${formatNumber(value)}` : words;
  }).join(" and ");
  const own = optimizerWords({ name: optimizer.name });
  return [{
    kind: "optimizer-settings",
    layers: [],
    message: `The network does not learn by ${own} with ${words}; it does without.`,
    fix: { kind: "rebuild", what: `Compile ${own} without ${words}.` },
    without: Object.fromEntries(used.map(({ name, off }) => [name, off])),
  }];
}

interface Owner {
  optimizer_: Optimizer;
}

/** Gives a model its optimizer with other settings. */
export function withSettings(subject: FixSubject, settings: OptimizerSettings): Fixed {
  const { model } = subject as unknown as { model: Owner & { model?: Owner } };
  // A sequential model compiles an inner one. The setter of `optimizer` would forget that the model
  // disposes of its own.
  const owner = model.model ?? model;
  const given = owner.optimizer_;
  const other = freshOptimizer(given, settings);
  owner.optimizer_ = other;
  return {
    subject,
    undo() {
      owner.optimizer_ = given;
      disposeOptimizer(other);
    },
  };
}
