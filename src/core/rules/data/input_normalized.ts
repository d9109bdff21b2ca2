import type { InputMeasurements, TensorStatistics } from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import {
  atLeast,
  atMost,
  between,
  counted,
  type Expected,
  figure,
  layerName,
  number,
  say,
  type Sentence,
} from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { absorbsInputScale } from "../network/normalizing.ts";
import { ALIKE, APART, featureFactor, isCode, REGAINED } from "../statistics.ts";

/** The rule `input-normalized`: inputs have mean 0 and standard deviation 1, roughly. */
export const inputNormalized: Rule = defineRule({
  name: "input-normalized",
  assertion: "assertInputNormalized",
  matcher: "toHaveNormalizedInputs",
  passes: "has normalised inputs",
  tags: ["data"],
  order: 20,
  causeOrder: 20,
  assertionFailsOnWarnings: true,
  thresholds: {
    inputMax: {
      default: 10,
      unit: "|x|",
      range: [0, Infinity],
      source: "AUTOTRAINER (Zhang et al. 2021)",
      about: "Largest |x| of an input.",
    },
    inputMean: {
      default: 1,
      unit: "|mean(x)|",
      range: [0, Infinity],
      source:
        "own: pixels from 0 to 1 pass, an offset larger than the spread of normalised data does not",
      about: "Largest |mean| of an input.",
    },
    inputOffset: {
      default: 25,
      unit: "|mean(x)| / std(x)",
      range: [0, Infinity],
      source: "calibrated on bench/trainability: above it, 21 of 21 networks without batch " +
        "normalisation fail; of those with it, 3 of 3 up to 100 train, 7 of 7 beyond fail or " +
        "are slow; from 5 to 25, 2 are slow, 2 train",
      about: "Mean of an input, relative to its deviation, above which it is an error.",
    },
    inputDeviationFactor: {
      default: 10,
      unit: "std(x), or its inverse",
      range: [1, Infinity],
      source: "own: pixels from 0 to 1 have 0.2 to 0.4",
      about: "Largest factor between an input's standard deviation and 1, up or down.",
    },
    inputSpread: {
      default: ALIKE,
      unit: "share of the second moment of x that differs between examples",
      range: [0, 1],
      source: "calibrated on the even seeds of bench/trainability: below it, 4 networks fail, 1 " +
        "is slow, none trains; inputOffset finds 3 of these 5",
      about: "Least share of an only input's second moment that tells examples apart.",
    },
    inputFeatureFactor: {
      default: APART,
      unit: "largest std of a feature / rms of the others' std",
      range: [1, Infinity],
      source:
        "40 even seeds of bench/trainability (focus features): below it, 12 networks train, " +
        "1 fails; above it, 8 train, 7 are slow, 12 fail; sensible inputs stay below 1.3",
      about: "Largest standard deviation of a feature relative to that of the others.",
    },
  },
  problem: "inputs that are not normalised",
  summary:
    "Each real-valued input is of order 1. The rule only warns, unless the only input is constant, " +
    "nearly the same in all examples, or far from zero (`inputOffset`).",
  formula:
    "|mean| <= inputOffset std for a model's only input (an error, or a warning where a batch " +
    "normalisation restores the differences between examples and inputSpread holds); max |x| <= inputMax, |mean| " +
    "<= inputMean, and 1 / inputDeviationFactor <= std <= inputDeviationFactor. Indices (int32, " +
    "or what an embedding looks up) are not judged. The deviation of 0/1 codes is not judged, " +
    "unless the only input is all ones; nor is a small deviation of rows of norm 1. At least " +
    "inputSpread of the second moment of a model's only input differs between examples (else an " +
    "error, or a warning where a later layer tells them apart), and no feature (last axis) varies " +
    "more than inputFeatureFactor times as much as the others. If the model begins with a " +
    "Rescaling or a normalisation, x is the output of that layer.",
  source:
    "AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient BackProp.",
  misleads:
    "Several features that are out of scale together hide one another. A feature that is small " +
    "beside the others is not reported, nor is a constant one. A custom layer that normalises at " +
    "the front is not recognised. Adam copes with most scales.",
  fix: "Subtract the mean of each feature over the training set and divide by its standard " +
    "deviation.",
  asserts:
    "that each input of real numbers is of order 1: max |x| <= 10 (`inputMax`), |mean| <= 1 " +
    "(`inputMean`), standard deviation from 0.1 to 10 (`inputDeviationFactor`). " +
    "`report` and the gate only warn of it.",
  fails: "inputs are not of order 1",
  throws: "If an input is not normalised.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertInputNormalized } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertInputNormalized(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  // The figure belongs to the inputs, not to a layer.
  figure: { title: "inputs", scale: "log", of: () => null },
  judge: (subject) =>
    subject.measurements.batch.perInput.flatMap((input) =>
      judgeInput(input, subject).map((verdict) => ({ ...verdict, tensor: input.name }))
    ),
});

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
function judgeInput(input: InputMeasurements, subject: Case<InputNames>): Verdict[] {
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
        fix: say`Check the scale of ${layerName(layer.name)}: it should bring ${name} close to
          mean 0 and standard deviation 1.`,
        mayBeCode: batch.perInput.length > 1,
        spread: layer.spread,
      })
    );
  }
  if (dtype !== "float32" || lookedUp) return [];
  return judgeValues(values, subject, {
    of: say`the input "${name}"`,
    fix: values.std > 0
      ? say`Normalise ${name}: subtract the mean of each feature and divide by its standard deviation,
        or by 1 if it never varies.`
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
  fix: Sentence;
  /** True if it may be a code that contains only ones. */
  mayBeCode: boolean;
  /** True if its first reader divides by its size. */
  isAbsorbed?: boolean;
  /** True if each row has norm 1, which is also a normalisation. */
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
  const { of, fix, mayBeCode } = judged;
  const { inputOffset, inputSpread } = thresholds;
  // An offset makes examples alike. One of several inputs may be the same in all of them.
  const isConstant = values.maxAbs === 0;
  if (!mayBeCode && (isConstant || Math.abs(values.mean) > inputOffset * values.std)) {
    // Beyond inputSpread the moving mean does not get there in a few hundred steps.
    const isMended = (judged.spread ?? 0) >= inputSpread && tellsApart(subject);
    return offset(values, inputOffset, { of, fix, isMended });
  }
  const alike = mayBeCode ? [] : alikeExamples(subject, judged);
  if (alike.length > 0) return alike;
  const uneven = unevenFeatures(thresholds.inputFeatureFactor, judged);
  if (uneven.length > 0) return uneven;
  // A normalisation makes the size irrelevant.
  const wrong = judged.isAbsorbed ? null : wrongSize(values, thresholds, judged);
  if (wrong === null) return [];
  const { what, ...size } = wrong;
  const { measured, expected, threshold } = size;
  return [{
    ...size,
    severity: "warning",
    layer: null,
    figures: {
      maxAbs: figure(values.maxAbs, "x"),
      mean: figure(values.mean, "x"),
      std: figure(values.std, "x"),
    },
    message: say`The ${what} of ${of} is ${
      figure(measured, "x")
    }; expected ${expected} (${threshold}).`,
    fix,
  }];
}

/** Figure of an input that is not as expected. */
interface WrongSize {
  kind: string;
  threshold: string;
  /** Name of the figure. */
  what: Sentence;
  measured: number;
  expected: Expected;
}

/** Returns the first figure of an input whose size is wrong. */
function wrongSize(
  values: TensorStatistics,
  { inputMax, inputMean, inputDeviationFactor: high }: Case<InputNames>["thresholds"],
  { mayBeCode, unitRows = false }: Judged,
): WrongSize | null {
  const { maxAbs, mean, std } = values;
  if (maxAbs > inputMax) {
    const expected = atMost(inputMax);
    const what = say`largest |x|`;
    return { kind: "large-entry", threshold: "inputMax", what, measured: maxAbs, expected };
  }
  if (Math.abs(mean) > inputMean) {
    const expected = between(-inputMean, inputMean);
    return { kind: "mean", threshold: "inputMean", what: say`mean`, measured: mean, expected };
  }
  const low = 1 / high;
  const isOneHot = isCode(values) && (mayBeCode || std > 0);
  const isSmall = std < low && !isOneHot && !(unitRows && std > 1e-6 * maxAbs);
  if (!(std > high) && !isSmall) return null;
  return {
    kind: "spread",
    threshold: "inputDeviationFactor",
    what: say`standard deviation`,
    measured: std,
    expected: between(low, high),
  };
}

function offset(
  { mean, std }: TensorStatistics,
  limit: number,
  { of, fix, isMended }: Pick<Judged, "of" | "fix"> & { isMended: boolean },
): Verdict[] {
  const measured = Math.abs(mean) / std;
  const figures = {
    mean: figure(mean, "x"),
    std: figure(std, "x"),
    ...std === 0 ? {} : { offset: figure(measured, "|mean(x)| / std(x)") },
  };
  const expected = atMost(limit);
  return [{
    severity: isMended ? "warning" : "error",
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
    fix,
  }];
}

/** Returns true if a later batch normalisation restores the differences between examples. */
const tellsApart = ({ measurements: { layers } }: Case<InputNames>): boolean =>
  layers.some(({ spread }) => (spread ?? 0) > REGAINED);

/** Finds inputs whose entries hardly vary between examples, whatever their mean and deviation. */
function alikeExamples(
  subject: Case<InputNames>,
  { of, spread, fix }: Judged,
): Verdict[] {
  const { measurements: { batch }, thresholds: { inputSpread } } = subject;
  if (spread == null || spread >= inputSpread) return [];
  const figures = { spread: figure(spread, "share of the second moment of x") };
  const expected = atLeast(inputSpread);
  const isMended = spread > 0 && tellsApart(subject);
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
    fix: spread === 0 ? say`Check how the batch is made: every example is the same.` : fix,
  }];
}

/** Finds a feature that outweighs all others. */
function unevenFeatures(limit: number, { of, factor, fix }: Judged): Verdict[] {
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
    fix,
  }];
}
