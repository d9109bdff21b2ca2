import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { WrittenDiagnosis } from "../diagnosis/diagnosis_shape.ts";
import { describeFix, fixCode, type NamedLayers } from "../diagnosis/fix_words.ts";
import { fixLine, type GateFinding, saidOf, SEVERITIES } from "../rules/finding.ts";
import { apartFromLayer, kindOfSentence } from "../rules/say.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { wrapText } from "./fit_text.ts";
import { layerRange } from "./fold_layers.ts";
import { paint } from "./verdicts.ts";

type Finding = GateFinding;

const MOST_SAID = 3;

export interface Paragraph {
  severity: Finding["severity"];
  /** Rules that share the paragraph. */
  rules: string[];
  /** Layers in words. */
  where: string;
  said: string[];
  fix: string[];
  /** Findings that it covers. */
  findings: Finding[];
}

/**
 * Describes findings, errors first: one paragraph per rule, with the layers that share it and the
 * fix; then a line with the totals, unless they are shown elsewhere. Rules that say the same
 * about the same layers share a paragraph.
 */
export function renderFindings(
  findings: readonly Finding[],
  order: readonly string[],
  { width, color, sums = true }: { width: number; color: boolean; sums?: boolean },
): string[] {
  const lines = findingParagraphs(findings, order).flatMap((paragraph) => [
    ...linesOf(paragraph, { width, color }),
    "",
  ]);
  return sums ? [...lines, ...wrapText(summaryOf(findings), width)] : lines;
}

/**
 * Groups findings into paragraphs, errors first; rules that say the same about the same layers
 * share a paragraph.
 *
 * @param order All layers, in the order of the forward pass.
 */
export function findingParagraphs(
  findings: readonly Finding[],
  order: readonly string[],
): Paragraph[] {
  const groups = new Map<string, Finding[]>();
  for (const severity of SEVERITIES) {
    for (const finding of findings) {
      if (finding.severity !== severity) continue;
      // The value that a rule expects may differ between layers; the threshold behind it does not.
      const key = JSON.stringify([
        severity,
        finding.rule,
        finding.threshold ?? finding.expected.text,
      ]);
      groups.set(key, [...groups.get(key) ?? [], finding]);
    }
  }
  const paragraphs = new Map<string, Paragraph>();
  for (const group of groups.values()) {
    const [{ severity, rule }] = group;
    const own = { where: whereIs(group, order), said: said(group), fix: advised(group) };
    const key = JSON.stringify([severity, own]);
    const same = paragraphs.get(key);
    if (same === undefined) {
      paragraphs.set(key, { severity, rules: [rule], ...own, findings: group });
      continue;
    }
    if (!same.rules.includes(rule)) same.rules.push(rule);
    same.findings.push(...group);
  }
  return [...paragraphs.values()];
}

function linesOf(
  { severity, rules, where, said, fix }: Paragraph,
  { width, color }: { width: number; color: boolean },
): string[] {
  const title = `${severity.toUpperCase()} ${rules.join(", ")}: ${where}`;
  const say = (text: string) => wrapText(escapeControls(text.replace(/\s+/g, " ")), width, "  ");
  return [
    ...wrapText(escapeControls(title), width, "", "  ").map((line) =>
      paint(line, severity === "note" ? "strong" : severity, color)
    ),
    ...said.flatMap(say),
    ...fix.slice(0, MOST_SAID).flatMap((text) => say(fixLine(text))),
    ...(fix.length > MOST_SAID
      ? say(`(${formatCount(fix.length - MOST_SAID, "more suggestion")} in the JSON report.)`)
      : []),
  ];
}

function whereIs(group: Finding[], order: readonly string[]): string {
  const names = new Set(group.flatMap(({ layer, layers }) => layers ?? (layer ? [layer] : [])));
  if (names.size === 0) {
    return group[0].about === "configuration" ? "the configuration" : "the whole model";
  }
  const place = new Map(order.map((name, index) => [name, index]));
  const sorted = [...names].sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  const range = layerRange(sorted, { order });
  return names.size === 1 ? range : `${range} (${names.size} layers)`;
}

/** Returns the messages of a group: one of each kind, then a sentence about the others. */
function said(group: Finding[]): string[] {
  const messages = kinds(group, "message").map(([{ text }]) => text).slice(0, MOST_SAID);
  const rest = group.length - messages.length;
  if (rest === 0) return messages;
  const measured = group.flatMap(({ measured }) => measured === null ? [] : [measured]);
  const expected = new Set(group.map(({ expected }) => expected.text));
  const details = [
    ...measured.length > 0 ? [`measured ${rangeOf(measured)}`] : [],
    ...expected.size === 1 ? [`expected ${group[0].expected.text}`] : [],
  ];
  const tail = details.length > 0 ? ` (all: ${details.join(", ")})` : "";
  return [
    ...messages,
    `${formatCount(rest, "more finding")} like ${messages.length === 1 ? "this" : "these"}${tail}.`,
  ];
}

/**
 * Returns the fix of a group: one of each kind, and the number of other layers it applies to.
 */
function advised(group: Finding[]): string[] {
  return kinds(group, "fix").map(([{ text, apart }, ...others]) => {
    if (others.length === 0) return text;
    const same = others.every((other) => other.apart === apart);
    const which = others.length === 1 ? "the other finding" : `the other ${others.length} findings`;
    return `${text} The same applies to ${which}${same ? "" : " (values differ)"}.`;
  });
}

/** Text, and what remains of it without the name of its layer. */
interface Said {
  text: string;
  apart: string;
}

/** Groups texts that differ only in names, words and figures. */
function kinds(group: Finding[], field: "message" | "fix"): Said[][] {
  const found = new Map<string, Said[]>();
  const texts = new Set<string>();
  for (const finding of group) {
    const text = finding[field];
    // Skip repeated texts of other layers.
    if (text === "" || texts.has(text)) continue;
    texts.add(text);
    const sentence = saidOf(finding, field);
    const kind = kindOfSentence(sentence);
    const said = { text, apart: apartFromLayer(sentence, finding.layer) };
    found.set(kind, [...found.get(kind) ?? [], said]);
  }
  return [...found.values()];
}

function rangeOf(figures: number[]): string {
  // A NaN does not fit into a range, but must not be lost.
  const known = figures.filter((figure) => !Number.isNaN(figure));
  if (known.length === 0) return "NaN";
  const lowest = formatNumber(known.reduce((a, b) => Math.min(a, b)));
  const highest = formatNumber(known.reduce((a, b) => Math.max(a, b)));
  const range = lowest === highest ? lowest : `${lowest} to ${highest}`;
  return known.length < figures.length ? `${range} and NaN` : range;
}

function summaryOf(findings: readonly Finding[]): string {
  const fine = findings.every(({ severity }) => severity === "note");
  return `${fine ? "No problems found: " : ""}${countSeverities(findings)}.`;
}

/** Counts the findings of each severity: `36 errors, 0 warnings, 1 note`. */
function countSeverities(findings: readonly Finding[]): string {
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  return SEVERITIES
    .filter((severity) => severity !== "note" || count("note") > 0)
    .map((severity) => formatCount(count(severity), severity)).join(", ");
}

/**
 * Converts a diagnosis to its form in JSON documents: fixes in words and as code, findings by
 * index.
 *
 * @param layers All layers, in the order of the forward pass.
 */
export function writtenDiagnosis(
  { verdict, notJudged, weightsOnly, causes, trial, rates }: Diagnosis,
  findings: readonly object[],
  layers: NamedLayers,
): WrittenDiagnosis {
  const places = new Map(findings.map((finding, index) => [finding, index]));
  return {
    verdict,
    ...notJudged === undefined ? {} : { notJudged },
    ...weightsOnly === undefined ? {} : { weightsOnly },
    causes: causes.map(({ fixes, findings, tried, ...cause }) => ({
      ...cause,
      fixes: fixes.map((fix) => ({ text: describeFix(fix, layers), code: fixCode(fix) })),
      tried: tried ?? null,
      findings: findings.flatMap((finding) => places.get(finding) ?? []),
    })),
    trial: trial ?? null,
    rates: rates ?? null,
  };
}
