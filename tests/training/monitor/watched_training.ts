import { assert } from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Optimizer, Tensor } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";

export const objective = "meanSquaredError";

/** A network that learns its batch at usual rates. */
export function subject({ tf }: Engine, optimizer: Optimizer) {
  const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed: 5 });
  const batch = randomBatch(model, { objective });
  model.compile({ optimizer, loss: objective });
  const data = [batch.inputs, batch.targets] as [Tensor, Tensor];
  const dispose = () => {
    tf.dispose(data);
    model.dispose();
  };
  return { model, batch, data, dispose };
}

/** Trains by `fit`, in batches of 8. */
export async function fit(
  engine: Engine,
  optimizer: Optimizer,
  options: Partial<HealthMonitorOptions>,
  epochs = 10,
) {
  const { model, batch, data, dispose } = subject(engine, optimizer);
  const monitor = healthMonitor({ batch, objective, onFinding: "keep", budget: 1, ...options });
  const tensors = engine.tf.memory().numTensors;
  try {
    await model.fit(...data, {
      epochs,
      batchSize: 8,
      shuffle: false,
      verbose: 0,
      callbacks: monitor,
    });
    return monitor;
  } finally {
    assert(engine.tf.memory().numTensors <= tensors + 2 * model.weights.length + 1);
    dispose();
  }
}
