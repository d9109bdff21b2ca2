import type { LayerMeasurements } from "../measure/measurements.ts";
import { median, type Sibling, siblingGroups } from "../rules/network/sibling_tensors.ts";
import { type Finding, saidOf } from "../rules/finding.ts";
import type { Wrong } from "./bar_panel.ts";

/** Tensor in a grid of blocks. */
export interface BlockCell {
  /** Name of the tensor. */
  name: string;
  /** Figure of the tensor; NaN if it is broken, `null` if it has none. */
  value: number | null;
  /** Severity of the gravest finding about it. */
  wrong: Wrong | null;
}

/** Tensors of repeated blocks, by block and kind. */
export interface BlockGrid {
  /** Name of the blocks: `model.layers.*`. */
  name: string;
  /** Numbers of the blocks, ascending. */
  blocks: number[];
  /** Kinds of tensors, each with a cell for every block; `null` if a block lacks the kind. */
  kinds: { name: string; cells: (BlockCell | null)[] }[];
}

/** With more kinds, those whose names differ in a number alone, such as experts, share a column. */
const MAX_KINDS = 48;

/**
 * Arranges the tensors of repeated blocks in grids, one for each stack of blocks. Tensors outside
 * of blocks are left out.
 *
 * @param valueOf Returns the figure of a tensor.
 * @param wrong Severities by the name of the tensor.
 */
export function blockGrids(
  layers: readonly LayerMeasurements[],
  valueOf: (sibling: Sibling) => number | null,
  wrong: ReadonlyMap<string, Wrong> = new Map(),
): BlockGrid[] {
  const stacks = Map.groupBy(siblingGroups(layers), ({ name }) => name.slice(0, name.indexOf("*")));
  return [...stacks].map(([start, groups]) => {
    const blocks = [
      ...new Set(groups.flatMap(({ siblings }) => siblings.map(({ block }) => block))),
    ]
      .sort((a, b) => a - b);
    const kindOf = (name: string) => kindName(name.slice(start.length + 1));
    const columns = Map.groupBy(
      groups,
      ({ name }) => groups.length > MAX_KINDS ? kindOf(name).replaceAll(/\d+/g, "*") : kindOf(name),
    );
    const kinds = [...columns].map(([name, groups]) => {
      const siblings = Map.groupBy(
        groups.flatMap(({ siblings }) => siblings),
        ({ block }) => block,
      );
      const cells = blocks.map((block) =>
        farthest((siblings.get(block) ?? []).map((sibling) => ({
          name: sibling.weight.name,
          value: valueOf(sibling),
          wrong: wrong.get(sibling.weight.name) ?? null,
        })))
      );
      return { name, cells };
    }).filter(({ cells }) => cells.some((cell) => cell !== null && cell.value !== null));
    return { name: `${start}*`, blocks, kinds };
  });
}

/** Returns the kind of a tensor: `self_attn.q_proj`, and `self_attn.q_proj bias` for its bias. */
const kindName = (end: string) =>
  end.replace(/^[./]/, "").replace(/[./]weight$/, "").replace(
    /[./]([^./]*)$/,
    (rest, name) => name === "bias" ? " bias" : rest,
  );

const GRAVITY = { error: 3, warning: 2, changed: 1 };

/** Returns the tensor that stands for several of one kind and block: the gravest, then the largest or smallest. */
function farthest(cells: readonly BlockCell[]): BlockCell | null {
  const size = ({ value }: BlockCell) => Math.abs(Math.log(value ?? 1));
  const rank = (cell: BlockCell) => {
    const off = size(cell);
    return (cell.wrong === null ? 0 : 1e3 * GRAVITY[cell.wrong]) +
      (Number.isFinite(off) ? Math.min(off, 900) : 900);
  };
  return cells.toSorted((a, b) => rank(b) - rank(a)).at(0) ?? null;
}

/** Returns a function that divides the rms of a tensor by the median of its kind. */
export function rmsOverMedian(
  layers: readonly LayerMeasurements[],
): (one: Sibling) => number | null {
  const medians = new Map(
    siblingGroups(layers).flatMap(({ siblings }) => {
      const middle = median(siblings.map(({ weight: { values } }) => values.rms));
      return siblings.map(({ weight }) => [weight.name, middle] as const);
    }),
  );
  return ({ weight: { name, values } }) => {
    if (values.nonFinite > 0) return NaN;
    const middle = medians.get(name)!;
    // A bias that is 0 in most blocks has no size to compare with.
    if (middle === 0) return values.rms === 0 ? 1 : Infinity;
    return values.rms / middle;
  };
}

/** Returns the severities of findings by tensor: those that a finding names, else those of its layer. */
export function wrongTensors(
  findings: readonly Finding[],
  layers: readonly LayerMeasurements[],
): Map<string, Wrong> {
  const wrong = new Map<string, Wrong>();
  const weightsOf = new Map(layers.map(({ name, weights }) => [name, weights]));
  for (const finding of findings) {
    const { severity } = finding;
    if (severity === "note") continue;
    const said = saidOf(finding, "message").flatMap((part) =>
      typeof part === "object" && "weight" in part ? [part.weight] : []
    );
    const own = (finding.layers ?? [finding.layer ?? ""])
      .flatMap((name) => weightsOf.get(name)?.slice(0, 1) ?? []).map(({ name }) => name);
    for (const name of said.length > 0 ? said : own) {
      if (wrong.get(name) !== "error") wrong.set(name, severity);
    }
  }
  return wrong;
}
