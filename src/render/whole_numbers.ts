import type { LineCounts, Measurements, WholeTensor } from "../measure/measurements.ts";
import { formatCount, formatShare, formatWhole } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import { cutMiddle, wrapText } from "./fit_text.ts";

/** Words on a tensor of whole numbers; text and HTML are drawn from them. */
export interface WholeWords {
  name: string;
  /** Type and shape: `int8 [64, 48]`. */
  type: string;
  /** Range: `-127 to 127`. */
  range: string;
  zeros: string;
  /** Rows, columns and units that carry nothing of their own; empty if there are none. */
  alike: string;
}

/** Largest number of tensors in words: those with the most entries. */
const MAX_TENSORS = 12;

/**
 * Describes the tensors of whole numbers in a file, the largest first, and the number left out.
 * Only the first of equal ones, such as the counters of batches, is described.
 */
export function wholeWords(
  { weightsOnly }: Measurements,
): { title: string; tensors: WholeWords[]; more: number } | null {
  const all = weightsOnly?.wholeNumbers ?? [];
  if (all.length === 0) return null;
  const sizeOf = ({ shape }: WholeTensor) => shape.reduce((product, size) => product * size, 1);
  const sorted = all.toSorted((a, b) => sizeOf(b) - sizeOf(a)).map(wordsOn);
  const groups = Map.groupBy(
    sorted,
    ({ name, ...words }) => JSON.stringify({ ...words, own: /[^./]*$/.exec(name)![0] }),
  );
  const shown = [...groups.values()].slice(0, MAX_TENSORS);
  const tensors = shown.map(([first, ...others]) => ({
    ...first,
    type: others.length === 0 ? first.type : `${first.type}, one of ${others.length + 1} alike`,
  }));
  const title = `Whole numbers: ${formatCount(all.length, "tensor")}`;
  return { title, tensors, more: all.length - shown.flat().length };
}

function wordsOn({ name, type, shape, range, values, alike, layer }: WholeTensor): WholeWords {
  const [least, largest] = range.map((x) => typeof x === "number" ? formatWhole(x) : x);
  return {
    name: escapeControls(name),
    type: `${type} [${shape.join(", ")}]${layer === undefined ? "" : ", a kernel"}`,
    range: least === largest ? least : `${least} to ${largest}`,
    zeros: formatShare(values.zeroFraction),
    alike: alike === undefined
      ? ""
      : [...linesIn(alike.rows, "row"), ...linesIn(alike.columns, "column")].join(", "),
  };
}

function linesIn(lines: LineCounts, noun: string): string[] {
  return (["zero", "constant", "repeated"] as const).filter((kind) => lines[kind] > 0)
    .map((kind) => formatCount(lines[kind], `${kind} ${noun}`));
}

/** Describes the contents of a file besides weights, one paragraph per tensor of whole numbers. */
export function renderWholeNumbers(
  measurements: Measurements,
  { width, ellipsis }: { width: number; ellipsis: string },
): string[] {
  const words = wholeWords(measurements);
  if (words === null) return [];
  const { title, tensors, more } = words;
  return [
    title,
    ...tensors.flatMap(({ name, type, range, zeros, alike }) =>
      wrapText(
        `${
          cutMiddle(name, Math.floor(width / 2), { ellipsis })
        }: ${type}, ${range}, ${zeros} zeros${alike === "" ? "" : `, ${alike}`}`,
        width,
        "  ",
        "    ",
      )
    ),
    ...more > 0 ? [`  and ${more} more: --format json`] : [],
    "",
  ];
}
