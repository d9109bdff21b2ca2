import { judgedWeights } from "../core/diagnosis/diagnose.ts";
import {
  type Cause,
  type Diagnosis,
  titleParts,
  verdictWord,
} from "../core/diagnosis/diagnosis.ts";
import { describeFix, fixCode } from "../core/diagnosis/fix_words.ts";
import { type GateFinding, SEVERITIES } from "../core/rules/finding.ts";
import type { Measurements } from "../core/measure/measurements.ts";
import type { ChartAxis } from "../core/text/chart_model.ts";
import type { LayerFold } from "../core/text/fold_layers.ts";
import { isOpen } from "../core/text/gate_words.ts";
import {
  fixOf,
  followWords,
  placesOf,
  trialLines,
  triedWords,
} from "../core/text/render_diagnosis.ts";
import { caveatLines } from "../core/text/render_header.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import { VERDICT_LOOKS } from "../core/text/verdicts.ts";
import { allRules } from "../core/rules/register_rule.ts";
import type { Rule } from "../core/rules/rule.ts";
import { attention } from "../core/rules/signal/attention.ts";
import { deadUnits } from "../core/rules/signal/dead_units.ts";
import { saturatedActivations } from "../core/rules/signal/saturated_activations.ts";
import { blocksAlike } from "../core/rules/weights/blocks_alike.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { drawSteps } from "./draw_steps.ts";
import { layerMap, type LayerNames } from "./layer_map.ts";
import { type Markup, markup, prose } from "./markup.ts";
import { leadPanels } from "./report_panels.ts";
import { barKey, showBars } from "./show_bars.ts";
import { showBlocks } from "./show_blocks.ts";
import { GRID_STYLE, gridsOf } from "./show_weights.ts";

/** Shows causes as cards, each with its fix, the result of trying it, and its consequences. */
export function showCauses(causes: readonly Cause[], { layers }: Measurements): Markup {
  return markup`${
    causes.map((cause) =>
      markup`<div class="cause is-${cause.severity}">${showCause(cause, layers)}</div>
      `
    )
  }`;
}

/** Shows the trial before and after the fixes, and the learning rates, in sentences. */
function showTrial(diagnosis: Diagnosis): Markup {
  return markup`${
    trialLines(diagnosis, { width: Infinity }).map((line) => markup`<p>${line}</p>`)
  }`;
}

/** Shows a cause with its fix, the result of trying it, and its consequences. */
export function showCause(cause: Cause, all: Measurements["layers"]): Markup {
  return markup`${showFix(cause, all)}${showEffects(cause, all)}`;
}

/** Shows a cause and its fix. */
function showFix(
  { severity, message, fixes, tried, layers }: Cause,
  all: Measurements["layers"],
): Markup {
  return markup`<p class="lead-cause is-${severity}"><bdi>${prose(message)}</bdi></p>
    ${
    placesOf(layers, all).map((text) =>
      markup`<p class="small"><bdi>${escapeControls(text)}</bdi></p>`
    )
  }${
    fixOf(fixes, tried).map((fix) => {
      const code = fixCode(fix);
      return markup`<p><b>Fix:</b> <bdi>${prose(describeFix(fix, all))}</bdi></p>${
        code === null
          ? null
          : markup`<div class="code"><pre tabindex="0"><code>${codeOf(code)}</code></pre>
          <button type="button" data-copy hidden>Copy</button></div>`
      }`;
    })
  }`;
}

/** Shows the result of trying the fix of a cause, and its consequences. */
function showEffects(
  { consequences, fixes, tried }: Cause,
  all: Measurements["layers"],
): Markup {
  const follows = followWords(consequences, all);
  return markup`${
    triedWords({ fixes, tried }).map((text) => markup`<p><bdi>${prose(text)}</bdi></p>`)
  }${
    follows.length === 0
      ? null
      : markup`<p><b>As a result:</b> <bdi>${
        prose(follows.map(({ text }) => text).join("; "))
      }</bdi>.</p>`
  }`;
}

/** Code keeps its line breaks, and a comment stays whole; other invisible characters are made visible. */
function codeOf(code: string): Markup {
  return markup`${
    code.split("\n").map((line, i) => {
      const [, before, comment] = line.match(/^(.*? {2})((?:\/\/|#) .*)$/) ?? ["", line, ""];
      return markup`${i === 0 ? "" : "\n"}${escapeControls(before)}${
        comment === "" ? null : markup`<span class="remark">${escapeControls(comment)}</span>`
      }`;
    })
  }`;
}

type Checked = Pick<DiagnosedReport, "measurements"> & { findings: readonly GateFinding[] };

/** Rules about some kinds of layers, and why they have nothing to judge if no layer has their figure. */
const OF_SOME_LAYERS: readonly { rule: Rule; reason: string }[] = [
  {
    rule: attention,
    reason: "no attention rows were seen; within a custom layer they are not",
  },
  { rule: deadUnits, reason: "no activation is 0 over a range, as relu is" },
  { rule: saturatedActivations, reason: "no activation saturates, as tanh does" },
];

/** Groups the rules that judged a network by the gravest severity of their findings. */
function checked({ measurements, findings }: Checked) {
  const open = findings.filter(isOpen);
  const isFile = measurements.weightsOnly !== undefined;
  // In a network, exponents are judged only on request, and blocks not at all.
  const isSilent = ({ name, exponentsAlone }: Rule) =>
    !isFile && (exponentsAlone === true || name === blocksAlike.name);
  const names = allRules()
    .filter(({ weightsAlone }) => !isFile || weightsAlone)
    .filter((rule) => !isSilent(rule) || open.some((finding) => finding.rule === rule.name))
    .map(({ name }) => name);
  const idle = new Set<string>(
    OF_SOME_LAYERS.filter(({ rule: { figure } }) =>
      measurements.layers.every((layer) => figure.of(layer) === null)
    ).map(({ rule: { name } }) => name),
  );
  const gravest = (rule: string) =>
    SEVERITIES.find((severity) =>
      open.some((finding) => finding.rule === rule && finding.severity === severity)
    ) ?? (idle.has(rule) ? "idle" : "passed");
  return Map.groupBy(names, gravest);
}

/** Counts the rules that found nothing, and those that found something. */
export function checkedWords(report: Checked): string {
  const groups = checked(report);
  const count = (group: "passed" | "idle" | "note" | "warning" | "error") =>
    groups.get(group)?.length ?? 0;
  const parts = [
    `${formatCount(count("passed"), "rule")} passed`,
    ...count("idle") === 0 ? [] : [`${count("idle")} had nothing to judge`],
    ...count("error") === 0 ? [] : [`${count("error")} found errors`],
    ...count("warning") === 0 ? [] : [`${count("warning")} found warnings`],
    ...count("note") === 0 ? [] : [`${count("note")} left a note`],
  ];
  return `${parts.join(", ")}.`;
}

/** Names what a file of weights lacks. */
function othersWords(): string {
  const { rules, of } = judgedWeights();
  return `A file of weights has no topology, so nothing was run: the other ${
    of - rules
  } rules need activations, gradients or a loss.`;
}

/** Counts the rules, lists those that passed, and what the others noted: why they could not judge, mostly. */
export function showChecked(report: Checked): Markup {
  return markup`<p>${checkedWords(report)}</p>${listChecked(report)}`;
}

/** Lists the rules that passed, and what the others noted. */
function listChecked(report: Checked): Markup {
  const groups = checked(report);
  const passed = groups.get("passed") ?? [];
  const idle = groups.get("idle") ?? [];
  const notes = report.findings.filter((one) => isOpen(one) && one.severity === "note");
  const noted = Map.groupBy(notes, ({ rule }) => rule);
  return markup`${
    passed.length === 0
      ? null
      : markup`<ul class="passed">${passed.map((rule) => markup`<li>${rule}</li>`)}</ul>`
  }${
    report.measurements.weightsOnly === undefined
      ? null
      : markup`<p class="small soft">${othersWords()}</p>`
  }${
    idle.length === 0
      ? null
      : markup`<p class="small soft">Nothing to judge: ${idleWords(idle)}.</p>`
  }${
    noted.size === 0
      ? null
      : markup`<dl class="notes">${
        [...noted].map(([rule, [{ message }, ...others]]) =>
          markup`<dt>${rule}</dt><dd><bdi>${prose(message)}</bdi>${
            others.length === 0 ? null : ` And ${others.length} more like it.`
          }</dd>`
        )
      }</dl>`
  }`;
}

/** Names rules that had nothing to judge, each with the reason. */
function idleWords(idle: readonly string[]): string {
  const reasons = new Map(OF_SOME_LAYERS.map(({ rule, reason }) => [rule.name, reason]));
  return idle.map((name) => `${name} (${reasons.get(name)})`).join("; ");
}

/** Number of rows beside the cause. */
const MAX_ROWS = 24;

/** First screen of a report. */
interface Lead {
  report: DiagnosedReport;
  folds: readonly LayerFold[];
  names: LayerNames;
  scale: ChartAxis["scale"];
  /** Heading: the verdict. */
  title: Markup;
  /** Id in links, unique in the page. */
  id: string;
}

/**
 * Shows the most important parts first: the verdict, the first cause and its fix, and beside it, on
 * a phone below, the bars of the figure that is wrong and of the gradients, before and after the
 * fix.
 */
export function showLead(lead: Lead): Markup {
  const { report, title } = lead;
  const { measurements, diagnosis } = report;
  const [cause, ...others] = diagnosis.causes;
  const chart = leadChart(lead);
  return markup`<div class="lead${
    chart === null ? " is-alone" : ""
  }"><div class="lead-said">${title}${
    caveatLines(measurements, Infinity).map((text) => markup`<p class="small">${prose(text)}</p>`)
  }${
    cause === undefined
      ? markup`<p class="lead-cause">${
        measurements.weightsOnly === undefined
          ? "No problems found."
          : "No problems found in the weights."
      }</p><p>${checkedWords(report)}</p>`
      : markup`${showFix(cause, measurements.layers)}${showOthers(others)}`
  }</div>${
    chart === null ? null : markup`<div class="lead-chart">${chart}</div>`
  }<div class="lead-rest">${
    cause === undefined ? listChecked(report) : showEffects(cause, measurements.layers)
  }</div><div class="lead-more">${curvesOf(diagnosis)}${showTrial(diagnosis)}</div></div>`;
}

/** Number of further causes that are named in the first screen. */
const MAX_OTHERS = 2;

/** Names the causes after the first one, a line each. */
function showOthers(causes: readonly Cause[]): Markup {
  const rest = causes.length - MAX_OTHERS;
  return markup`${
    causes.slice(0, MAX_OTHERS).map(({ severity, message }) =>
      markup`<p class="small"><b class="${severity}">Also:</b> <bdi>${prose(message)}</bdi></p>`
    )
  }${rest > 0 ? markup`<p class="small">And ${formatCount(rest, "more cause")}.</p>` : null}`;
}

/** Shows the bars of the figure that is wrong, or the blocks of a file of weights alone. */
function leadChart({ report, folds, names, scale, id }: Lead): Markup | null {
  const { nodes } = layerMap(folds, report.diagnosis, MAX_ROWS);
  const [grid] = gridsOf(report);
  if (grid !== undefined) return showBlocks(grid, { ...GRID_STYLE, id });
  const { panels, shown } = leadPanels({ report, nodes, scale });
  if (panels.length === 0) return null;
  const titles = panels.map(({ title }) => title).join(" and ");
  const label = `${titles}, layer by layer. Arrow keys go from layer to layer.`;
  return markup`${
    showBars({
      panels,
      nodes: shown,
      names,
      id,
      label,
    })
  }${barKey(panels)}`;
}

/** Shows the verdict as a title: the word large, then other words, such as the number of causes. */
export function verdictTitle(diagnosis: Diagnosis, words?: string): Markup {
  const { verdict } = diagnosis;
  const { counts, scope } = titleParts(diagnosis);
  const said = words ?? counts;
  return markup`<h1 class="verdict ${VERDICT_LOOKS[verdict].tone}">${verdictWord(verdict)}${
    said === "" ? null : markup` <span class="counts">${said}</span>`
  }${scope === "" ? null : markup` <span class="judged">${scope}</span>`}</h1>`;
}

/** Draws the loss of the trial, as the network is and with the fixes. */
function curvesOf({ curves, verdict }: Diagnosis): Markup | null {
  if (curves === undefined) return null;
  const { before, after, guess, still = null } = curves;
  const fixed = after ?? [];
  const tone = VERDICT_LOOKS[verdict].tone;
  const isFalling = before[before.length - 1] < before[0];
  return markup`<figure class="trial"><figcaption>Loss in the trial${
    still === null
      ? null
      : markup`<span class="${tone}">${isFalling ? ". It falls, but " : ": "}${still}</span>`
  }</figcaption>${
    drawSteps({
      steps: Array.from({ length: Math.max(before.length, fixed.length) }, (_, step) => step),
      curves: [
        { name: after === undefined ? "loss" : "as it is", tone, values: before },
        { name: after === undefined ? "" : "with the fix", tone: "healthy", values: fixed },
      ],
      across: "steps",
      limit: guess === null ? null : { name: "guessing", value: guess },
    })
  }</figure>`;
}
