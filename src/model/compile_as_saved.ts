import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";
import { LOSSES, type LossName } from "./objective.ts";
import { noteNotReproduced } from "./not_reproduced.ts";
import { savedMetrics } from "./saved_metrics.ts";
import {
  attachOptimizer,
  namesOptimizer,
  ownOptimizer,
  savedOptimizer,
  unknownOptimizer,
} from "./saved_optimizer.ts";

/** How Keras shortens the names of losses; it writes them in any case. */
const SHORT: Record<string, LossName> = {
  mse: "meanSquaredError",
  mae: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  msle: "meanSquaredLogarithmicError",
  kld: "kullbackLeiblerDivergence",
  kldivergence: "kullbackLeiblerDivergence",
  cosinesimilarity: "cosineProximity",
};

/** A model that tells the names of its outputs, which TensorFlow.js's types do not show. */
type NamedOutputs = LayersModel & { outputNames?: string[] };

/**
 * Compiles a model with the loss that its model.json names, as TensorFlow.js writes it (`trainingConfig`)
 * or as a converted Keras model has it (`training_config`), with its metrics and its optimizer. If a
 * loss is not one of TensorFlow.js's, or takes logits, the model is not compiled.
 *
 * @param tf The engine's TensorFlow.js.
 * @param model The model.
 * @param json What the file holds.
 */
export function compileAsSaved(
  tf: TensorFlow,
  model: LayersModel,
  json: Record<string, unknown>,
): void {
  const topology = Object(json.modelTopology) as Record<string, unknown>;
  const saved = Object(json.trainingConfig ?? topology.training_config) as Record<string, unknown>;
  const { loss } = saved;
  const { outputNames, outputs } = model as NamedOutputs;
  const single = lossName(loss);
  if (single !== null) return compile(tf, model, single, saved);
  if (loss === undefined || loss === null) return;
  const unknown = () => {
    noteNotReproduced(model, { setting: "loss", name: nameIn(loss), substitute: null });
    if (!namesOptimizer(saved)) return;
    // The learning rate can be judged, and the trial can use it, whatever the loss.
    attachOptimizer(model, optimizerFor(tf, model, saved));
  };
  if (typeof loss !== "object") return unknown();
  const names = Array.isArray(loss) ? [...loss.keys()] : outputNames ?? [];
  const parts = loss as Record<string | number, unknown>;
  const losses = names.flatMap((name) =>
    Object.hasOwn(loss, name) ? lossName(parts[name]) ?? [] : []
  );
  if (losses.length === 0 || losses.length !== outputs.length) return unknown();
  compile(tf, model, losses, saved);
}

function compile(
  tf: TensorFlow,
  model: LayersModel,
  loss: LossName | LossName[],
  saved: Record<string, unknown>,
): void {
  const { outputs, outputNames = [] } = model as NamedOutputs;
  // A `tf.sequential()` has one output, and does not name it.
  const names = outputs.map((output, i) => outputNames[i] ?? output.name);
  const metrics = savedMetrics(saved.metrics, names);
  model.compile({ optimizer: optimizerFor(tf, model, saved), loss, metrics });
  ownOptimizer(model);
}

/** Returns the saved optimizer, and records if it is not reproduced. */
function optimizerFor(
  tf: TensorFlow,
  model: LayersModel,
  saved: Record<string, unknown>,
): Optimizer {
  const optimizer = savedOptimizer(tf, saved);
  const name = unknownOptimizer(optimizer);
  if (name !== null) noteNotReproduced(model, { setting: "optimizer", name, substitute: "Adam" });
  return optimizer;
}

/** Returns the name of a saved loss as the program has it; of several, all of them. */
function nameIn(saved: unknown): string {
  if (typeof saved === "string") return saved;
  const { class_name, config } = Object(saved) as { class_name?: unknown; config?: unknown };
  if (class_name === "function") return String(config);
  if (typeof class_name === "string") return class_name;
  const names = Object.values(Object(saved)).filter((one) => one !== null).map(nameIn);
  return [...new Set(names)].join(", ");
}

/** The name of a loss as `model.compile` takes it; `null` for any other loss. */
function lossName(saved: unknown): LossName | null {
  const { class_name, config } = Object(saved) as { class_name?: unknown; config?: unknown };
  const { from_logits } = Object(config) as { from_logits?: unknown };
  // Keras 3 writes a function as an object whose configuration is its name.
  const name = typeof saved === "string" ? saved : class_name === "function" ? config : class_name;
  if (typeof name !== "string" || from_logits === true) return null;
  const plain = name.toLowerCase().replaceAll("_", "");
  if (Object.hasOwn(SHORT, plain)) return SHORT[plain];
  return LOSSES.find((loss) => loss.toLowerCase() === plain) ?? null;
}
