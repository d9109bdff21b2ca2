import type * as tfjs from "@tensorflow/tfjs";
import type { Engine } from "../../engine/engine.ts";
import type { LayersModel, Optimizer, Tensor } from "../../engine/tensorflow.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import type { Objective } from "../../core/model/objective.ts";
import { modelWeights } from "../../core/model/weights/model_weights.ts";
import { learningRates } from "../../core/probe/learning_rates.ts";
import { freshOptimizer } from "../../core/probe/training_step.ts";
import { formatNumber } from "../../ground/words/numbers.ts";

/** Learning rate that was tried, and how far the loss fell. */
export interface TriedRate {
  learningRate: number;
  /** Loss before, and after the steps at this rate. */
  loss: { before: number; after: number };
  steps: number;
}

/** Weights of a model at the latest step at which its training was healthy. */
export class HealthyState {
  /** Step of these weights. */
  step = 0;
  readonly #engine: Engine;
  readonly #model: LayersModel;
  #kept: { variable: tfjs.Variable; value: Tensor }[] = [];

  constructor(engine: Engine, model: LayersModel) {
    this.#engine = engine;
    this.#model = model;
  }

  /** Keeps the present weights. A clone shares its data with a variable, which no step writes in place. */
  keep(step: number): void {
    this.dispose();
    this.step = step;
    this.#kept = this.#now();
  }

  /** Puts the kept weights back. */
  restore(): void {
    for (const { variable, value } of this.#kept) variable.assign(value);
  }

  /**
   * Searches a learning rate from the kept weights, and puts the present ones back.
   *
   * @returns The rate; `null` if the loss falls at none of the tried rates.
   */
  async tryRates(
    batch: Batch,
    { objective, optimizer }: { objective: Objective | undefined; optimizer: Optimizer },
  ): Promise<TriedRate | null> {
    const present = this.#now();
    // The search starts without the moments of the steps that broke the network.
    const fresh = freshOptimizer(optimizer);
    this.restore();
    try {
      const found = await learningRates(this.#model, batch, { objective, optimizer: fresh });
      if ("skipped" in found || found.suggested === null) return null;
      const { learningRate } = found.suggested;
      const rate = found.rates.find((one) => one.learningRate === learningRate)!;
      const loss = { before: found.loss, after: rate.loss };
      return { learningRate, loss, steps: found.steps };
    } finally {
      fresh.dispose();
      for (const { variable, value } of present) {
        variable.assign(value);
        value.dispose();
      }
    }
  }

  /** Frees the kept weights. */
  dispose(): void {
    for (const { value } of this.#kept.splice(0)) value.dispose();
  }

  #now(): { variable: tfjs.Variable; value: Tensor }[] {
    const { tf } = this.#engine;
    return modelWeights(this.#model).map((weight) => {
      const variable = weight.variable.read() as tfjs.Variable;
      return { variable, value: tf.keep(variable.clone()) as Tensor };
    });
  }
}

/** Restarts an optimizer at another learning rate: its moments are those of a broken network. */
export function restartOptimizer(optimizer: Optimizer, learningRate: number): void {
  const fresh = freshOptimizer(optimizer, { learningRate });
  optimizer.dispose();
  Object.assign(optimizer, fresh);
}

/** Returns the fix that names a tried rate. */
export function triedFix({ learningRate, loss, steps }: TriedRate, step: number): string {
  const from = step === 0 ? "the weights before training" : `the weights of step ${step}`;
  return `Set the learning rate to ${formatNumber(learningRate)}, and start again from ${from}: ` +
    `tried there, ${steps} steps at this rate take the loss from ${formatNumber(loss.before)} to ` +
    `${formatNumber(loss.after)}.`;
}
