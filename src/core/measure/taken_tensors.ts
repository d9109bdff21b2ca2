import { InputError, nearest, type Refusal, refusal } from "../../ground/words/input_error.ts";
import type { Engine } from "../../engine/engine.ts";
import { requireEngine } from "../../engine/running_engine.ts";
import { heapOf, prepareEngine } from "../../engine/start/prepare_engine.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import { formatCount, formatNumber, formatShare } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";
import { list, primitive, requireValue, unknown } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { TensorStatistics } from "./measurements.ts";
import type { PassPlan } from "./plan_pass.ts";
import { type PassSubject, withPass } from "./pass.ts";
import { figuresOf, sumEntries, sumTensor } from "./sums.ts";
import type { Viewers } from "./tap.ts";

/**
 * Tensors that the caller frees, all at once by `using` or `tf.dispose`, or one by one. An array,
 * whose methods such as `map` return plain arrays.
 */
export interface TakenTensors<Row extends { tensor: Tensor }>
  extends ReadonlyArray<Row>, Disposable {}

/** Words for tensors in their overview. */
export interface TensorWords<Row> {
  /** Noun for one of them: `gradient`. */
  noun: string;
  /** Name of the mean of their magnitudes. */
  mean: string;
  /** Returns the name of a row. */
  nameOf: (row: Row) => string;
}

/**
 * Runs a pass to collect tensors. If it throws, all of them are freed.
 *
 * @param subject The model, the batch and the options.
 * @param words Words for the tensors in their overview.
 * @param view Chooses the observers, and returns the rows once the pass is over; `keep` keeps a
 * tensor that is shown.
 */
export function takeTensors<Row extends { tensor: Tensor }>(
  engine: Engine,
  subject: PassSubject,
  words: TensorWords<Row>,
  view: (
    plan: PassPlan,
    keep: (tensor: Tensor) => Tensor,
  ) => { viewers: Viewers; rows: () => Row[] },
): TakenTensors<Row> {
  const { tf } = engine;
  const kept: Tensor[] = [];
  const keep = (tensor: Tensor) => {
    // A clone shares the entries: TensorFlow.js frees them with the last tensor that has them.
    const own = tf.keep(tensor.clone());
    kept.push(own);
    return own;
  };
  try {
    const rows = withPass(engine, subject, (pass, plan) => {
      const { viewers, rows } = view(plan, keep);
      pass.show(viewers);
      return rows();
    });
    const dispose = () => tf.dispose(rows.map(({ tensor }) => tensor));
    withOverview(rows, () => overviewOf(rows, words), {
      of: "values",
      given: () => ({
        title: words.mean,
        bars: rows.map((row) => ({
          label: words.nameOf(row),
          value: figuresOfRow(row)?.meanAbs ?? null,
        })),
      }),
    });
    return Object.defineProperty(rows, Symbol.dispose, { value: dispose }) as
      & typeof rows
      & Disposable;
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
}

function overviewOf<Row extends { tensor: Tensor }>(
  rows: readonly Row[],
  { noun, mean, nameOf }: TensorWords<Row>,
): Overview {
  return {
    title: formatCount(rows.length, noun),
    columns: [noun, "shape", mean, "std", "largest", "zero"],
    rows: rows.map((row) => {
      const figures = figuresOfRow(row);
      const name = nameOf(row);
      if (figures === null) return [name, "disposed of", null, null, null, null];
      const { meanAbs, std, maxAbs, zeroFraction } = figures;
      const shape = `[${row.tensor.shape.join(", ")}]`;
      return [name, shape, meanAbs, std, maxAbs, formatShare(zeroFraction)];
    }),
  };
}

const figuresOfRow = ({ tensor }: { tensor: Tensor }) =>
  tensor.isDisposed ? null : statistics(tensor);

/**
 * Choice of layers, or of their weights: a name, a class, a pattern that names match, or several of
 * these.
 *
 * A name is that of a layer (`"dense_1"`), of a weight (`"dense_1/kernel"`) or of a model or
 * wrapper around layers (`"encoder"`: all layers within). A class in place of the name chooses all
 * layers of that class: `"Dense"`, and `"Dense/kernel"` their kernels. If a layer has the name of a
 * class, the name takes precedence.
 */
export type TensorChoice = string | RegExp | readonly (string | RegExp)[];

/** Keys by which something can be chosen. */
interface ChoiceKeys {
  /** Path: `encoder/dense_1`, `encoder/dense_1/kernel`. */
  path: string;
  /** Path with the class of the layer in place of the layer's path: `Dense/kernel`. */
  classPath: string;
}

const isPattern = (value: unknown) => typeof value === "string" || value instanceof RegExp;

/**
 * Returns the chosen items, in the order of `all`.
 *
 * @param all All items.
 * @param choice The choice; all items if `undefined`.
 * @param what Kind of thing, for a message: `a layer`.
 * @throws {InputError} If the choice is neither a text, a pattern nor an array of them, or if it is
 * empty, or a part of it chooses nothing.
 */
export function chooseTensors<T extends ChoiceKeys>(
  all: readonly T[],
  choice: TensorChoice | undefined,
  what: string,
): T[] {
  if (choice === undefined) return [...all];
  const patterns = isPattern(choice) ? [choice as string | RegExp] : choice;
  const either = primitive("a name, a RegExp, or an array of them", isPattern);
  if (!Array.isArray(patterns)) requireValue("options.of", patterns, either);
  requireValue("options.of", patterns, list(unknown));
  const chosen = new Set<T>();
  for (const [index, pattern] of (patterns as (string | RegExp)[]).entries()) {
    requireValue(`options.of[${index}]`, pattern, primitive("a name or a RegExp", isPattern));
    const found = matching(all, pattern);
    if (found.length === 0) throw new InputError(noneLike(all, pattern, what));
    for (const one of found) chosen.add(one);
  }
  if (chosen.size === 0) {
    throw new InputError(
      refusal`options.of is an empty array, expected the name or the class of ${what}`,
    );
  }
  return all.filter((one) => chosen.has(one));
}

function matching<T extends ChoiceKeys>(all: readonly T[], pattern: string | RegExp): T[] {
  // Not test(): a pattern with the flag g would continue after its last match.
  if (typeof pattern !== "string") return all.filter(({ path }) => path.search(pattern) !== -1);
  const isWithin = (path: string) => path === pattern || path.startsWith(`${pattern}/`);
  const named = all.filter(({ path }) => isWithin(path));
  return named.length > 0 ? named : all.filter(({ classPath }) => isWithin(classPath));
}

function noneLike(all: readonly ChoiceKeys[], pattern: string | RegExp, what: string): Refusal {
  if (typeof pattern !== "string") {
    return refusal`options.of has ${pattern}, expected a pattern that the name of ${what} matches`;
  }
  const names = new Set(
    all.flatMap(({ path, classPath }) => [...wholes(path), ...wholes(classPath)]),
  );
  return {
    place: "options.of",
    verb: "has",
    found: showValue(pattern),
    expected: `the name or the class of ${what}`,
    hint: nearest(pattern, [...names]),
  };
}

/** Returns a path and those around it: `a/b/c`, `a/b`, `a`. */
function wholes(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, i) => parts.slice(0, parts.length - i).join("/"));
}

const DTYPES = ["float32", "int32", "bool"];

const isTensor = (value: unknown): value is Tensor => {
  const { dataId, dtype, isDisposed } = Object(value);
  return typeof dataId === "object" && DTYPES.includes(dtype) && isDisposed === false;
};

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value)
    ? value.every((entry) => typeof entry === "number")
    : ArrayBuffer.isView(value) &&
      typeof (value as unknown as ArrayLike<unknown>)[0] !== "bigint" &&
      !(value instanceof DataView);

const subject = primitive(
  "a tensor of numbers that is not disposed of, or an array of numbers",
  (value) => isTensor(value) || isNumbers(value),
);

/**
 * Returns the statistics of any tensor, or of numbers that were read off one: those that
 * {@linkcode measure} takes of every tensor, in float64 and in one sweep.
 *
 * @param tensor A tensor of any shape, or an array of numbers such as the `values` of `getWeights`.
 * @returns Mean, deviation, mean and largest magnitude, and the numbers of entries that are 0, NaN
 * or infinite.
 * @throws {InputError} If it is something else, or a tensor that was disposed of.
 * @throws {EngineError} If it is a tensor and no engine runs.
 *
 * @example The mean absolute value of a kernel
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, getWeights } from "@gradient-health/gradient-health/model";
 * import { statistics } from "@gradient-health/gradient-health/measure";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const { meanAbs } = statistics(getWeights(model)["dense_2/kernel"].values);
 * assertAlmostEquals(meanAbs, 160, 20); // of a normal kernel with a deviation of 200
 * assertEquals(statistics([0, 3, -3, NaN]).nonFinite, 1);
 * model.dispose();
 * ```
 */
export function statistics(tensor: Tensor | ArrayLike<number>): TensorStatistics {
  requireValue("tensor", tensor, subject);
  return withOverview(statisticsOfAny(tensor), ({ count, ...figures }) => ({
    // Inside another value, the title alone is printed.
    title: `${formatCount(count, "entry", "entries")}: mean |x| ${
      formatNumber(figures.meanAbs)
    }, std ${formatNumber(figures.std)}, largest |x| ${formatNumber(figures.maxAbs)}`,
    columns: ["statistic", "value"],
    rows: Object.entries(figures) as [string, number][],
  }));
}

function statisticsOfAny(tensor: Tensor | ArrayLike<number>): TensorStatistics {
  if (!isTensor(tensor)) return figuresOf(sumEntries(tensor as ArrayLike<number>));
  const engine = requireEngine();
  prepareEngine(engine, null);
  return figuresOf(tensor.size === 0 ? sumEntries([]) : sumTensor(heapOf(engine), tensor));
}
