import type { Difference } from "../compare/difference.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import { type Fix, isWeightFix, type WeightFix } from "../diagnosis/fix.ts";
import { describeFix, fixCode } from "../diagnosis/fix_words.ts";
import type { Measurements } from "../measure/measurements.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatCount, formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { fixOf, triedWords, verdictLine } from "./render_diagnosis.ts";
import { renderHeader } from "./render_header.ts";
import { code, escapeText, fenced } from "./render_markdown.ts";

/** Network with its findings and diagnosis, before or after the changes. */
interface Seen {
  measurements: Measurements;
  diagnosis: Diagnosis;
}

/** Changes made to a model. */
interface Changes {
  /** File of the model, as its user wrote it. */
  name: string;
  /** Version of this program. */
  version: string;
  before: Seen;
  after: Seen;
  /** Names of the changed weights, then the number of all weights. */
  changed: readonly string[];
  weights: number;
}

const STYLE = { width: 78, color: false, ellipsis: "…" };

/**
 * Writes the changes to a model as Markdown, to accompany the changed model: each cause with its
 * layers, its fix, figures before and after, the trial, and code to paste.
 *
 * @returns The text, with a newline at its end.
 */
export function renderChanges({ name, version, before, after, changed, weights }: Changes): string {
  const { causes, trial } = before.diagnosis;
  const rest = weights - changed.length;
  const sections = causes.flatMap((cause, i) => [
    "",
    `## ${i + 1}. ${escapeText(cause.message)}`,
    "",
    ...sectionOf(cause, before, after),
  ]);
  return `${
    [
      `# Changes to ${code(name)}`,
      "",
      `gradient-health ${version} changed ${changed.length} of ${formatCount(weights, "weight")}` +
      `${rest === 0 ? "." : "; the others are the same to the last bit."}`,
      "",
      `- before: ${verdictLine(before.diagnosis, STYLE)}`,
      `- after: ${verdictLine(after.diagnosis, STYLE)}`,
      ...sections,
      ...trial === undefined ? [] : ["", "## Training on the batch", "", ...trained(before, after)],
      "",
      "## What it was measured on",
      "",
      ...fenced(
        renderHeader(before.measurements, STYLE).map((line) => escapeControls(line)),
        "text",
      ),
    ].map(defuse).join("\n")
  }\n`;
}

function sectionOf(cause: Cause, before: Seen, after: Seen): string[] {
  const { kind, layers, tried, fixes } = cause;
  const own = fixes.filter(isWeightFix);
  const isDone = tried?.worked === true && own.length > 0;
  const where = layers.length === 0 ? "" : `, in ${layers.map(code).join(", ")}`;
  const say = (fix: Fix) => escapeText(describeFix(fix, before.measurements.layers));
  return [
    `- Cause: ${code(kind)}${where}`,
    ...(tried?.worked ? fixes : fixOf(fixes, tried)).map((fix) =>
      `- ${isDone && isWeightFix(fix) ? "Fix" : "Left to you"}: ${say(fix)}`
    ),
    ...triedWords(cause).map((text) => `- ${escapeText(text)}`),
    ...isDone ? ["", ...tableOf(own, before, after)] : [],
    ...codeOf(fixOf(fixes, tried)),
  ];
}

/** Tabulates mean and standard deviation of each changed weight. */
function tableOf(fixes: readonly WeightFix[], before: Seen, after: Seen): string[] {
  const rows = fixes.flatMap((fix) =>
    fix.weights.map(({ weight }, i) =>
      [
        code(weight),
        change(fix, i),
        figuresOf(before.measurements, weight),
        figuresOf(after.measurements, weight),
      ].join(" | ")
    )
  );
  return [
    "| weight | change | before | after |",
    "| --- | --- | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
  ];
}

function change(fix: WeightFix, i: number): string {
  if (fix.kind === "rescale") return `times ${formatFactor(fix.weights[i].factor)}`;
  if (fix.kind === "set-bias") return `set to ${formatNumber(fix.value)}`;
  return `drawn again, std ${formatNumber(fix.weights[i].std)}`;
}

function figuresOf({ layers }: Measurements, weight: string): string {
  const own = layers.flatMap(({ weights }) => weights).find(({ name }) => name === weight);
  if (own === undefined) return "";
  const { mean, std } = own.values;
  return `mean ${formatNumber(mean)}, std ${formatNumber(std)}`;
}

function codeOf(fixes: readonly Fix[]): string[] {
  const lines = codeLines(fixes);
  return lines.length === 0 ? [] : [
    "",
    "Code to paste:",
    "",
    ...fenced(lines.map((line) => escapeControls(line)), isTypeScript(fixes) ? "ts" : "python"),
  ];
}

const isTypeScript = (fixes: readonly Fix[]) =>
  fixes.every(({ framework }) => framework === undefined);

/** Returns fixes as code to paste, skipping those without code. */
export function codeLines(fixes: readonly Fix[]): string[] {
  return fixes.flatMap((fix) => fixCode(fix)?.split("\n") ?? []);
}

function trained({ diagnosis: { trial } }: Seen, after: Seen): string[] {
  const fixed = after.diagnosis.trial?.said ?? trial!.fixed;
  return [
    `- before: ${escapeText(trial!.said)}`,
    ...fixed === undefined ? [] : [`- after: ${escapeText(fixed)}`],
  ];
}

/** Layer whose output shape changed; both shapes without the number of examples. */
interface ShapeChange {
  /** Name of the layer in the second run. */
  layer: string;
  from: string;
  to: string;
}

const MAX_LAYERS_NAMED = 4;

/** Returns the layers of two runs whose output shapes differ, regardless of their figures. */
export function shapeChanges({ before, after, comparison }: Difference): ShapeChange[] {
  const [one, other] = [before, after].map(({ measurements }) =>
    new Map(measurements.layers.map(({ name, shape }) => [name, shape]))
  );
  return comparison.layers.flatMap((layer) => {
    const [from, to] = [one.get(layer.before), other.get(layer.after)]
      .map((shape) => shape?.slice(1).join(", "));
    const isKnown = from !== undefined && to !== undefined;
    return isKnown && from !== to ? [{ layer: layer.after, from, to }] : [];
  });
}

/** Returns `fc1 from [8] to [16]`. */
export function shapeWords(changes: readonly ShapeChange[]): string {
  const said = changes.slice(0, MAX_LAYERS_NAMED).map(({ layer, from, to }) =>
    `${layer} from [${from}] to [${to}]`
  );
  const more = changes.length - said.length;
  return said.join(", ") + (more > 0 ? ` and ${formatCount(more, "more layer")}` : "");
}
