import { isConstant } from "../statistics.ts";
import { median } from "../../../ground/theory/statistics.ts";
import { isBias, isKernel, isShift } from "../../../ground/theory/weight_kinds.ts";
import { defineRule } from "../define_rule.ts";
import { between, counted, figure, inWords, layerName, number, say, weightName } from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import {
  hasTrend,
  MIN_BLOCKS,
  type Sibling,
  type SiblingGroup,
  siblingGroups,
  type Trend,
  trendOf,
} from "../network/sibling_tensors.ts";
import { drawnBy } from "./weights_alone.ts";

/** Largest share of siblings that may be untouched if the others were trained. */
const MAX_UNTOUCHED = 0.25;

/** Smallest number of blocks of which one alone can be seen to be zero. */
const FEWEST_BLOCKS = 3;

/** Smallest difference of mean |x| / rms between distributions of different shapes. */
const MIN_SHAPE = 0.01;

/** Smallest distance from the trend at which a kernel of an initialiser's scale was not trained. */
const MIN_MOVE = 3;

/** Largest distance of a swapped weight from the trend of the other, in spreads. */
const MAX_MISFIT = 3;

/** Smallest factor between two tensors that are found to be swapped. */
const MIN_SWAP = 1.3;

/** The rule `blocks-alike`: tensors of repeated blocks follow a trend over the blocks. */
export const blocksAlike: Rule = defineRule({
  name: "blocks-alike",
  assertion: "assertBlocksAlike",
  matcher: "toHaveBlocksAlike",
  passes: "has blocks that follow a trend",
  assertionFailsOnWarnings: true,
  tags: ["weights"],
  order: 115,
  causeOrder: 45,
  weightsAlone: true,
  thresholds: {
    siblingFactor: {
      default: 3,
      unit: "rms(weight) / the trend of its siblings",
      range: [1, Infinity],
      source: "own; on made checkpoints alone, since no published one was at hand",
      about: "Largest factor between a weight and the trend over the blocks; its square in the " +
        "first and last block.",
    },
    siblingError: {
      default: 20,
      unit: "rms(weight) / the trend of its siblings",
      range: [1, Infinity],
      source: "own",
      about: "The factor above which such a weight is an error.",
    },
    siblingDeviations: {
      default: 8,
      unit: "robust standard deviations of the siblings",
      range: [0, Infinity],
      source: "own: a median absolute deviation of a few blocks is uncertain by a half",
      about: "Largest distance from the trend, in spreads of the siblings around it.",
    },
  },
  problem: "a block unlike the others",
  stage: "any",
  summary: "In a file of weights alone, the weights of repeated blocks follow a trend, each was " +
    "trained if the others were, and no two are swapped.",
  formula: "of weights whose names differ in the number of a block alone, in 5 blocks or more: " +
    "rms / trend within 1 / siblingFactor .. siblingFactor, where the trend is a line through the " +
    "logarithms over the blocks (median of all slopes) and the distance is more than " +
    "siblingDeviations times 1.4826 median |residual|, at least 5 %. Biases give a note, beyond " +
    "siblingError a warning. Untouched: still has the scale " +
    "and shape of an initialiser, zeros alone, the gain 1 or the bias 0, though three quarters of " +
    "its siblings have not; in 3 or 4 blocks, one kernel of zeros before the last. Swapped: of two weights of one shape, each follows the trend of the other. Untied: " +
    "config.json says that embedding and head are tied, and the file has both, with other sums.",
  source: "Theil 1950 and Sen 1968 for the line. weightlens compares with constants.",
  misleads:
    "A block can be unlike the others on purpose, as after pruning, merging or adapting some " +
    "layers alone: so it warns, and a factor beyond siblingError is an error. Two weights that are " +
    "swapped between blocks and have the same size are not found.",
  fix: "Compare the weight with an earlier checkpoint, and train or load it again.",
  asserts:
    "that the weights of repeated blocks, in a file without a topology, follow a trend over " +
    "the blocks, were all trained, and are not swapped.",
  fails: "a block's weights differ from the others",
  throws: "If a weight is unlike its siblings in the other blocks.",
  example: {
    title: "A file of weights that passes",
    code: `
      import { measureWeights } from "@gradient-health/gradient-health/measure";
      import { readWeights } from "@gradient-health/gradient-health/model";
      import { assertBlocksAlike } from "@gradient-health/gradient-health/assert";

      assertBlocksAlike(measureWeights(await readWeights("fixtures/files/mlp.safetensors")));
    `,
  },
  figure: {
    title: "rms(kernel)",
    scale: "log",
    of: ({ weights }) => weights.find(isKernel)?.values.rms ?? null,
  },
  judge(subject) {
    if (subject.measurements.weightsOnly === undefined) return [];
    const groups = siblingGroups(subject.layers);
    const trends = new Map(groups.map((group) => [group, trendOf(group)]));
    const swapped = swaps(groups, trends, subject);
    const isSwapped = new Set(swapped.flatMap(({ pair }) => pair));
    return [
      ...swapped.map(({ verdict }) => verdict),
      ...groups.flatMap((group) => {
        const trend = trends.get(group)!;
        const initial = untouched(group, trend);
        const isExplained = (sibling: Sibling) =>
          isSwapped.has(sibling) || initial.some((one) => one.sibling === sibling);
        return [...outliers(group, trend, subject), ...initial]
          .filter((one) => initial.includes(one) || !isExplained(one.sibling))
          .map(({ verdict }) => verdict);
      }),
      ...fewWithZeros(subject.layers),
      ...untied(subject),
    ];
  },
});

type BlockCase = Case<"siblingFactor" | "siblingError" | "siblingDeviations">;

/** Verdict on one tensor of a block. */
interface SiblingVerdict {
  sibling: Sibling;
  verdict: Verdict;
}

/** Returns the distance of a tensor from a trend, as a factor and in spreads. */
function distance({ block, weight }: Sibling, { at, spread }: Trend) {
  const factor = weight.values.rms / at(block);
  return { factor, deviations: Math.abs(Math.log(factor)) / spread };
}

function outliers(
  { name, siblings }: SiblingGroup,
  trend: Trend | null,
  { thresholds }: BlockCase,
): SiblingVerdict[] {
  if (trend === null) return [];
  return siblings.filter(hasTrend).flatMap((sibling) => {
    const { weight, layer, block, isEnd } = sibling;
    if (weight.values.nonFinite > 0 || weight.values.rms === 0) return [];
    const { factor, deviations } = distance(sibling, trend);
    const most = thresholds.siblingFactor ** (isEnd ? 2 : 1);
    const apart = Math.max(factor, 1 / factor);
    if (apart <= most || deviations <= thresholds.siblingDeviations) return [];
    const expected = trend.at(block);
    return [{
      sibling,
      verdict: {
        severity: severityOf(sibling, {
          isFar: apart > thresholds.siblingError ** (isEnd ? 2 : 1),
        }),
        kind: factor > 1 ? "too-large" : "too-small",
        layer: layer.name,
        measured: weight.values.rms,
        expected: between(expected / most, expected * most),
        threshold: "siblingFactor",
        figures: {
          rms: figure(weight.values.rms, "of the weight"),
          trend: figure(expected, "of its siblings"),
          deviations: figure(deviations, "spreads of its siblings"),
        },
        message: say`The rms of ${weightName(weight.name, layer.name)} is ${
          number(weight.values.rms)
        }, ${number(factor)} times the ${number(expected)} of its trend over ${
          counted(siblings.length, "block")
        } (${name}).`,
        fix: say`Compare ${weightName(weight.name, layer.name)} with an earlier checkpoint.`,
      },
    }];
  });
}

/** Biases begin at 0 and go where the data are, so that their sizes say less. */
function severityOf(
  { weight }: Sibling,
  { isFar }: { isFar: boolean },
): Verdict["severity"] {
  if (isShift(weight)) return isFar ? "warning" : "note";
  return isFar ? "error" : "warning";
}

/** Returns the initial state that a tensor is still in, in words, or `null`. */
function initialState({ layer, weight }: Sibling): string | null {
  const { values } = weight;
  if (isKernel(weight)) {
    if (values.maxAbs === 0) return "zeros alone";
    const draw = drawnBy(layer, weight);
    return draw === null ? null : `the scale and shape of ${draw}`;
  }
  if (layer.kind === "normalization" && isConstant(values) && values.mean === 1) {
    return "the gain 1";
  }
  return isBias(weight) && values.maxAbs === 0 ? "the bias 0" : null;
}

/**
 * Returns true if a kernel differs from its siblings: in size, or in the shape of its distribution.
 * A kernel that does not differ has an initialiser's scale by chance.
 */
function differs(sibling: Sibling, { siblings }: SiblingGroup, trend: Trend | null): boolean {
  const { weight: { values }, isEnd } = sibling;
  if (!isKernel(sibling.weight) || values.maxAbs === 0) return true;
  const ratios = siblings.map(({ weight: { values } }) => values.meanAbs / values.rms);
  const chance = Math.max(MIN_SHAPE, 6 * 0.25 / Math.sqrt(values.count));
  if (Math.abs(values.meanAbs / values.rms - median(ratios)) > chance) return true;
  return !isEnd && trend !== null && distance(sibling, trend).deviations > MIN_MOVE;
}

function untouched(group: SiblingGroup, trend: Trend | null): SiblingVerdict[] {
  const { siblings } = group;
  const states = siblings.map((sibling) => ({ sibling, state: initialState(sibling) }));
  const some = states.filter(({ state }) => state !== null);
  // A kernel of zeros is unlike the others even if those were not trained either.
  const initial = some.length > MAX_UNTOUCHED * siblings.length
    ? some.filter(({ sibling: { weight } }) => isKernel(weight) && weight.values.maxAbs === 0)
    : some;
  if (initial.length > MAX_UNTOUCHED * siblings.length) return [];
  const found = initial.filter(({ sibling }) => differs(sibling, group, trend));
  return found.map(({ sibling, state }) => ({
    sibling,
    verdict: untouchedVerdict(sibling, { state: state!, group, count: found.length }),
  }));
}

/**
 * Finds a kernel of zeros in blocks that are too few for a trend, if the kernels of all others are
 * not zero. The last block may end a branch, which starts at 0.
 */
function fewWithZeros(layers: BlockCase["layers"]): Verdict[] {
  return siblingGroups(layers, FEWEST_BLOCKS).flatMap((group) => {
    const { siblings } = group;
    if (siblings.length >= MIN_BLOCKS) return [];
    const zeros = siblings.filter(({ weight }) => isKernel(weight) && weight.values.maxAbs === 0);
    if (zeros.length !== 1 || zeros[0] === siblings.at(-1)) return [];
    return [untouchedVerdict(zeros[0], { state: "zeros alone", group, count: 1 })];
  });
}

function untouchedVerdict(
  { layer, weight }: Sibling,
  { state, group: { name, siblings }, count }: {
    state: string;
    group: SiblingGroup;
    count: number;
  },
): Verdict {
  const shown = weightName(weight.name, layer.name);
  return {
    severity: "warning",
    kind: "untouched",
    layer: layer.name,
    measured: count,
    expected: inWords("trained like the others"),
    message: isKernel(weight) && weight.values.maxAbs === 0
      ? say`${shown} has zeros alone, unlike the others of ${
        counted(siblings.length, "block")
      } (${name}).`
      : say`${shown} still has ${state}, as when it was initialised; the others of ${
        counted(siblings.length, "block")
      } were trained (${name}).`,
    fix: say`Check that an optimizer trains ${shown}, and that it is loaded.`,
  };
}

function swaps(
  groups: readonly SiblingGroup[],
  trends: ReadonlyMap<SiblingGroup, Trend | null>,
  { thresholds: { siblingDeviations } }: BlockCase,
): { pair: Sibling[]; verdict: Verdict }[] {
  const strays = groups.flatMap((group) => {
    const trend = trends.get(group)!;
    return trend === null ? [] : group.siblings
      .filter((one) =>
        hasTrend(one) && !isShift(one.weight) && one.weight.values.rms > 0 &&
        one.weight.values.nonFinite === 0
      )
      .map((sibling) => ({ sibling, trend, ...distance(sibling, trend) }))
      .filter(({ factor }) => Math.max(factor, 1 / factor) > MIN_SWAP);
  });
  const misfit = (a: typeof strays[number], b: typeof strays[number]) =>
    distance({ ...a.sibling, block: b.sibling.block }, b.trend).deviations;
  const pairs = strays.flatMap((one, i) =>
    strays.slice(i + 1).flatMap((other) => {
      const isApart = Math.max(one.deviations, other.deviations) > siblingDeviations / 2;
      const misfits = [misfit(one, other), misfit(other, one)];
      if (!isApart || shapeOf(one) !== shapeOf(other) || Math.max(...misfits) > MAX_MISFIT) {
        return [];
      }
      // The usual mistake is to swap two weights of one block.
      const apart = one.sibling.block === other.sibling.block ? 0 : 1;
      return [{ one, other, doubt: misfits[0] + misfits[1] + apart }];
    })
  );
  const taken = new Set<Sibling>();
  return pairs.toSorted((a, b) => a.doubt - b.doubt).flatMap(({ one, other }) => {
    const pair = [one.sibling, other.sibling];
    if (pair.some((sibling) => taken.has(sibling))) return [];
    for (const sibling of pair) taken.add(sibling);
    return [{ pair, verdict: swapVerdict(one, other) }];
  });
}

const shapeOf = ({ sibling }: { sibling: Sibling }) => sibling.weight.shape.join("x");

/** Names of the tensors of an embedding of tokens and of a head. */
const EMBEDDING = /(^|[._])(embed_tokens|wte|word_embeddings|shared)\/weight$/;
const LANGUAGE_HEAD = /(^|[._])(lm_head|embed_out)\/weight$/;

/** Warns about an embedding and a head that should be one matrix and are not. */
function untied({ measurements: { weightsOnly }, layers }: BlockCase): Verdict[] {
  if (weightsOnly?.tiesEmbeddings !== true) return [];
  const find = (name: RegExp) =>
    layers.flatMap((layer) => layer.weights.map((weight) => ({ layer, weight })))
      .find(({ weight }) => name.test(weight.name));
  const embedding = find(EMBEDDING), head = find(LANGUAGE_HEAD);
  if (embedding === undefined || head === undefined) return [];
  const sums = [embedding, head].map(({ weight: { values } }) => [values.rms, values.maxAbs]);
  // The head's axes are in another order, and so are the terms of its sums.
  if (sums[0].every((sum, i) => Math.abs(sum / sums[1][i] - 1) <= 1e-9)) return [];
  const [one, other] = [embedding, head].map(({ layer, weight }) =>
    weightName(weight.name, layer.name)
  );
  return [{
    severity: "warning",
    kind: "untied",
    layer: head.layer.name,
    layers: [head.layer.name, embedding.layer.name],
    measured: head.weight.values.rms,
    expected: inWords("the matrix of the embedding"),
    message: say`${one} and ${other} differ (rms ${number(sums[0][0])} and ${
      number(sums[1][0])
    }), but config.json says that they are tied: loading the model drops one of them.`,
    fix: say`Set tie_word_embeddings to false, or save ${one} alone.`,
  }];
}

function swapVerdict(
  one: { sibling: Sibling; factor: number },
  other: { sibling: Sibling; factor: number },
): Verdict {
  const [first, second] = [one, other].map(({ sibling: { layer, weight } }) =>
    weightName(weight.name, layer.name)
  );
  return {
    severity: "warning",
    kind: "swapped",
    layer: one.sibling.layer.name,
    layers: [one.sibling.layer.name, other.sibling.layer.name],
    measured: Math.max(one.factor, 1 / one.factor),
    expected: inWords("each like its siblings"),
    message:
      say`${first} and ${second} seem to be swapped: each has the size of the other's siblings (${
        number(one.factor)
      } and ${number(other.factor)} times that of its own).`,
    fix: say`Check the names under which ${layerName(one.sibling.layer.name)} and ${
      layerName(other.sibling.layer.name)
    } were saved.`,
  };
}
