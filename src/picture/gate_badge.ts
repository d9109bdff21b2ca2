import { VERDICTS } from "../diagnosis/verdict.ts";
import type { GateResult } from "../gate/gate_result.ts";
import { type ModelVerdict, modelVerdicts } from "../render/gate_words.ts";
import { TONES, VERDICT_LOOKS } from "../render/verdicts.ts";
import { markup } from "./markup.ts";

const LABEL = "gradient health";
const HEIGHT = 20;
/** Mean width of a letter of 11 px, and space on both sides of a text. */
const LETTER = 5.6;
const PADDING = 7;

/**
 * Renders the result of a gate as a badge for a README: the number of models of each verdict, in the
 * colour of the worst.
 */
export function renderGateBadge(result: GateResult): string {
  const models = modelVerdicts(result.runs);
  const count = (verdict: string | null) =>
    models.filter((model) => model.verdict === verdict).length;
  const broken = count(null);
  const states = VERDICTS.filter((verdict) => count(verdict) > 0);
  const parts = [
    ...broken > 0 ? [`${broken} not measured`] : [],
    ...states.map((verdict) => models.length === 1 ? verdict : `${count(verdict)} ${verdict}`),
    ...partlyJudged(models),
  ];
  const words = parts.length === 0 ? "no model" : parts.join(", ");
  const tone = broken > 0 || states.length === 0 ? "error" : VERDICT_LOOKS[states[0]].tone;
  const left = Math.round(LABEL.length * LETTER + 2 * PADDING);
  const right = Math.round(words.length * LETTER + 2 * PADDING);
  return markup`<svg class="gradient-health" xmlns="http://www.w3.org/2000/svg" width="${
    left + right
  }" height="${HEIGHT}" role="img" aria-label="${LABEL}: ${words}"><title>${LABEL}: ${words}</title>
    <clipPath id="gh-round"><rect width="${left + right}" height="${HEIGHT}" rx="3"/></clipPath>
    <g clip-path="url(#gh-round)"><rect width="${left}" height="${HEIGHT}" fill="#484e57"/><rect x="${left}" width="${right}" height="${HEIGHT}" fill="${
    TONES[tone].light
  }"/></g>
    <g fill="#fff" font-family="Verdana, Geneva, 'DejaVu Sans', sans-serif" font-size="11"><text x="${PADDING}" y="14" textLength="${
    left - 2 * PADDING
  }">${LABEL}</text><text x="${left + PADDING}" y="14" textLength="${
    right - 2 * PADDING
  }">${words}</text></g></svg>
    `.source;
}

/** Says how many of the models are files of weights, which few rules judge. */
function partlyJudged(models: readonly ModelVerdict[]): string[] {
  const files = models.filter(({ weightsOnly }) => weightsOnly !== undefined).length;
  if (files === 0) return [];
  return [
    files === models.length ? "weights only" : `${files} of ${models.length} by weights only`,
  ];
}
