import { formatCount, formatNumber, formatPercent } from "../../ground/words/numbers.ts";
import { layerNames, sayPlain } from "./say.ts";

/** Change of a layer's figure from one run to another. */
export interface Change {
  /** Name of the layer. */
  layer: string;
  /** Subject of the figure, in the plural (`kernels`), or the name of a share (`dead share`). */
  subject: string;
  /** True if it is a share, which changes by an amount and not by a factor. */
  isShare: boolean;
  /** Figure in the first run. */
  before: number;
  /** Figure in the second run. */
  after: number;
}

const MAX_CHANGES_SHOWN = 3;
/** Factors within this ratio are shown as one. */
const ALIKE = 1.5;
/** Gap between two factors that separates their changes. */
const APART = 3;
/** A change of the weights by less than this factor rarely explains the others. */
const EXPLAINS = 1.5;
/** Subjects that follow from others, unless the weights hardly changed. */
const LATER = ["gradients", "deltas", "activations", "saturated share", "dead share"];

/**
 * Describes changes as parts of one sentence, without a capital or a full stop. Layers whose figure
 * changed by about the same factor share a part: `the kernels of conv1 ... fc2 are 3 times
 * smaller`.
 *
 * @param changes The changes, in the order of the forward pass.
 * @param among All layers, in that order.
 */
export function sayChanges(
  changes: readonly Change[],
  among: readonly { name: string; className: string }[],
): string[] {
  const where = (group: readonly Change[]) =>
    sayPlain([layerNames([...new Set(group.map(({ layer }) => layer))], among)]);
  const place = (subject: string, alike: readonly Change[]) => {
    const isSmall = alike.every((change) => hasFactor(change) && factorOf(change) < EXPLAINS);
    return isSmall ? LATER.length : LATER.indexOf(subject);
  };
  const groups = [...Map.groupBy(changes, ({ subject }) => subject)]
    .toSorted(([a, alike], [b, others]) => place(a, alike) - place(b, others))
    .flatMap(([, alike]) => partedByFactor(alike));
  const rest = groups.slice(MAX_CHANGES_SHOWN).reduce((sum, group) => sum + group.length, 0);
  return [
    ...groups.slice(0, MAX_CHANGES_SHOWN).map((group, i) => {
      const [{ subject }] = group;
      const last = groups[i - 1];
      const isSame = i > 0 && subject !== last[0].subject && where(group) === where(last);
      const whose = isOfOne(group) ? "its" : "their";
      return sayGroup(
        group,
        isSame
          ? `${whose} ${subject}`
          : `the ${isKernel(group) ? "kernel" : subject} of ${where(group)}`,
      );
    }),
    ...rest === 0 ? [] : [`${formatCount(rest, "more figure")} moved`],
  ];
}

const isOfOne = (group: readonly Change[]) => new Set(group.map(({ layer }) => layer)).size === 1;

/** Returns true for a change of one kernel. A layer has many gradients, deltas and activations. */
const isKernel = (group: readonly Change[]) => group[0].subject === "kernels" && isOfOne(group);

/** Returns the factor of a change, at least 1; infinite or NaN if no factor describes it. */
const factorOf = ({ before, after }: Change) => Math.max(after / before, before / after);

/** Returns true if a factor describes the change. */
const hasFactor = (change: Change) => !change.isShare && factorOf(change) < Infinity;

/** Splits changes of one subject by direction and by size, the largest first. */
function partedByFactor(changes: readonly Change[]): Change[][] {
  const ways = Map.groupBy(
    changes,
    (change) => hasFactor(change) ? change.after < change.before : null,
  );
  return [...ways].flatMap(([way, alike]) => {
    if (way === null) return [alike];
    const parts: Change[][] = [];
    for (const change of alike.toSorted((a, b) => factorOf(b) - factorOf(a))) {
      const last = parts.at(-1);
      if (last !== undefined && factorOf(last.at(-1)!) < APART * factorOf(change)) {
        last.push(change);
      } else parts.push([change]);
    }
    return parts.map((part) => alike.filter((change) => part.includes(change)));
  });
}

function sayGroup(group: readonly Change[], subject: string): string {
  const [{ isShare, before, after }] = group;
  if (!group.every(hasFactor)) {
    const show = (values: number[]) => range(values, isShare ? formatPercent : formatNumber);
    const [is, was] = isShare || isKernel(group) ? ["is", "was"] : ["are", "were"];
    const now = group.map(({ after }) => after);
    const then = group.map(({ before }) => before);
    return `${subject} ${is} ${show(now)} and ${was} ${show(then)}`;
  }
  const factors = group.map(factorOf);
  const least = Math.min(...factors);
  const most = Math.max(...factors);
  const mean = Math.exp(
    factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length,
  );
  const times = most / least < ALIKE ? formatNumber(mean) : range(factors, formatNumber);
  return `${subject} ${isKernel(group) ? "is" : "are"} ${times} times ${
    after < before ? "smaller" : "larger"
  }`;
}

/** Returns the range from smallest to largest, the common value, or NaN if one is NaN. */
function range(values: readonly number[], show: (value: number) => string): string {
  const least = show(Math.min(...values));
  const most = show(Math.max(...values));
  return least === most ? least : `${least} to ${most}`;
}
