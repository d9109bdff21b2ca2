import type { WeightChanges } from "../compare/difference.ts";
import type { TensorChange } from "../measure/checkpoint/compare_checkpoints.ts";
import { isWhole } from "../model/files/file_types.ts";
import type { FileType } from "../model/weights/weights_manifest.ts";
import { formatCount, formatNumber, formatShare } from "../words/numbers.ts";

/** Largest number of names in a line. */
const MAX_NAMES = 3;

const MAX_TENSORS_SHOWN = 24;

/** Headings of the table of tensors that differ. */
export const WEIGHT_HEADINGS = ["change", "cosine", "entries"];

/** Explanation of its cells. */
export const WEIGHT_LEGEND = "change: |B - A| / |A|; entries: share that differs";

/** Returns rows of the tensors that differ, the largest change first, and lines on the others. */
export function weightChangeTable(
  { tensors, onlyBefore, onlyAfter, reshaped }: WeightChanges,
  { all = false }: { all?: boolean } = {},
): { rows: { name: string; cells: string[] }[]; rest: string[] } {
  // A change that is not a number comes first, and codes come last.
  const size = ({ relativeChange, types }: TensorChange) =>
    relativeChange ?? (isWhole(types[1] as FileType) ? -1 : Infinity);
  const sorted = tensors.filter(({ differing }) => all || differing > 0)
    .toSorted((a, b) => size(b) === size(a) ? 0 : size(b) - size(a));
  const shown = all ? sorted : sorted.slice(0, MAX_TENSORS_SHOWN);
  const more = sorted.length - shown.length;
  const only = (side: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`Only in ${side}: ${few(names)}.`];
  return {
    rows: shown.map((tensor) => ({ name: tensor.name, cells: cellsOf(tensor) })),
    rest: [
      ...more > 0 ? [`${formatCount(more, "more tensor")} differ; --all shows every tensor.`] : [],
      ...only("A", onlyBefore),
      ...only("B", onlyAfter),
      ...reshaped.map(({ name, before, after }) =>
        `${name} has shape [${before.join(", ")}] in A and [${after.join(", ")}] in B.`
      ),
    ],
  };
}

function cellsOf(change: TensorChange): string[] {
  const { relativeChange, cosine, differing, count, types, wasZero } = change;
  const unknown = isWhole(types[1] as FileType) ? "-" : "not a number";
  const none = wasZero ? "was 0" : unknown;
  return [
    relativeChange === null ? none : formatNumber(relativeChange),
    cosine === null ? "-" : cosine.toFixed(6),
    formatShare(differing / count),
  ];
}

function few(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
