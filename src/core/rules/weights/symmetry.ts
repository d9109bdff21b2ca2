import type {
  LayerMeasurements,
  TensorStatistics,
  WeightMeasurements,
  WholeTensor,
} from "../../measure/measurements.ts";
import { fans } from "../../../ground/theory/initializers.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import type { LayerKind } from "../../../ground/traits/layers.ts";
import { defineRule } from "../define_rule.ts";
import {
  counted,
  exactly,
  layerName,
  layerNames,
  moreThan,
  number,
  say,
  type Sentence,
  weightName,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import { isConstant, varies } from "../statistics.ts";
import type { Rule } from "../rule.ts";

/** Number of entries that a kernel needs: all sums of two smaller draws might agree. */
const MIN_ENTRIES = 16;
/** Smallest share of zeros at which a kernel, such as an identity, was not drawn entry by entry. */
const MAX_ZERO_SHARE = 0.5;

/**
 * Warns about layers whose kernels are identical, because one seed or one seeded initialiser serves
 * them all. Kernels count as identical if they have the same shape and their sums agree to the last
 * bit.
 */
export function sharedDraws(
  layers: readonly LayerMeasurements[],
  all: readonly LayerMeasurements[],
): Verdict[] {
  // A LayerScale, or RWKV's mix of tokens, starts with the same numbers in each block by design.
  const drawn = layers.filter(({ kind }) => kind !== "rescaling").flatMap((layer) =>
    layer.weights.filter((weight) => isKernel(weight) && isDrawn(weight))
      .map((weight) => ({ layer: layer.name, key: drawOf(weight) }))
  );
  return [...Map.groupBy(drawn, ({ key }) => key).values()].flatMap((alike): Verdict[] => {
    const names = [...new Set(alike.map(({ layer }) => layer))];
    if (names.length < 2) return [];
    return [{
      severity: "warning",
      kind: "shared-draw",
      layer: names[0],
      layers: names,
      measured: names.length,
      expected: "a different kernel for each layer",
      message: say`${layerNames(names, all)} start with the same kernel: one seed is used for all.`,
      fix: "Give the initialiser of each layer its own seed.",
    }];
  });
}

function isDrawn({ trainable, values }: WeightMeasurements): boolean {
  // Random numbers never have a mean of exactly 0.
  return trainable && values.nonFinite === 0 && values.mean !== 0 &&
    varies(values) && values.count >= MIN_ENTRIES &&
    values.zeroFraction < MAX_ZERO_SHARE;
}

function drawOf({ shape, values }: WeightMeasurements): string {
  const { mean, std, meanAbs, maxAbs } = values;
  return JSON.stringify([shape, mean, std, meanAbs, maxAbs]);
}

/** Kinds of layers whose matrices mix units. Nothing is known about other layers. */
const MIXING: readonly LayerKind[] = ["dense", "convolution", "recurrent", "embedding"];

/** The rule `symmetry`: the units of a layer differ, or they stay alike forever. */
export const symmetry: Rule = defineRule({
  name: "symmetry",
  assertion: "assertSymmetryBroken",
  matcher: "toHaveBrokenSymmetry",
  passes: "has no units that start alike",
  tags: ["weights"],
  order: 120,
  causeOrder: 50,
  weightsAlone: true,
  assertionFailsOnWarnings: ["constant", "duplicates"],
  problem: "units that start alike",
  stage: "initial",
  summary:
    "No kernel is constant, no two units of a layer have the same incoming weights, and no " +
    "two layers the same kernel.",
  formula: "std(kernel) > 0, and the number of units whose incoming weights equal those of an " +
    "earlier unit is 0, in kernels with two units or more. In a recurrent cell, one of its " +
    "two kernels is enough. Kernels of one shape differ from layer to layer; equal ones are a " +
    "warning. In a file of weights alone, at " +
    "least one weight of each unit is not 0; one row of an embedding may be all zeros. Of whole " +
    "numbers, only kernels of int8 are judged.",
  source: "TheDeepChecker (Ben Braiek & Khomh 2023), unbroken symmetry.",
  misleads:
    "Intended for untrained networks: training can switch several units off, which are then " +
    "identical. A head of zeros is allowed because the targets distinguish its units; so is a " +
    "branch of zeros that is added to another. The role of a custom layer's weight is unknown: a " +
    "weight of zeros, for example a table of positions, is left to gradients-flow, which sees " +
    "what it blocks; a single row is taken as a scale or shift; any other constant only gives a " +
    "warning. Identical units in one layer only make it narrower, so they are a warning; if no " +
    "hidden layer has units that differ, it is an error. An embedding of zeros with a gradient " +
    "passes because the layers it feeds distinguish its units. Branches that start as copies on " +
    "purpose get the warning about equal kernels.",
  fix: "Draw kernels at random; use constants only for biases.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts:
    "that no hidden kernel is constant and that no two units of a hidden layer have exactly the " +
    "same incoming weights: units that start alike stay alike.",
  fails: "a kernel is constant, or two units have the same weights",
  throws: "If units start alike.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertSymmetryBroken } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertSymmetryBroken(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: {
    title: "units with the weights of an earlier one",
    scale: "linear",
    of: ({ weights }) =>
      weights.find((weight) => weight.duplicateUnits != null)?.duplicateUnits ?? null,
  },
  judge({ layers, network, measurements }) {
    // Without a topology, a kernel of zeros may end a branch, as in LoRA, if other kernels are not
    // zero.
    const mayEndBranch = measurements.weightsOnly !== undefined &&
      network.layers.some((layer) =>
        hasUnits(layer) && layer.weights.some((one) => isKernel(one) && one.values.maxAbs > 0)
      );
    // Saved twice, a tied matrix is still a table.
    const tables = measurements.weightsOnly === undefined ? [] : tablesOf(network.layers);
    const isTied = ({ values }: WeightMeasurements) =>
      tables.some((table) =>
        table.count === values.count && table.maxAbs === values.maxAbs &&
        Math.abs(table.rms / values.rms - 1) <= 1e-9
      );
    const added = new Set(
      network.chain.filter(({ added }) => added).map(({ layer }) => layer),
    );
    const found = layers.map((layer) => {
      const kernels = layer.weights
        .filter((weight) => isKernel(weight) && weight.shape[weight.shape.length - 1] > 1);
      const units = Map.groupBy(kernels, ({ name }) => name.replace("recurrent_", ""));
      return [...units.values()].flatMap((kernels) => {
        const verdicts = kernels.map((kernel) =>
          judge(layer, kernel, {
            mayBeZero: layer.role === "output" || added.has(layer) || mayEndBranch,
            isTable: layer.kind === "embedding" || isTied(kernel),
          })
        );
        // Either kernel of a recurrent cell can make its units differ.
        return verdicts.some(({ length }) => length === 0) ? [] : verdicts.flat();
      });
    });
    const mixing = network.layers.filter((layer) => layer.role === "hidden" && hasUnits(layer));
    const alike = found.flat().filter(({ kind }) => kind === "constant" || kind === "duplicates");
    // A network still learns if some layers have differing units. If none has, it acts like one
    // unit per layer.
    const isWhole = mixing.every(({ name }) => alike.some(({ layer }) => layer === name));
    return [
      ...found.flat().map((verdict): Verdict =>
        alike.includes(verdict) && !isWhole ? { ...verdict, severity: "warning" } : verdict
      ),
      ...(measurements.weightsOnly?.wholeNumbers ?? []).flatMap(judgeWhole),
      ...sharedDraws(
        layers.filter(({ weights }) => !weights.some((one) => isKernel(one) && isTied(one))),
        measurements.layers,
      ),
    ];
  },
});

/** Returns the figures of the tables in which rows are looked up. */
const tablesOf = (layers: readonly LayerMeasurements[]): TensorStatistics[] =>
  layers.filter(({ kind }) => kind === "embedding")
    .flatMap(({ weights }) => weights.filter(isKernel).map(({ values }) => values));

function judge(
  layer: LayerMeasurements,
  weight: WeightMeasurements,
  { mayBeZero, isTable }: { mayBeZero: boolean; isTable: boolean },
): Verdict[] {
  const { name, shape, values, duplicateUnits } = weight;
  if (values.nonFinite > 0) return [];
  const mixes = MIXING.includes(layer.kind);
  const isRow = shape.slice(0, -1).every((size) => size === 1);
  if (!mixes && (isRow || values.maxAbs === 0)) return [];
  const constant = isConstant(values);
  if (constant && values.maxAbs === 0 && mayBeZero) return [];
  // The following layers make the columns of a zero embedding differ.
  if (constant && values.maxAbs === 0 && layer.kind === "embedding" && isMoved(weight)) return [];
  if (constant) {
    return [
      verdict(layer, {
        worst: mixes ? "error" : "warning",
        stem: "constant",
        measured: 0,
        expected: moreThan(0, { of: "std" }),
        message: sayConstant(layer, weight),
      }),
    ];
  }
  // A table may have one row for padding.
  const zeros = weight.zeroUnits ?? 0;
  const isPadded = isTable && zeros === 1;
  const idle = zeros === 0 || isPadded ? [] : [{
    ...verdict(layer, {
      worst: "warning",
      stem: "zero-units",
      measured: zeros,
      expected: exactly(0),
      message: say`${counted(zeros, "unit")} of ${layerName(layer.name)} ${
        zeros === 1 ? say`has` : say`have`
      } no weights but zeros (${weightName(name, layer.name)}).`,
    }),
    severity: "warning" as const,
  }];
  const alike = (duplicateUnits ?? 0) - Math.max(0, zeros - 1);
  if (alike <= alikeByChance(layer, weight)) return idle;
  return [
    ...idle,
    verdict(layer, {
      worst: "error",
      stem: "duplicates",
      measured: alike,
      expected: exactly(0),
      message: say`${counted(alike, "unit")} of ${layerName(layer.name)} ${
        alike === 1 ? say`has` : say`have`
      } exactly the weights of an earlier unit (${weightName(name, layer.name)}).`,
    }),
  ];
}

/**
 * Smallest number of weights of a unit at which two units of a kernel of int8 are not alike by chance:
 * at 1.6 bits for each of three values, units of 32 weights have 50 bits.
 */
const MIN_WHOLE_WEIGHTS = 32;

/** Judges a kernel that was quantised to int8: of other whole numbers, nothing is known. */
function judgeWhole(
  { name, layer, values, units = 1, duplicateUnits = 0, zeroUnits = 0 }: WholeTensor,
): Verdict[] {
  if (layer === undefined || values.maxAbs === 0) return [];
  const found = (kind: string, measured: number, message: Sentence): Verdict => ({
    severity: "warning",
    kind,
    layer,
    measured,
    expected: exactly(0),
    message,
    fix: say`Compare ${layerName(layer)} with the checkpoint that was quantised.`,
  });
  const alike = duplicateUnits - Math.max(0, zeroUnits - 1);
  const isLong = values.count / units >= MIN_WHOLE_WEIGHTS;
  const weight = weightName(name, layer);
  return [
    ...zeroUnits === 0 ? [] : [found(
      "zero-units",
      zeroUnits,
      say`${counted(zeroUnits, "unit")} of ${layerName(layer)} ${
        zeroUnits === 1 ? say`has` : say`have`
      } no weights but zeros (${weight}, int8).`,
    )],
    ...alike === 0 || !isLong ? [] : [found(
      "duplicates",
      alike,
      say`${counted(alike, "unit")} of ${layerName(layer)} ${
        alike === 1 ? say`has` : say`have`
      } exactly the weights of an earlier unit (${weight}, int8).`,
    )],
  ];
}

function sayConstant({ name }: LayerMeasurements, weight: WeightMeasurements): Sentence {
  const { values: { count, mean }, sample } = weight;
  const place = weightName(weight.name, name);
  return sample === undefined
    ? say`All ${number(count, "exact")} entries of ${place} are
          ${number(mean)}, so all units of ${layerName(name)} compute the same.`
    : say`All ${number(count, "exact")} entries in the sample of ${place} are
          ${number(mean)}, so units of ${layerName(name)} seem to compute the same.`;
}

/**
 * Returns the number of units that may be alike by chance. Units with a single weight are alike if
 * they drew the same one of an initialiser's 2^23 floats, as happens in 6 % of layers of 1024
 * units.
 */
function alikeByChance({ kernelLayout }: LayerMeasurements, weight: WeightMeasurements): number {
  if (fans(weight.shape, kernelLayout).fanIn > 1) return 0;
  const expected = weight.values.count ** 2 / 2 ** 24;
  return Math.floor(expected + 4 * Math.sqrt(expected));
}

/** Returns true if a layer has several units with their own weights. */
function hasUnits({ kind, weights }: LayerMeasurements): boolean {
  return MIXING.includes(kind) &&
    weights.some((weight) => isKernel(weight) && weight.shape[weight.shape.length - 1] > 1);
}

function isMoved({ trainable, gradients }: WeightMeasurements): boolean {
  return trainable && gradients !== null && gradients.maxAbs > 0;
}

/** Parts of a verdict on units that are alike. */
interface Found extends Pick<Verdict, "measured" | "expected" | "message"> {
  /** Severity in a hidden layer. */
  worst: Verdict["severity"];
  /** Kind in a hidden layer. */
  stem: string;
}

function verdict(
  { name, role, kind: layerKind }: LayerMeasurements,
  { worst, stem, measured, expected, message }: Found,
): Verdict {
  const severity = role === "output" ? "warning" : worst;
  const isMilder = role === "output" || !MIXING.includes(layerKind);
  const fix = say`Draw the kernel of ${layerName(name)} at random: units that start alike get the
    same gradient and stay alike.`;
  return {
    severity,
    kind: isMilder ? `${stem}-${role === "output" ? "head" : "weight"}` : stem,
    layer: name,
    measured,
    expected,
    message,
    fix,
  };
}
