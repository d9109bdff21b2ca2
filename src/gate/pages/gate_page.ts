import { type Verdict, VERDICTS, verdictWord } from "../../core/diagnosis/diagnosis.ts";
import type { GateResult, GateRun } from "../../core/diagnosis/gate_result.ts";
import {
  diagnosisOf,
  failingVerdicts,
  gateSentences,
  type ModelVerdict,
  modelVerdicts,
} from "../../core/text/gate_words.ts";
import { TONES, VERDICT_LOOKS } from "../../core/text/verdicts.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { type Markup, markup, prose, shortTitle } from "../../pages/markup.ts";
import { gateShape, renderPage, renderSection, type Section } from "../../pages/page.ts";
import { factsOf, MOST_DETAILS, showRun } from "../../pages/report_page.ts";
import { checkedWords } from "../../pages/show_lead.ts";

/** Number of layers that every model shows one by one, however many models share the page. */
const LEAST_DETAILS = 12;
/** With more layers in total, layers within folds have no rows. */
const MOST_ROWS = 4000;
/** With more seeds, a strip would be longer than a line. */
const MOST_SEEDS = 24;
/** Number of models of a verdict that are named on top. */
const MOST_NAMED = 12;

/**
 * Renders the result of a gate as one self-contained page: the verdict, and for each model a line
 * with its verdict, its seeds and its first cause, failed models first. A line opens to the contents
 * of a report's page. The more models share the page, the fewer layers of each are shown one by one.
 *
 * @param result The gate's result, as `decide` returns it. A run without a diagnosis is diagnosed
 * from its findings.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 * @throws {InputError} If it is not a gate's result.
 *
 * @example A gate's result as a page
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderGatePage } from "@gradient-health/gradient-health/picture";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const page = await renderGatePage(decide([], settings, context));
 * assertStringIncludes(page, "<!doctype html>");
 * ```
 */
export function renderGatePage(result: GateResult): Promise<string> {
  requireValue("result", result, gateShape);
  const { passed } = result;
  const models = worstFirst(modelVerdicts(result.runs));
  const layers = models.reduce(
    (sum, { shown }) => sum + (shown?.measurements.layers.length ?? 0),
    0,
  );
  const style = {
    details: Math.max(LEAST_DETAILS, Math.floor(MOST_DETAILS / Math.max(1, models.length))),
    isWhole: layers <= MOST_ROWS,
  };
  const opened = openedOf(result, models);
  const [first, ...others] = gateSentences(result, models);
  return renderPage({
    title: `gradient-health: gate ${passed ? "passed" : "failed"}`,
    header: markup`<p class="kicker">${formatCount(models.length, "model")}, ${
      formatCount(result.runs.length, "run")
    }</p><h1 class="verdict ${passed ? "healthy" : "error"}">${first.replace(/\.$/, "")}</h1>
      <p class="lead-cause">${others.join(" ")}</p>${namesOf(result, models)}`,
    sections: [
      ...findingsSection(result),
      {
        id: "models",
        title: "Models",
        body: markup`${
          models.length < 2
            ? null
            : markup`<p class="soft">Each line opens to the causes, fixes and charts of its model.</p>`
        }<div class="models">${
          models.map((model, i) => showModel(model, i + 1, { ...style, isOpen: model === opened }))
        }</div>`,
      },
    ],
  });
}

/** Returns the models that were not measured, then the sick ones, and the healthy ones last. */
function worstFirst(models: readonly ModelVerdict[]): ModelVerdict[] {
  const rank = ({ verdict }: ModelVerdict) => verdict === null ? -1 : VERDICTS.indexOf(verdict);
  return models.toSorted((a, b) => rank(a) - rank(b));
}

/** Returns the model whose report is shown from the start: the only one, or the first that fails the gate. */
function openedOf(result: GateResult, models: readonly ModelVerdict[]): ModelVerdict | undefined {
  if (models.length === 1) return models[0];
  return models.find((model) => model.shown !== null && isFailing(model, result));
}

/** Returns true if a model was not measured, or its verdict fails the gate. */
function isFailing({ verdict }: ModelVerdict, result: GateResult): boolean {
  return verdict === null || failingVerdicts(result).includes(verdict);
}

/**
 * Links to the models that fail the gate and to others that are not healthy, since the report of the
 * first moves the others down.
 */
function namesOf(result: GateResult, models: readonly ModelVerdict[]): Markup | null {
  if (models.length < 2) return null;
  const places = new Map(models.map((model, i) => [model, i + 1]));
  const link = (model: ModelVerdict, i: number) =>
    markup`${i === 0 ? "" : ", "}<a href="#run-${places.get(model)!}"><bdi>${
      shortTitle(model.model)
    }</bdi></a>`;
  const wordOf = (model: ModelVerdict) =>
    isFailing(model, result) ? "failing" : nameOf(model.verdict);
  return markup`${
    [...Map.groupBy(models, wordOf)].filter(([word]) => word !== "healthy").map(([word, group]) => {
      const rest = group.length - MOST_NAMED;
      return markup`<p class="named">${word[0].toUpperCase()}${word.slice(1)}: ${
        group.slice(0, MOST_NAMED).map(link)
      }${rest > 0 ? ` and ${rest} more` : ""}.</p>`;
    })
  }`;
}

/** Returns a verdict in small letters: `sick`, `no finding`. */
function nameOf(verdict: Verdict | null): string {
  return verdict === null ? "not measured" : verdictWord(verdict).toLowerCase();
}

/** Returns the section about the configuration, if it has findings. */
function findingsSection({ findings, configuration }: GateResult): Section[] {
  if (findings.length === 0) return [];
  return [{
    id: "configuration",
    title: `About ${shortTitle(configuration ?? "the configuration")}`,
    body: markup`${
      findings.map(({ severity, rule, message }) =>
        markup`<div class="finding is-${severity}"><p><b class="${severity}">${rule}</b> <bdi>${
          prose(message)
        }</bdi></p></div>`
      )
    }`,
  }];
}

/** Shows a model as a line that opens to its report. */
function showModel(
  model: ModelVerdict,
  run: number,
  { isOpen, ...style }: { details: number; isWhole: boolean; isOpen: boolean },
): Markup {
  const { verdict, runs, causes, shown } = model;
  const unmeasured = runs.find(({ measurements }) => measurements === null);
  const said = unmeasured?.error ?? causes[0]?.message ??
    (shown === null ? "" : checkedWords(shown));
  const word = verdict === null
    ? markup`<b class="error">not measured</b>`
    : markup`<b class="${VERDICT_LOOKS[verdict].tone}">${verdictWord(verdict)}</b>`;
  return markup`<details class="model" id="run-${run}"${
    isOpen ? markup` open` : null
  }><summary>${word}<span class="model-name"><bdi>${shortTitle(model.model)}</bdi></span>${
    seedsOf(runs)
  }${
    said === "" ? null : markup`<span class="model-said"><bdi>${prose(said)}</bdi></span>`
  }</summary>${shown === null ? null : showShown(shown, run, style)}</details>
  `;
}

/** Shows the verdict of each seed as a strip. */
function seedsOf(runs: readonly GateRun[]): Markup | null {
  if (runs.length < 2) return null;
  const shown = runs.slice(0, MOST_SEEDS);
  return markup`<span class="seeds" role="img" aria-label="${
    shown.map((run) => `seed ${run.seed} ${nameOf(verdictOf(run))}`).join(", ")
  }">${
    shown.map((run) => {
      const verdict = verdictOf(run);
      const tone = verdict === null ? "error" : VERDICT_LOOKS[verdict].tone;
      return markup`<i class="${tone}">${verdict === "healthy" ? "●" : "■"}</i>`;
    })
  }</span>`;
}

function verdictOf(run: GateRun): Verdict | null {
  const { measurements } = run;
  return measurements === null ? null : diagnosisOf({ ...run, measurements }).verdict;
}

/** Shows the report of the run that stands for the others. */
function showShown(
  gateRun: NonNullable<ModelVerdict["shown"]>,
  run: number,
  style: { details: number; isWhole: boolean },
): Markup {
  const { measurements, findings, seed } = gateRun;
  const diagnosis = diagnosisOf(gateRun);
  const title = markup`<p class="kicker">Numbers shown for seed ${seed}</p>`;
  const { lead, sections } = showRun({ measurements, findings, diagnosis }, {
    run,
    title,
    scale: "log",
    ...style,
  });
  return markup`${lead}${sections.map((part) => renderSection(part, 3))}${factsOf(measurements)}`;
}

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
    ...states.map((verdict) =>
      models.length === 1 ? nameOf(verdict) : `${count(verdict)} ${nameOf(verdict)}`
    ),
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

/** Counts the models that are files of weights, which few rules judge. */
function partlyJudged(models: readonly ModelVerdict[]): string[] {
  const files = models.filter(({ weightsOnly }) => weightsOnly !== undefined).length;
  if (files === 0) return [];
  return [
    files === models.length ? "weights only" : `${files} of ${models.length} by weights only`,
  ];
}
