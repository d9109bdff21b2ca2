import { VERDICTS } from "../diagnosis/verdict.ts";
import { VERDICT_LOOKS } from "../render/verdicts.ts";
import type { GateResult, GateRun } from "../gate/gate_result.ts";
import { diagnosisOf, gateSentences, isOpen, modelVerdicts } from "../render/gate_words.ts";
import type { Finding } from "../rules/finding.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount } from "../words/numbers.ts";
import { requireValue } from "../words/shape.ts";
import { type Markup, markup, shortTitle } from "./markup.ts";
import { renderPage, renderSection, type Section } from "./page.ts";
import { gateShape } from "./page_shapes.ts";
import { factsOf, MOST_DETAILS, verdictMarkup } from "./report_page.ts";
import { showRun } from "./show_run.ts";

/** Number of layers that every run shows one by one, however many runs share the page. */
const LEAST_DETAILS = 12;
/** With more layers in total, layers within folds have no rows. */
const MOST_ROWS = 4000;
/** With more runs, a menu would be longer than the overview, which has the same links. */
const MOST_IN_MENU = 12;

/**
 * Renders the result of a gate as one self-contained page: the verdict, a table of the runs, and
 * for each run the contents of a report's page, failed runs first. The more runs share the page,
 * the fewer layers of each are shown one by one.
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
  const models = modelVerdicts(result.runs);
  const runs = worstFirst(result.runs);
  const layers = runs.reduce(
    (sum, { measurements }) => sum + (measurements?.layers.length ?? 0),
    0,
  );
  const style = {
    details: Math.max(LEAST_DETAILS, Math.floor(MOST_DETAILS / Math.max(1, runs.length))),
    isWhole: layers <= MOST_ROWS,
  };
  const sections = runs.map((run, i) => runSection(run, i + 1, style));
  const overview = { id: "overview", title: "Overview", body: overviewOf({ ...result, runs }) };
  const isFew = runs.length <= MOST_IN_MENU;
  return renderPage({
    title: `gradient-health: gate ${passed ? "passed" : "failed"}`,
    header: markup`<p class="kicker">gradient-health check</p>
      <h1>${formatCount(models.length, "model")}, ${formatCount(runs.length, "run")}</h1>
      <p class="verdict ${passed ? "healthy" : "error"}">${
      gateSentences(result, models).map((line) => `${line} `)
    }</p>`,
    sections: isFew ? [overview, ...sections] : [overview, {
      id: "runs",
      title: "Runs",
      body: markup`${sections.map((section) => renderSection(section, 3))}`,
    }],
  });
}

/** Returns the failed runs, then those with warnings, then the others, each in their order. */
function worstFirst(runs: readonly GateRun[]): GateRun[] {
  const rank = (run: GateRun) => {
    const { measurements } = run;
    if (measurements === null) return 0;
    return 1 + VERDICTS.indexOf(diagnosisOf({ ...run, measurements }).verdict);
  };
  return runs.toSorted((a, b) => rank(a) - rank(b));
}

function runTitle({ model, seed }: GateRun): string {
  return `${shortTitle(model)}, seed ${seed}`;
}

function overviewOf({ runs, findings, configuration }: GateResult): Markup {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Runs"><table class="wide"><thead><tr>
    <th scope="col">model</th><th scope="col">seed</th><th scope="col" class="word">verdict</th>
    <th scope="col">errors</th><th scope="col">warnings</th><th scope="col" class="word">first cause</th></tr></thead><tbody>
    ${runs.map(overviewRow)}</tbody></table></div>${
    findings.length === 0
      ? null
      : markup`<h3>About ${shortTitle(configuration ?? "the configuration")}</h3>${
        findings.map(({ severity, rule, message }) =>
          markup`<div class="finding is-${severity}"><p><b class="${severity}">${rule}</b> <bdi>${
            escapeControls(message)
          }</bdi></p></div>`
        )
      }`
  }`;
}

function verdictOf(run: GateRun): Markup {
  const { measurements } = run;
  if (measurements === null) return markup`<span class="error">not measured</span>`;
  const { verdict } = diagnosisOf({ ...run, measurements });
  return markup`<span class="${VERDICT_LOOKS[verdict].style}">${verdict}</span>`;
}

function overviewRow(run: GateRun, index: number): Markup {
  const { model, seed, error, findings, diagnosis } = run;
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity && isOpen(finding)).length;
  const errors = count("error");
  const warnings = count("warning");
  const verdict = verdictOf(run);
  const cause = error ?? diagnosis?.causes[0]?.message ?? "";
  return markup`<tr><th scope="row"><a href="#run-${index + 1}"><bdi>${
    shortTitle(model)
  }</bdi></a></th><td>${seed}</td>
    <td class="word">${verdict}</td><td>${errors}</td><td>${warnings}</td>
    <td class="word cut"><bdi>${escapeControls(cause)}</bdi></td></tr>
    `;
}

function runSection(
  gateRun: GateRun,
  run: number,
  style: { details: number; isWhole: boolean },
): Section {
  const { measurements, findings, error } = gateRun;
  const section = { id: `run-${run}`, title: runTitle(gateRun) };
  if (measurements === null) {
    return {
      ...section,
      body: markup`<p class="error"><bdi>${escapeControls(error ?? "not measured")}</bdi></p>`,
    };
  }
  const diagnosis = diagnosisOf({ ...gateRun, measurements });
  const parts = showRun({ measurements, findings, diagnosis }, { run, scale: "log", ...style });
  return {
    ...section,
    body: markup`${verdictMarkup(diagnosis)}${factsOf(measurements)}${
      parts.map((part) => renderSection(part, 3))
    }`,
  };
}
