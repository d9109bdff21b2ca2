import { heapView } from "../../engine/heap/heap.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { readSetting, unusualSettings } from "../../ground/traits/optimizers.ts";
import { errorMessage, failure } from "../../ground/words/failure.ts";
import { MeasureError, type MeasureOptions } from "./measure_options.ts";
import type {
  LayerMeasurements,
  Measurements,
  MetricMeasurements,
  ObjectiveMeasurements,
} from "./measurements.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { reduceRows } from "../model/keras_outputs.ts";
import { unknownMetricsOf } from "../model/saved_metrics.ts";
import { type ChosenObjective, type Compiled, compiledPart } from "./choose_objective.ts";
import { withoutTape } from "./keep_state.ts";
import type { LossFunction } from "../model/objective.ts";
import { asTargets, nameOf } from "./resolve_objective.ts";

/** Returns the dropout rates of a layer: a pass drops nothing, training does. */
export function dropoutOf(layer: Layer): Pick<LayerMeasurements, "dropout" | "recurrentDropout"> {
  const { rate, cell } = layer as unknown as { rate?: number; cell?: Cell & { cells?: Cell[] } };
  const cells = cell === undefined ? [] : cell.cells ?? [cell];
  const dropped = layerTraits(layer.getClassName()).drops
    ? [rate ?? 0]
    : cells.map(({ dropout }) => dropout ?? 0);
  const dropout = Math.max(0, ...dropped);
  const recurrentDropout = Math.max(0, ...cells.map((cell) => cell.recurrentDropout ?? 0));
  return {
    ...dropout > 0 ? { dropout } : {},
    ...recurrentDropout > 0 ? { recurrentDropout } : {},
  };
}

interface Cell {
  dropout?: number;
  recurrentDropout?: number;
}

/** Returns the optimizer that a model was compiled with, if it was compiled. */
export function optimizerOf(model: { optimizer?: unknown }): Pick<Measurements, "optimizer"> {
  const { optimizer } = model as {
    optimizer?: { getClassName?: () => string; getConfig?: () => object; learningRate?: unknown };
  };
  if (typeof optimizer?.getClassName !== "function") return {};
  const { learningRate: rate } = optimizer;
  const name = optimizer.getClassName();
  const config = optimizer.getConfig?.() ?? {};
  const settings = unusualSettings(name, config);
  const schedule = readSetting(Object(readSetting(config, "schedule")), "className");
  return {
    optimizer: {
      name,
      learningRate: typeof rate === "number" ? rate : null,
      ...settings === undefined ? {} : { settings },
      ...typeof schedule === "string" ? { schedule } : {},
    },
  };
}

/**
 * Measures the sum that the regularizers add to the loss at the current weights.
 *
 * @returns The sum, and that of each layer with a regularizer; `null` if there is none.
 * @throws {MeasureError} If a regularizer throws.
 */
export function measurePenalties(
  tf: TensorFlow,
  model: LayersModel,
  layers: readonly Layer[],
): { all: number; byLayer: Map<Layer, number> } | null {
  const penalised = (layer: Layer) =>
    layer as unknown as { calculateLosses(): Tensor[]; losses: (() => Tensor)[] };
  const regularized = layers.filter((layer) => penalised(layer).losses.length > 0);
  if (regularized.length === 0) return null;
  const sumOf = (where: string, losses: () => Tensor[]) => {
    try {
      let sum = 0;
      tf.tidy(() => losses().forEach((loss) => sum += heapView(tf, loss)[0]));
      return sum;
    } catch (error) {
      throw new MeasureError(`The penalty of ${where} cannot be computed: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  };
  const byLayer = new Map(
    regularized.map((layer) => [
      layer,
      sumOf(`layer ${layer.name}`, () => penalised(layer).losses.map((loss) => loss())),
    ]),
  );
  return { all: sumOf(`model ${model.name}`, () => penalised(model).calculateLosses()), byLayer };
}

/** Statistics of a batch normalisation; TensorFlow.js declares them private. */
interface Statistics {
  movingMean: { read(): Tensor };
  movingVariance: { read(): Tensor };
  /** True if batch statistics are used; set only for PyTorch programs, whose graph says it. */
  isOnBatch?: boolean;
}

/** True for a batch normalisation: a layer that moves the statistics of its batches. */
export const movesStatistics = (layer: Layer): boolean =>
  layer.getClassName() === "BatchNormalization" || "isOnBatch" in layer;

/**
 * Returns the batch normalisations that run on the statistics of the batch in a pass.
 *
 * @param mode Mode that was requested. Default: the batch for layers that no training step has
 * changed yet.
 */
export function normalizedOnBatch(
  layers: readonly Layer[],
  examples: number,
  mode: MeasureOptions["batchNormalization"],
): Set<Layer> {
  if (mode === "inference") return new Set();
  // One example has no spread to divide by, unless its graph takes that of its places.
  const normalizations = layers.filter((layer) =>
    movesStatistics(layer) && (mode !== undefined || examples > 1 || "isOnBatch" in layer)
  );
  return new Set(mode === "training" ? normalizations : normalizations.filter(isUnmoved));
}

/**
 * Returns true if the moving statistics are still the initial ones: in inference the layer
 * normalises nothing.
 */
function isUnmoved(layer: Layer): boolean {
  const { movingMean, movingVariance, isOnBatch } = layer as unknown as Statistics;
  if (isOnBatch !== undefined) return isOnBatch;
  return movingMean.read().dataSync().every((mean) => mean === 0) &&
    movingVariance.read().dataSync().every((variance) => variance === 1);
}

/** Metric as passed to `model.compile`. */
type ToldMetric = string | LossFunction;

/** Metric of one output. */
interface CompiledMetric {
  told: ToldMetric;
  /**
   * Function that TensorFlow.js resolved it to: `accuracy` is another one for each head and loss.
   */
  call: LossFunction;
  output: number;
}

/**
 * Evaluates the metrics that a model was compiled with, as `model.evaluate` does: the mean of
 * TensorFlow.js's function, without the rows that a mask of Keras excludes. The tape does not
 * record it.
 *
 * @returns The metrics, output by output, in the order in which they were passed; then those of a
 * file that TensorFlow.js lacks. Empty if the objective is not the compiled loss: its targets may
 * be others.
 */
export function compiledMetrics(
  tf: TensorFlow,
  { model, targets, chosen: { chosenBy, drawn } }: {
    model: LayersModel;
    targets: Tensor[] | null;
    chosen: ChosenObjective;
  },
  outputs: readonly Tensor[],
): Pick<ObjectiveMeasurements, "metrics"> {
  if (chosenBy !== "compiled") return {};
  const compiled = compiledPart(model);
  const { outputNames = [] } = compiled;
  const goals = targets ?? drawn!;
  const metrics = [
    ...metricsOf(compiled, outputs.length).map(({ told, call, output }) => ({
      name: typeof told === "function" ? nameOf(told) : told,
      ...outputs.length === 1 ? {} : { output: outputNames[output] },
      ...evaluate(tf, outputs[output], () => call(asTargets(tf, goals[output]), outputs[output])),
    })),
    ...unknownMetricsOf(compiled.metrics).map((metric) => ({
      ...metric,
      value: null,
      reason: "no metric of TensorFlow.js computes it",
    })),
  ];
  return metrics.length === 0 ? {} : { metrics };
}

/**
 * Returns the metrics of each output. With several outputs the losses of all precede them. A list
 * is for every output, an object has them by the names of outputs.
 */
function metricsOf({ metrics, metricsTensors = [], outputNames = [] }: Compiled, outputs: number) {
  const ofOutput = (output: number): ToldMetric[] => {
    const isByName = typeof metrics === "object" && metrics !== null && !Array.isArray(metrics);
    return [isByName ? metrics[outputNames[output]] ?? [] : metrics ?? []].flat();
  };
  const calls = outputs === 1 ? metricsTensors : metricsTensors.slice(outputs);
  const told = Array.from({ length: outputs }, (_, output) => ofOutput(output)).flat();
  return calls.map(([call, output], i): CompiledMetric => ({ told: told[i], call, output }));
}

function evaluate(
  tf: TensorFlow,
  output: Tensor,
  call: () => Tensor,
): Pick<MetricMeasurements, "value" | "reason"> {
  try {
    const value = withoutTape(tf, () =>
      tf.tidy(() => {
        const returned = call();
        if (typeof returned?.dataSync !== "function") {
          throw new InputError({
            place: "The metric",
            verb: "returned",
            found: returned === null ? "null" : typeof returned,
            expected: "a tensor",
          });
        }
        return reduceRows(tf, tf.cast(returned, "float32"), output).dataSync()[0];
      }));
    return { value };
  } catch (error) {
    return { value: null, reason: failure(error) };
  }
}
