import type { LayersModel } from "../engine/tensorflow.ts";
import { LOSSES } from "../model/objective.ts";
import type { LossFunction, OutputLoss } from "./resolve_objective.ts";

/** What `model.compile` leaves behind; TensorFlow.js declares half of it private. */
interface Compiled {
  loss?: unknown;
  metrics?: unknown;
  lossFunctions?: unknown[];
  outputNames?: string[];
  /** A `tf.sequential()` delegates to an inner model. */
  model?: Compiled;
}

/**
 * The losses that a model was compiled with, one per output (`null` for an output that is not trained): by
 * name, where that is how it was told. TensorFlow.js has no weights for them.
 *
 * @returns The losses, or `null` where the model was not compiled.
 */
export function compiledLosses(model: LayersModel): OutputLoss[] | null {
  const compiled = model as unknown as Compiled;
  const { loss, lossFunctions, outputNames = [] } = compiled.model ?? compiled;
  if (!Array.isArray(lossFunctions)) return null;
  const losses = lossFunctions.map((resolved, i): OutputLoss => {
    const told = typeof loss !== "object" || loss === null
      ? loss
      : Array.isArray(loss)
      ? loss[i]
      : (loss as Record<string, unknown>)[outputNames[i]];
    const name = LOSSES.find((name) => name === told);
    return name ?? (typeof resolved === "function" ? resolved as LossFunction : null);
  });
  return losses.some((loss) => loss !== null) ? losses : null;
}

/** How a loss was chosen that was not asked for; beside a compiled one also the metrics, each once. */
export function howChosen(
  model: LayersModel,
  chosenBy: "compiled" | "head" | null,
): { chosenBy?: "compiled" | "head"; metrics?: string[] } {
  if (chosenBy !== "compiled") return chosenBy === null ? {} : { chosenBy };
  const compiled = model as unknown as Compiled;
  const { metrics = [] } = compiled.model ?? compiled;
  const told = typeof metrics === "object" ? Object.values(Object(metrics)).flat() : [metrics];
  const names = told.map((metric) =>
    typeof metric === "function" ? metric.name || "custom" : String(metric)
  );
  return { chosenBy, ...names.length === 0 ? {} : { metrics: [...new Set(names)] } };
}
