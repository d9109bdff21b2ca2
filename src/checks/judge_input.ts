import type { InputMeasurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { featureFactor, REGAINED } from "./differences.ts";
import { atLeast, atMost, between, type Expected } from "./expected.ts";
import { isCode } from "./is_code.ts";
import type { Case, Verdict } from "./judge.ts";
import { absorbsInputScale } from "./network/absorbs_input_scale.ts";
import { counted, figure, layerName, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** Thresholds for inputs. */
type InputNames =
  | "inputMax"
  | "inputMean"
  | "inputOffset"
  | "inputDeviationFactor"
  | "inputSpread"
  | "inputFeatureFactor";

/**
 * Judges one input, or the output of the layers that scale it: its size, the differences between
 * examples, and the scale of its features.
 */
export function judgeInput(input: InputMeasurements, subject: Case<InputNames>): Verdict[] {
  const { name, dtype, lookedUp, scaledBy, values } = input;
  const { layers, batch } = subject.measurements;
  const front = layers.filter((layer) =>
    scaledBy?.includes(layer.name) && layer.activations !== null
  );
  if (front.length > 0) {
    // The raw input does not matter, only the output of the front layers.
    return front.flatMap((layer) =>
      judgeValues(layer.activations!, subject, {
        of: say`the output of ${layerName(layer.name)} for the input "${name}"`,
        advice: say`Check the scale of ${layerName(layer.name)}: it should bring ${name} close to
          mean 0 and standard deviation 1.`,
        mayBeCode: batch.perInput.length > 1,
        spread: layer.spread,
      })
    );
  }
  if (dtype !== "float32" || lookedUp) return [];
  return judgeValues(values, subject, {
    of: say`the input "${name}"`,
    advice: values.std > 0
      ? say`Normalise ${name}: subtract the mean of each feature and divide by its standard deviation.`
      : say`Check how ${name} is made: every entry is ${number(values.mean)}.`,
    // One of several inputs may be all ones, for example a mask.
    mayBeCode: batch.perInput.length > 1,
    unitRows: input.unitRows,
    spread: input.spread,
    factor: featureFactor(input),
    isAbsorbed: absorbsInputScale(subject.network),
  });
}

/** Subject of the judgement, and its fix. */
interface Judged {
  /** Tensor that the figures describe. */
  of: Sentence;
  advice: Sentence;
  /** True if it may be a code of ones alone. */
  mayBeCode: boolean;
  /** True if its first reader divides by its size. */
  isAbsorbed?: boolean;
  /** True if each row has norm 1, which is a normalisation, too. */
  unitRows?: boolean;
  /** Share of the second moment that differs between examples, if measured. */
  spread?: number | null;
  /** Ratio of its largest feature's variation to that of the others, if known. */
  factor?: number | null;
}

function judgeValues(
  values: TensorStatistics,
  subject: Case<InputNames>,
  judged: Judged,
): Verdict[] {
  if (values.nonFinite > 0) return [];
  const { thresholds } = subject;
  const { of, advice, mayBeCode, unitRows = false } = judged;
  const low = 1 / thresholds.inputDeviationFactor;
  const { inputMax, inputMean, inputOffset, inputDeviationFactor: high } = thresholds;
  const warn = (
    kind: string,
    threshold: string,
    what: Sentence,
    measured: number,
    expected: Expected,
  ): Verdict[] => [{
    severity: "warning",
    kind,
    layer: null,
    measured,
    expected,
    threshold,
    figures: {
      maxAbs: figure(values.maxAbs, "x"),
      mean: figure(values.mean, "x"),
      std: figure(values.std, "x"),
    },
    message: say`The ${what} of ${of} is ${
      figure(measured, "x")
    }; expected ${expected} (${threshold}).`,
    advice,
  }];
  // An offset makes examples alike. One of several inputs may be the same in all of them.
  const isConstant = values.maxAbs === 0;
  if (!mayBeCode && (isConstant || Math.abs(values.mean) > inputOffset * values.std)) {
    return offset(values, inputOffset, { of, advice });
  }
  const alike = mayBeCode ? [] : alikeExamples(subject, judged);
  if (alike.length > 0) return alike;
  const uneven = unevenFeatures(thresholds.inputFeatureFactor, judged);
  if (uneven.length > 0) return uneven;
  // A normalisation makes the size irrelevant.
  if (judged.isAbsorbed) return [];
  if (values.maxAbs > inputMax) {
    return warn("large-entry", "inputMax", say`largest |x|`, values.maxAbs, atMost(inputMax));
  }
  if (Math.abs(values.mean) > inputMean) {
    return warn("mean", "inputMean", say`mean`, values.mean, between(-inputMean, inputMean));
  }
  const isOneHot = isCode(values) && (mayBeCode || values.std > 0);
  const isSmall = values.std < low && !isOneHot && !(unitRows && values.std > 1e-6 * values.maxAbs);
  if (!(values.std > high) && !isSmall) return [];
  const what = say`standard deviation`;
  return warn("spread", "inputDeviationFactor", what, values.std, between(low, high));
}

function offset(
  { mean, std }: TensorStatistics,
  limit: number,
  { of, advice }: Pick<Judged, "of" | "advice">,
): Verdict[] {
  const measured = Math.abs(mean) / std;
  const figures = {
    mean: figure(mean, "x"),
    std: figure(std, "x"),
    ...std === 0 ? {} : { offset: figure(measured, "|mean(x)| / std(x)") },
  };
  const expected = atMost(limit);
  return [{
    severity: "error",
    kind: "offset",
    layer: null,
    measured: std === 0 ? std : measured,
    expected,
    threshold: "inputOffset",
    figures,
    message: std === 0
      ? say`Every entry of ${of} is ${figures.mean}, so all examples are identical.`
      : say`The mean of ${of} is ${
        figure(measured, "|mean(x)| / std(x)")
      } times its standard deviation (${figures.mean} and
        ${figures.std}), so the examples are nearly identical; expected ${expected} (inputOffset).`,
    advice,
  }];
}

/** Finds inputs whose entries hardly vary between examples, whatever their mean and deviation. */
function alikeExamples(
  { measurements: { batch, layers }, thresholds: { inputSpread } }: Case<InputNames>,
  { of, spread, advice }: Judged,
): Verdict[] {
  if (spread == null || spread >= inputSpread) return [];
  const figures = { spread: figure(spread, "share of the second moment of x") };
  const expected = atLeast(inputSpread);
  // A later batch normalisation restores any difference between examples.
  const isMended = spread > 0 && layers.some(({ spread }) => (spread ?? 0) > REGAINED);
  return [{
    severity: isMended ? "warning" : "error",
    kind: "alike",
    layer: null,
    measured: spread,
    expected,
    threshold: "inputSpread",
    figures,
    message: spread === 0
      ? say`All ${
        counted(batch.examples, "example")
      } of ${of} are identical; expected ${expected} of their
        second moment to differ (inputSpread).`
      : say`The examples of ${of} are nearly identical: ${figures.spread} of their second moment differs
        between them; expected ${expected} (inputSpread).`,
    advice: spread === 0 ? say`Check how the batch is made: every example is the same.` : advice,
  }];
}

/** Finds a feature that outweighs all others. */
function unevenFeatures(limit: number, { of, factor, advice }: Judged): Verdict[] {
  if (factor == null || factor <= limit) return [];
  const expected = atMost(limit);
  const figures = { factor: figure(factor, "std of a feature / rms of the others' std") };
  return [{
    severity: "warning",
    kind: "feature",
    layer: null,
    measured: factor,
    expected,
    threshold: "inputFeatureFactor",
    figures,
    message: say`One feature of ${of} varies ${figures.factor} times as much as the others; expected
      ${expected} (inputFeatureFactor).`,
    advice,
  }];
}
