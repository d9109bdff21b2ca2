import { formatCount, formatNumber, formatPercent } from "../words/numbers.ts";
import { layerNames } from "./say.ts";
import { sayPlain } from "./sentence.ts";

/** A figure of a layer that has moved from one run to another. */
export interface Change {
  /** The layer. */
  layer: string;
  /** What the figure is of, in the plural (`kernels`), or the name of a share (`dead share`). */
  subject: string;
  /** Whether it is a share, which differs by an amount and not by a factor. */
  isShare: boolean;
  /** The figure in the first run. */
  before: number;
  /** The figure in the second run. */
  after: number;
}

/** How many kinds of changes are said; the rest is counted. */
const MOST = 3;
/** Factors that are this close are said as one. */
const ALIKE = 1.5;
/** Where the next larger factor is this many times as large, another change begins. */
const APART = 3;
/** What other figures follow from comes first: the weights, whatever they are called. */
const LATER = ["gradients", "deltas", "activations", "saturated share", "dead share"];

/**
 * Says what has moved: parts of one sentence, without a capital and a full stop. Layers whose figure moved by
 * about the same factor share a part: `the kernels of conv1 ... fc2 are 3 times smaller`.
 *
 * @param changes What has moved, in the order of the forward pass.
 * @param among All layers, in that order.
 */
export function sayChanges(
  changes: readonly Change[],
  among: readonly { name: string; className: string }[],
): string[] {
  const where = (group: readonly Change[]) =>
    sayPlain([layerNames([...new Set(group.map(({ layer }) => layer))], among)]);
  const groups = [...Map.groupBy(changes, ({ subject }) => subject)]
    .toSorted(([a], [b]) => LATER.indexOf(a) - LATER.indexOf(b))
    .flatMap(([, alike]) => partedByFactor(alike));
  const rest = groups.slice(MOST).reduce((sum, group) => sum + group.length, 0);
  return [
    ...groups.slice(0, MOST).map((group, i) => {
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

/** Whether a change is that of one kernel; a layer has many gradients, deltas and activations. */
const isKernel = (group: readonly Change[]) => group[0].subject === "kernels" && isOfOne(group);

/** By what a figure has grown or shrunk, 1 or more; infinite or NaN where no factor says it. */
const factorOf = ({ before, after }: Change) => Math.max(after / before, before / after);

/** Whether a factor says what happened. */
const hasFactor = (change: Change) => !change.isShare && factorOf(change) < Infinity;

/** Changes of one subject, parted where they go another way or far further; the largest first. */
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
    const [now, then] = [group.map(({ after }) => after), group.map(({ before }) => before)];
    return `${subject} ${is} ${show(now)} and ${was} ${show(then)}`;
  }
  const factors = group.map(factorOf);
  const [least, most] = [Math.min(...factors), Math.max(...factors)];
  const mean = Math.exp(
    factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length,
  );
  const times = most / least < ALIKE ? formatNumber(mean) : range(factors, formatNumber);
  return `${subject} ${isKernel(group) ? "is" : "are"} ${times} times ${
    after < before ? "smaller" : "larger"
  }`;
}

/** From the least to the most, or the one that all are; NaN where one is. */
function range(values: readonly number[], show: (value: number) => string): string {
  const [least, most] = [show(Math.min(...values)), show(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}
