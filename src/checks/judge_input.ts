import type { InputMeasurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { featureFactor, REGAINED } from "./differences.ts";
import { atLeast, atMost, between, type Expected } from "./expected.ts";
import { isCode } from "./is_code.ts";
import type { Case, Verdict } from "./judge.ts";
import { absorbsInputScale } from "./network/absorbs_input_scale.ts";
import { counted, figure, layerName, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** The thresholds that inputs are held to. */
type InputNames =
  | "inputMax"
  | "inputMean"
  | "inputOffset"
  | "inputDeviationFactor"
  | "inputSpread"
  | "inputFeatureFactor";

/**
 * Judges one input, or what the front of the model makes of it: its size, whether its examples differ, and
 * whether its features are of one scale.
 */
export function judgeInput(input: InputMeasurements, subject: Case<InputNames>): Verdict[] {
  const { name, dtype, lookedUp, scaledBy, values } = input;
  const { layers, batch } = subject.measurements;
  const front = layers.filter((layer) =>
    scaledBy?.includes(layer.name) && layer.activations !== null
  );
  if (front.length > 0) {
    // What it is given does not matter, only what it makes of that.
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
    // One among several may be all ones: a mask, say.
    mayBeCode: batch.perInput.length > 1,
    unitRows: input.unitRows,
    spread: input.spread,
    factor: featureFactor(input),
    isAbsorbed: absorbsInputScale(subject.network),
  });
}

/** What is judged, and what to do about it. */
interface Judged {
  /** What the figures are of. */
  of: Sentence;
  advice: Sentence;
  /** Whether it may be a code of ones alone. */
  mayBeCode: boolean;
  /** True if the first thing that sees it divides by its size. */
  isAbsorbed?: boolean;
  /** Whether each row has the norm 1: that is a normalisation, too. */
  unitRows?: boolean;
  /** The share of its second moment that tells examples apart, where that was measured. */
  spread?: number | null;
  /** How many times as much as the others its largest feature varies, where that is known. */
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
  // Examples that an offset makes alike. One input among several may be alike in all of them.
  const isConstant = values.maxAbs === 0;
  if (!mayBeCode && (isConstant || Math.abs(values.mean) > inputOffset * values.std)) {
    return offset(values, inputOffset, { of, advice });
  }
  const alike = mayBeCode ? [] : alikeExamples(subject, judged);
  if (alike.length > 0) return alike;
  const uneven = unevenFeatures(thresholds.inputFeatureFactor, judged);
  if (uneven.length > 0) return uneven;
  // The size of what a normalisation divides by makes no difference.
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

/** Examples that are alike whatever the input's mean and deviation: each entry varies next to nothing. */
function alikeExamples(
  { measurements: { batch, layers }, thresholds: { inputSpread } }: Case<InputNames>,
  { of, spread, advice }: Judged,
): Verdict[] {
  if (spread == null || spread >= inputSpread) return [];
  const figures = { spread: figure(spread, "share of the second moment of x") };
  const expected = atLeast(inputSpread);
  // A normalisation of the batch further on tells apart again what differs at all.
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

/** A feature that outweighs all others. */
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
