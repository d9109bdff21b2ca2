import { InputError } from "../words/input_error.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { reduceRows } from "../model/keras_outputs.ts";
import { unknownMetricsOf } from "../keras/saved_metrics.ts";
import { failure } from "../words/failure.ts";
import type { MetricMeasurements, ObjectiveMeasurements } from "./measurements.ts";
import { type Compiled, compiledPart } from "./compiled_losses.ts";
import { withoutTape } from "./keep_state.ts";
import type { PassPlan } from "./plan_pass.ts";
import type { LossFunction } from "../model/objective.ts";
import { asTargets, nameOf } from "./resolve_objective.ts";

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
  { model, targets, chosen: { chosenBy, drawn } }: PassPlan,
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
