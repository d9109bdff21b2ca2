import type { LayersModel } from "../../engine/tensorflow.ts";

/**
 * Metrics as `model.compile` takes them: a list if there is one output, else by the names of
 * outputs.
 */
type Metrics = Parameters<LayersModel["compile"]>[0]["metrics"];

/** Metric of a file that TensorFlow.js lacks, or computes differently. */
interface UnknownMetric {
  name: string;
  output?: string;
}

/**
 * Names in `model.compile` of the metrics that TensorFlow.js computes as Keras does, by Keras's
 * names in lower case.
 */
const METRICS: Record<string, string> = {
  accuracy: "accuracy",
  acc: "acc",
  crossentropy: "crossentropy",
  ce: "ce",
  binaryaccuracy: "binaryAccuracy",
  categoricalaccuracy: "categoricalAccuracy",
  categoricalcrossentropy: "categoricalCrossentropy",
  sparsecategoricalcrossentropy: "sparseCategoricalCrossentropy",
  mse: "mse",
  meansquarederror: "mse",
  mae: "mae",
  meanabsoluteerror: "mae",
  mape: "mape",
  meanabsolutepercentageerror: "mape",
};

/** Metrics left out of each result of {@linkcode savedMetrics}. */
const unknown = new WeakMap<object, UnknownMetric[]>();

/**
 * Returns the metrics that a file names, as TensorFlow.js or Keras writes them, except those that
 * TensorFlow.js lacks: in training, a failing metric would be an error.
 * {@linkcode unknownMetricsOf} returns these.
 *
 * @param saved Content of the file: a metric, a list for every output, a list of each, or an object
 * of them by name.
 */
export function savedMetrics(saved: unknown, outputs: readonly string[]): Metrics {
  const isByName = !Array.isArray(saved) && !isMetric(saved);
  const list = [saved ?? []].flat();
  const isOfEach = list.length === outputs.length && list.every(Array.isArray);
  const told = outputs.map((output, i): unknown => {
    if (!isByName) return isOfEach ? list[i] : list;
    const own = Object(saved) as Record<string, unknown>;
    if (outputs.length === 1) return Object.values(own);
    return Object.hasOwn(own, output) ? own[output] : [];
  });
  const all = outputs.map((output, i) =>
    [told[i] ?? []].flat(Infinity).filter((one) => one !== null).map((one) => ({
      ...metricOf(one),
      ...outputs.length === 1 ? {} : { output },
    }))
  );
  const known = all.map((metrics) => metrics.flatMap(({ known }) => known ?? []));
  const metrics = outputs.length === 1
    ? known[0]
    : Object.fromEntries(outputs.map((output, i) => [output, known[i]]));
  const left = all.flat().filter(({ known }) => known === null);
  unknown.set(metrics, left.map(({ known: _, ...metric }) => metric));
  // TensorFlow.js also takes a list for each output, though its types do not say so.
  return metrics as Metrics;
}

/** Returns the metrics that were left out, if the given ones are from a file. */
export function unknownMetricsOf(metrics: unknown): readonly UnknownMetric[] {
  return unknown.get(Object(metrics)) ?? [];
}

function isMetric(saved: unknown): boolean {
  return typeof saved === "string" || Object.hasOwn(Object(saved), "class_name");
}

/**
 * Returns the name of a metric. Keras writes a name, or a class with its settings; a function is a
 * class `function` of that name.
 */
function metricOf(saved: unknown): { name: string; known: string | null } {
  const { class_name, config } = Object(saved) as { class_name?: unknown; config?: unknown };
  const settings = Object(config) as Record<string, unknown>;
  const ofClass = class_name === "function" ? [config] : [settings.name, settings.fn, class_name];
  const names = typeof saved === "string" ? [saved] : ofClass;
  const told = names.filter((name) => typeof name === "string");
  const plain = told.map((name) => name.toLowerCase().replaceAll("_", ""));
  const known = plain.find((name) => Object.hasOwn(METRICS, name));
  return {
    name: told[0] ?? "unnamed",
    known: known !== undefined && isUsual(settings) ? METRICS[known] : null,
  };
}

/** Returns true if a metric has the settings that TensorFlow.js uses. */
function isUsual({ from_logits, label_smoothing, threshold }: Record<string, unknown>): boolean {
  return from_logits !== true && !(Number(label_smoothing) > 0) &&
    (threshold === undefined || threshold === 0.5);
}
