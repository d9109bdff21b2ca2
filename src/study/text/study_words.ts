import { allRules } from "../../core/rules/register_rule.ts";
import type { StudyWords } from "../../core/rules/rule.ts";
import { formatCount, formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import type { ScaleSummary, StudySummary, VariantSummary } from "../study_summary.ts";
import { cutMiddle, displayWidth, padEnd } from "../../core/text/fit_text.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { layerRange } from "../../core/text/fold_layers.ts";
import { scaleIsSigma, worstRule } from "./study_charts.ts";

/**
 * Returns the words of a rule for studies: a short name, a phrase for either side of the band, and
 * a letter.
 */
export function troubleOf(rule: string): StudyWords | undefined {
  return allRules().find(({ name }) => name === rule)?.study;
}

/** Returns the letter of a rule in a strip of verdicts. */
export function letterOf(rule: string): string {
  return troubleOf(rule)?.letter ?? "?";
}

/** Names the two most severe faults on one side of the band. */
function troubleWords(rules: readonly string[], side: "below" | "above"): string {
  const words = rules.map((rule) => troubleOf(rule)?.[side] ?? rule);
  return words.slice(0, 2).join(" and ");
}

/** Says that none of the scales tried is healthy; one between them may be. */
export function noneHealthy({ scales }: VariantSummary): string {
  return scales.length === 1
    ? "the one scale tried is not healthy"
    : `none of the ${scales.length} scales tried is healthy`;
}

/** Returns the answer for one variant in one sentence. */
export function bestScaleSentence(variant: VariantSummary): string {
  const { label, band, best, balanced, trouble } = variant;
  const below = troubleWords(trouble.below, "below");
  const above = troubleWords(trouble.above, "above");
  const sides = [
    ...below === "" ? [] : [`at smaller scales ${below}`],
    ...above === "" ? [] : [`at larger scales ${above}`],
  ];
  const rest = sides.length === 0 ? "" : `; ${sides.join(", ")}`;
  if (band === null || best === null) {
    // With a best scale, a second one would be another answer to the same question.
    const even = balanced === null
      ? ""
      : `; gradients keep their size at ${formatFactor(balanced)}`;
    return `${label}: ${noneHealthy(variant)}${even}${rest}.`;
  }
  const isSigma = scaleIsSigma(variant);
  const unit = isSigma ? " / sqrt(fan-in)" : " times its weights";
  const sigmaAt = (scale: number) => formatNumber(best.sigma! / best.scale * scale);
  const sigma = isSigma || best.sigma === null
    ? ""
    : ` (sigma_w ${sigmaAt(band.from)} to ${sigmaAt(band.to)})`;
  const range = band.from === band.to
    ? `at ${formatFactor(band.from)}${unit}${sigma}`
    : `from ${formatFactor(band.from)} to ${formatFactor(band.to)}${unit}${sigma}`;
  const share = `${best.healthy} of ${formatCount(best.draws, "draw")} healthy${ratioWords(best)}`;
  return `${label}: healthy ${range}, best at ${formatFactor(best.scale)} (${share})${rest}.`;
}

/** Describes the delta ratio over several draws: its median and quartiles. */
function ratioWords({ draws, deltaRatio }: ScaleSummary): string {
  if (draws === 1 || deltaRatio === null) return "";
  const [lower, median, upper] = [deltaRatio.lower, deltaRatio.median, deltaRatio.upper]
    .map((ratio) => formatNumber(ratio));
  return `, delta ratio ${median}, quartiles ${lower} to ${upper}`;
}

/** Describes what was studied in one or two sentences. */
export function studySentences({ header, points, variants }: StudySummary): string[] {
  const { model, grid, total, shard } = header;
  const some = <T>(values: readonly (T | null)[], noun: string) =>
    values[0] === null ? [] : [`${noun} ${values.join(", ")}`];
  const what = [
    ...some(grid.depths, "depth"),
    ...some(grid.widths, "width"),
    ...some(grid.initializers, "initializer"),
  ];
  const scales = formatCount(grid.scales.length, "scale");
  const from = grid.scales[0];
  const to = grid.scales[grid.scales.length - 1];
  const range = from === to ? formatFactor(from) : `${formatFactor(from)} to ${formatFactor(to)}`;
  const part = points === total
    ? `${formatCount(points, "point")}`
    : `${points} of ${formatCount(total, "point")}${
      shard === null ? "" : `, shard ${shard.index}/${shard.count}`
    }`;
  const isSigma = variants.length > 0 && variants.every(scaleIsSigma);
  const isBetween = variants.some(({ band, scales }) =>
    band !== null && [band.from, band.to].some((end) => !scales.some(({ scale }) => scale === end))
  );
  return [
    `${model.name}${model.source === null ? "" : ` from ${model.source}`}${
      what.length === 0 ? "" : `, ${what.join(", ")}`
    }: ${scales} (${range}), ${formatCount(grid.seeds.length, "draw")} each, ${
      formatCount(header.examples, "example")
    }, objective ${header.objective}; ${part}.`,
    isSigma
      ? "At scale s the kernels have the standard deviation s / sqrt(fan-in): the scale is sigma_w."
      : `The scale is what ${scaledKernels(variants)} multiplied by.`,
    ...isBetween
      ? [
        "The ends of healthy scales are interpolated, halfway to the next scale that was measured.",
      ]
      : [],
  ];
}

/** Names the kernels whose size changes with the scale. */
function scaledKernels(variants: readonly VariantSummary[]): string {
  const [first, second] = variants.find(({ scales }) => scales.length > 1)?.scales ?? [];
  const own = first?.layers.filter(({ figures }) => figures.sigma !== null) ?? [];
  const scaled = own.filter(({ name, figures }) => {
    const other = second.layers.find((layer) => layer.name === name)?.figures.sigma?.median;
    return Math.abs(Math.log(other! / figures.sigma!.median)) > 1e-3;
  });
  if (scaled.length === 0 || scaled.length === own.length) return "the kernels are";
  const order = first.layers.map(({ name }) => name);
  return `the kernels of ${layerRange(scaled.map(({ name }) => name), { order })} are`;
}

/** Returns the cells of the table of variants, headings first. */
export function studyCells({ variants, header: { rules } }: StudySummary): string[][] {
  const isSigma = variants.every(scaleIsSigma);
  return [
    ["activation", "healthy scales", "best", ...isSigma ? [] : ["sigma_w"], "smaller", "larger"],
    ...variants.map((variant) => {
      const { label, band, best } = variant;
      return [
        escapeControls(label),
        band === null ? "none" : `${formatFactor(band.from)} .. ${formatFactor(band.to)}`,
        best === null ? "-" : formatFactor(best.scale),
        ...isSigma ? [] : [best === null || best.sigma === null ? "-" : formatNumber(best.sigma)],
        nextTrouble(variant, "below", rules),
        nextTrouble(variant, "above", rules),
      ];
    }),
  ];
}

/**
 * Names the fault of the scale next to the healthy ones, as its colour does; without a healthy scale,
 * the most severe fault on that side.
 */
function nextTrouble(
  { scales, best, trouble }: VariantSummary,
  side: "below" | "above",
  rules: readonly string[],
): string {
  const middle = scales.findIndex(({ scale }) => scale === best?.scale);
  const outwards = side === "below"
    ? scales.slice(0, middle).toReversed()
    : scales.slice(middle + 1);
  const [next] = best === null
    ? trouble[side]
    : outwards.flatMap((scale) => worstRule(scale, rules) ?? []);
  return next === undefined ? "-" : troubleOf(next)?.[side] ?? next;
}

/** Minimum width of a cut name. */
const LEAST_NAME = 14;
/** Columns dropped to save space, in this order: the faults beside the band, then sigma_w. */
const OPTIONAL = [["smaller", "larger"], ["sigma_w"]];

/**
 * Draws the table of variants. If it is too wide, names are cut, then the last columns are dropped:
 * the sentences below repeat them.
 */
export function studyTable(summary: StudySummary, width: number): string[] {
  const rows = studyCells(summary);
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column])))
  );
  const over = () => widths.reduce((sum, own) => sum + own + 2, -2) - width;
  for (const columns of OPTIONAL) {
    if (over() <= Math.max(0, widths[0] - LEAST_NAME)) break;
    if (rows[0][widths.length - 1] === columns.at(-1)) widths.splice(-columns.length);
  }
  widths[0] -= Math.max(0, over());
  return rows.map((row) =>
    widths.map((own, column) => padEnd(cutMiddle(row[column], own), own)).join("  ").trimEnd()
  );
}
