import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { TensorChange, WeightsComparison } from "./weights_comparison.ts";
import type { Measurements } from "../measure/measurements.ts";
import { blockOf } from "../rules/network/sibling_tensors.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { anyOf } from "../../ground/words/show_value.ts";
import { compareMeasurements, type Comparison } from "./compare_measurements.ts";

export interface DiagnosedRun {
  measurements: Measurements;
  /** Diagnosis of the run. */
  diagnosis: Diagnosis;
}

/** Causes of two runs, side by side. */
export interface CauseChanges {
  /** Causes that only the first run has. */
  gone: Cause[];
  /** Causes that both runs have, as reported for the second. */
  stayed: Cause[];
  /** Causes that only the second run has. */
  came: Cause[];
}

/** All differences between two runs. */
export interface Difference {
  /** First run, with the name that its user gave it. */
  before: DiagnosedRun & { name: string };
  /** Second run. */
  after: DiagnosedRun & { name: string };
  /** Comparison layer by layer. */
  comparison: Comparison;
  causes: CauseChanges;
  /** Changes of the weights, of two files of weights. */
  weights?: WeightChanges;
}

/**
 * Compares two runs.
 *
 * @param weights Changes of their weights, if both are files of weights.
 */
export function differenceOf(
  before: Difference["before"],
  after: Difference["after"],
  weights: WeightChanges | null = null,
): Difference {
  const comparison = compareMeasurements(before.measurements, after.measurements);
  return {
    before,
    after,
    comparison,
    causes: compareCauses(before.diagnosis, after.diagnosis, comparison),
    ...weights === null ? {} : { weights },
  };
}

/**
 * Compares causes. Two causes are the same if they have the same kind and share a layer, or both
 * have none.
 */
function compareCauses(before: Diagnosis, after: Diagnosis, { layers }: Comparison): CauseChanges {
  const names = new Map(layers.map(({ before, after }) => [before, after]));
  const isSame = (one: Cause, other: Cause) =>
    one.kind === other.kind &&
    (one.layers.length + other.layers.length === 0 ||
      one.layers.some((name) => other.layers.includes(names.get(name) ?? "")));
  return {
    gone: before.causes.filter((one) => !after.causes.some((other) => isSame(one, other))),
    stayed: after.causes.filter((other) => before.causes.some((one) => isSame(one, other))),
    came: after.causes.filter((other) => !before.causes.some((one) => isSame(one, other))),
  };
}

/** Changes in a block. */
export interface BlockChange {
  /** Name of the block: `model.layers.3`. */
  name: string;
  /** Number of its tensors, and of those that differ. */
  tensors: number;
  changed: number;
  /** Largest relative change of a tensor; `null` if none is a number. */
  largest: number | null;
}

/** Changes from one file of weights to another. */
export interface WeightChanges extends WeightsComparison {
  /** First tensor that differs, in the order of the network; `null` if none does. */
  first: string | null;
  /** Blocks, by their numbers. */
  blocks: BlockChange[];
  /** Changes in sentences. */
  said: string[];
}

/** Names of tables in which rows are looked up: they come before the blocks. */
const TABLE = /emb|wte|wpe/i;

/** Largest number of kinds of tensors in a sentence. */
const MAX_KINDS_SAID = 4;

const differs = ({ differing }: TensorChange) => differing > 0;

/** Describes which tensors and blocks differ. */
export function weightChanges(comparison: WeightsComparison): WeightChanges {
  const { tensors } = comparison;
  const first = tensors.map((tensor, i) => ({ tensor, depth: depthOf(tensor.name), i }))
    .toSorted((a, b) => a.depth - b.depth || a.i - b.i)
    .find(({ tensor }) => differs(tensor))?.tensor.name ?? null;
  const blocks = blocksOf(tensors);
  return { ...comparison, first, blocks, said: sentences(comparison, first, blocks) };
}

/** Returns the number of a tensor's block, before which tables come, and after which all others. */
function depthOf(name: string): number {
  const block = blockOf(name)?.block;
  if (block !== undefined) return block;
  return TABLE.test(name) ? -1 : Infinity;
}

function blocksOf(tensors: readonly TensorChange[]): BlockChange[] {
  const blocks = Map.groupBy(tensors, ({ name }) => {
    const found = blockOf(name);
    return found === null ? null : `${found.stem}${found.block}`;
  });
  const number = (name: string) => Number(/\d+$/.exec(name)![0]);
  return [...blocks].flatMap(([name, own]): BlockChange[] =>
    name === null ? [] : [{
      name,
      tensors: own.length,
      changed: own.filter(differs).length,
      largest: largestOf(own),
    }]
  ).toSorted((a, b) => number(a.name) - number(b.name));
}

function largestOf(tensors: readonly TensorChange[]): number | null {
  const known = tensors.flatMap(({ relativeChange }) => relativeChange ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

function sentences(
  { tensors, sampled = 0, reshaped, uncompared = 0 }: WeightsComparison,
  first: string | null,
  blocks: readonly BlockChange[],
): string[] {
  const changed = tensors.filter(differs);
  const others = uncompared === 0 ? [] : [
    `${formatCount(uncompared, "tensor")} ${
      uncompared === 1 ? "was" : "were"
    } not compared: whole numbers in one file alone, or of a type that is not read.`,
  ];
  const about = sampled === 0 ? [] : [
    `A sample: ${formatCount(sampled, "tensor")} of ${tensors.length} ${
      sampled === 1 ? "was" : "were"
    } compared in part, so equality to the bit is not judged.`,
  ];
  if (changed.length === 0) {
    return [...about, saySame(tensors, { sampled, reshaped: reshaped.length }), ...others];
  }
  const worst = changed.reduce((a, b) => (b.relativeChange ?? 0) > (a.relativeChange ?? 0) ? b : a);
  return [
    ...about,
    // The first tensor that differs says nothing if all do.
    changed.length === tensors.length && tensors.length > 1
      ? `All ${formatCount(tensors.length, "tensor")} differ.`
      : `${changed.length} of ${formatCount(tensors.length, "tensor")} ${
        changed.length === 1 ? "differs" : "differ"
      }; the first is ${first}.`,
    ...worst.relativeChange === null ? [] : [
      `The largest relative change is ${formatNumber(worst.relativeChange)}, of ${worst.name}.`,
    ],
    ...blockSentences(blocks, equalWords(sampled)),
    ...kindSentences(tensors),
    ...others,
  ];
}

const equalWords = (sampled: number) => sampled === 0 ? "equal to the bit" : "equal in the sample";

function saySame(
  { length }: readonly TensorChange[],
  { sampled, reshaped }: { sampled: number; reshaped: number },
): string {
  if (length === 0) {
    return reshaped === 0
      ? "No tensor of A has the name of one of B."
      : "No tensor of A has the name and shape of one of B.";
  }
  const which = reshaped === 0 ? "" : " of one shape in A and B";
  return length === 1
    ? `The one tensor${which} is ${equalWords(sampled)}.`
    : `All ${formatCount(length, "tensor")}${which} are ${equalWords(sampled)}.`;
}

/** Returns a sentence for each series of blocks, which names those that fine-tuning changed. */
function blockSentences(blocks: readonly BlockChange[], equal: string): string[] {
  const rows = Map.groupBy(blocks, ({ name }) => name.replace(/[./]?\d+$/, ""));
  return [...rows].flatMap(([stem, own]) => {
    const touched = own.filter(({ changed }) => changed > 0);
    const alike = own.filter(({ changed }) => changed === 0);
    if (touched.length === 0 || alike.length === 0) return [];
    return [
      `Of the blocks of ${stem || "the file"}, ${ranges(touched)} differ${
        touched.length === 1 ? "s" : ""
      }; ${ranges(alike)} ${alike.length === 1 ? "is" : "are"} ${equal}.`,
    ];
  });
}

/** Returns numbers of blocks as ranges: `0 to 3, 7`. */
function ranges(blocks: readonly BlockChange[]): string {
  const numbers = blocks.map(({ name }) => Number(/\d+$/.exec(name)![0]));
  const runs: number[][] = [];
  for (const number of numbers) {
    if (runs.at(-1)?.at(-1) === number - 1) runs.at(-1)!.push(number);
    else runs.push([number]);
  }
  return runs.map((run) => run.length === 1 ? `${run[0]}` : `${run[0]} to ${run.at(-1)}`)
    .join(", ");
}

/** Names the kinds of tensors that fine-tuning changed, if they are few. */
function kindSentences(tensors: readonly TensorChange[]): string[] {
  const kinds = Map.groupBy(tensors, ({ name }) => blockOf(name)?.kind ?? null);
  kinds.delete(null);
  const touched = [...kinds].filter(([, own]) => own.some(differs)).map(([kind]) => kind!);
  if (touched.length === 0 || touched.length === kinds.size) return [];
  if (touched.length > MAX_KINDS_SAID) {
    return [`${touched.length} of the ${kinds.size} kinds of tensors in the blocks differ.`];
  }
  return [
    `In the blocks, only ${anyOf(touched).replace(/ or (?=[^ ]+$)/, " and ")} differ${
      touched.length === 1 ? "s" : ""
    }.`,
  ];
}
