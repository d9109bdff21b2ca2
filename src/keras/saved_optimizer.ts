import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";
import {
  optimizerName,
  OPTIMIZERS,
  optimizerWords,
  readNumber,
  readRate,
  readSetting,
} from "../traits/optimizers.ts";
import { ownClassName } from "../model/saved_loss.ts";
import { isStandIn, kerasOptimizer } from "./keras_optimizer.ts";

/**
 * Returns the optimizer that a training configuration names, with its learning rate and settings.
 * Keras writes `optimizer_config`, and from version 3 on `optimizer`; a name alone means Keras's
 * defaults. An optimizer that cannot be reproduced keeps its name and rate, and another one
 * replaces its steps.
 *
 * @param saved Training configuration of the file.
 */
export function savedOptimizer(tf: TensorFlow, saved: Record<string, unknown>): Optimizer {
  const { className, config } = writtenOptimizer(optimizerIn(saved));
  const name = optimizerName(className, config);
  const { rate, schedule } = readRate(config) ??
    { rate: name === null ? null : OPTIMIZERS[name].rate };
  const Optimizer = kerasOptimizer(tf);
  const decay = legacyDecay(config);
  return new Optimizer({
    ...config,
    optimizer: name ?? className,
    learningRate: rate,
    schedule: schedule?.saved ?? (decay > 0 && rate !== null ? slowing(rate, decay) : undefined),
  });
}

/** True if a training configuration names an optimizer. */
export const namesOptimizer = (saved: Record<string, unknown>): boolean =>
  (optimizerIn(saved) ?? null) !== null;

const optimizerIn = (saved: Record<string, unknown>): unknown =>
  saved.optimizer_config ?? saved.optimizer;

/** Returns class name and configuration of an optimizer in any of its written forms. */
function writtenOptimizer(written: unknown): { className: string; config: object } {
  if (typeof written === "string") return { className: written, config: {} };
  const { className, config } = parts(written);
  // Mixed precision scales the loss, and scales the gradients back.
  const inner = parts(readSetting(config, "innerOptimizer"));
  const named = inner.className === undefined ? { className, config } : inner;
  if (typeof named.className !== "string") return { className: "Adam", config: {} };
  return { className: named.className, config: named.config };
}

const parts = (written: unknown): { className: unknown; config: object } => ({
  className: ownClassName(written) ?? readSetting(Object(written), "className"),
  config: Object(readSetting(Object(written), "config")),
});

/**
 * Returns the decay of the rate in Keras 2 and in TensorFlow.js's Adamax. The `decay` of
 * TensorFlow.js's RMSProp is its rho.
 */
function legacyDecay(config: object): number {
  const isStockRmsProp = readSetting(config, "centered") !== undefined &&
    readSetting(config, "rho") === undefined;
  return isStockRmsProp ? 0 : readNumber(config, "decay");
}

/** Returns the schedule of a rate with a legacy decay. */
const slowing = (rate: number, decay: number) => ({
  class_name: "InverseTimeDecay",
  config: { initial_learning_rate: rate, decay_steps: 1, decay_rate: decay, staircase: false },
});

/** Describes an optimizer that cannot be reproduced; `null` if it can be. */
export function unknownOptimizer(optimizer: Optimizer): string | null {
  if (!isStandIn(optimizer)) return null;
  const { schedule } = optimizer.getConfig();
  const className = readSetting(Object(schedule), "className");
  return optimizerWords({
    name: optimizer.getClassName(),
    ...typeof className === "string" ? { schedule: className } : {},
  });
}

/** Gives a model an optimizer without compiling it. */
export function attachOptimizer(model: LayersModel, optimizer: Optimizer): void {
  // A sequential model passes it to an inner model, which it makes when it is built.
  const sequential = model as unknown as { model?: LayersModel; build(): void };
  if (sequential.model === undefined && model.getClassName() === "Sequential") sequential.build();
  model.optimizer = optimizer;
}

/** Makes a compiled model own its optimizer, which is then disposed with it. */
export function ownOptimizer(model: LayersModel): void {
  type Owner = { isOptimizerOwned: boolean; model?: Owner };
  const owner = model as unknown as Owner;
  owner.isOptimizerOwned = true;
  // A sequential model compiles an inner model.
  if (owner.model !== undefined) owner.model.isOptimizerOwned = true;
}
