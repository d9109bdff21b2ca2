import { measurementShape } from "../../core/rules/shapes/measurement_shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { type Verdict, verdictWord } from "../../core/diagnosis/diagnosis.ts";
import { VERDICT_LOOKS } from "../../core/text/verdicts.ts";
import type { Finding } from "../../core/rules/finding.ts";
import { formatCount, formatNumber, formatWhole } from "../../ground/words/numbers.ts";
import {
  anyObject,
  list,
  nullable,
  number,
  object,
  optional,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import type { Lowered, TrainingStep } from "../training_step.ts";
import { COLUMN_STYLE } from "../../pages/column_axis.ts";
import {
  errorsOf,
  foundAt,
  type FoundCause,
  foundCause,
  gravestOf,
  type HistoryRecord,
  shownRecords,
  shownSteps,
} from "./history_view.ts";
import { type Markup, markup, prose, shortTitle, showFacts } from "../../pages/markup.ts";
import { causeShape, renderPage } from "../../pages/page.ts";
import { showCause } from "../../pages/show_lead.ts";
import { showTraining, tableOfSteps, toneOf } from "./show_training.ts";

/** Number of findings that are listed; the rest is counted. */
const MOST_FINDINGS = 6;
/** Number of stretches with findings of another rule than the cause. */
const MOST_BEFORE = 2;

/**
 * Contents of a record that are read. Most records of a long history are not shown, and their
 * measurements are not validated.
 */
const recordShape = object({
  step: number,
  epoch: number,
  measurements: anyObject,
  findings: list(object({ rule: string, severity: string, message: string })),
  progress: list(
    object({
      layer: string,
      weight: string,
      growth: nullable(number),
      updateRatio: nullable(number),
    }),
  ),
  cause: nullable(causeShape),
});

const historyShape = list(recordShape, { least: 1, expected: "at least one record" });

const signal = optional(nullable(number));
const optionsShape = object({
  steps: optional(list(object({
    step: number,
    loss: signal,
    updateRatio: signal,
    growth: signal,
  }))),
  lowerings: optional(
    list(object({ at: number, backTo: number, from: number, to: number })),
  ),
});

/** Options of {@linkcode renderHistoryPage}. */
export interface HistoryPageOptions {
  /**
   * Signals of every step: `steps` of the monitor. The page then shows the training loss beside the
   * held-out one, and what happened between two measurements. Default: none.
   */
  steps?: readonly TrainingStep[];
  /** Returns to an earlier state: `lowerings` of the monitor. Default: none. */
  lowerings?: readonly Lowered[];
}

/**
 * Renders the history of `healthMonitor` as one self-contained page: the problem and the step at
 * which it was found, the loss, the largest growth and update ratio of the kernels over the steps,
 * heat maps (layer by step) of gradients, activations, growth and update ratio, and all of it in
 * tables. If there are more than 100 records, evenly spaced ones are shown, and the measurements of
 * the others are not read.
 *
 * @param history The records, oldest first; at least one.
 * @param options See {@linkcode HistoryPageOptions}.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 * @throws {InputError} If it is not a history, or is empty.
 *
 * @example A training as a page
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { healthMonitor } from "@gradient-health/gradient-health/assert";
 * import { renderHistoryPage } from "@gradient-health/gradient-health/picture";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const objective = "meanSquaredError";
 * const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20) });
 * model.compile({ optimizer: engine.tf.train.sgd(1e6), loss: objective });
 * const batch = randomBatch(model, { objective });
 * const monitor = healthMonitor({ batch, objective, every: 5, onFinding: "stop" });
 * await model.fit(batch.inputs, batch.targets!, { epochs: 100, verbose: 0, callbacks: monitor });
 * const page = await renderHistoryPage(monitor.history, { steps: monitor.steps });
 * assertStringIncludes(page, "The learning rate of 1e6 is too high");
 * model.dispose();
 * ```
 */
export function renderHistoryPage(
  history: readonly HistoryRecord[],
  options: HistoryPageOptions = {},
): Promise<string> {
  requireValue("history", history, historyShape);
  requireValue("options", options, optionsShape);
  const records = shownRecords(history);
  for (const record of records) {
    const place = `history[${history.indexOf(record)}].measurements`;
    requireValue(place, record.measurements, measurementShape);
  }
  const last = history[history.length - 1];
  const { steps = [], lowerings = [] } = options;
  const found = foundCause(history, steps, lowerings);
  const { lead, lines, maps } = showTraining(records, shownSteps(steps), found);
  const name = shortTitle(last.measurements.model.name);
  const section = (id: string, title: string, body: Markup | null) =>
    body === null ? [] : [{ id, title, body }];
  return renderPage({
    title: `${name}: training`,
    header:
      markup`<div class="lead"><div class="lead-said"><p class="kicker"><bdi>${name}</bdi></p>${
        verdictOf(history, found)
      }${showWrong(history, found)}${
        lowerings.map(showLowering)
      }</div><figure class="lead-chart">${lead}</figure></div>`,
    sections: [
      ...section("steps", "Over the training", lines),
      ...section("layers", "Layer by layer", maps),
      { id: "table", title: "Step by step", body: tableOfSteps(records, foundAt(history)) },
      { id: "run", title: "The run", body: factsOf(history) },
    ],
    extra: { style: COLUMN_STYLE, script: null },
  });
}

/** Returns the verdict on a training, and when its cause was found. */
export function historyVerdict(
  history: readonly HistoryRecord[],
  found: FoundCause | null,
): { verdict: Verdict; words: string } {
  if (found !== null) {
    const verdict = toneOf(found) === "error" ? "sick" : "weak";
    return { verdict, words: `found at step ${at(found)}` };
  }
  const broken = history.find((record) => record.step > 0 && errorsOf(record).length > 0);
  // If the loss had not moved, errors of step 0 would be a cause.
  return broken === undefined
    ? { verdict: "healthy", words: "" }
    : { verdict: "sick", words: `from step ${at(broken)} on` };
}

function verdictOf(history: readonly HistoryRecord[], found: FoundCause | null): Markup {
  const { verdict, words } = historyVerdict(history, found);
  return markup`<h1 class="verdict ${VERDICT_LOOKS[verdict].tone}">${verdictWord(verdict)}${
    words === "" ? null : markup` <span class="counts">${words}</span>`
  }</h1>`;
}

const at = ({ step }: { step: number }) => formatWhole(step);

function factsOf(history: readonly HistoryRecord[]): Markup {
  const first = history[0];
  const last = history[history.length - 1];
  const { model, batch, objective } = last.measurements;
  const facts = [
    [
      "Model",
      `${formatCount(model.layers, "layer")}, ${formatCount(model.parameters, "parameter")}`,
    ],
    [
      "Training",
      [formatCount(last.step, "step"), ...last.epoch > 0 ? [formatCount(last.epoch, "epoch")] : []]
        .join(", "),
    ],
    [
      "Measured",
      `${formatCount(history.length, "time")}, on ${formatCount(batch.examples, "example")}`,
    ],
    [
      "Loss",
      `${escapeControls(objective.name)}, from ${
        formatNumber(first.measurements.objective.value)
      } to ${formatNumber(objective.value)}`,
    ],
  ];
  return showFacts(facts);
}

/** Shows the cause in training, or else what the loss did and the errors at the end. */
function showWrong(history: readonly HistoryRecord[], found: FoundCause | null): Markup {
  if (found !== null) {
    return markup`${showCause(found.cause, found.layers)}${showBefore(history, found)}`;
  }
  const errors = errorsOf(history[history.length - 1]);
  return markup`<p class="lead-cause">${lossSentence(history)}</p>${
    errors.length === 0 ? showBefore(history, null) : listOf(errors)
  }`;
}

/** Describes the loss of a training without a cause. */
export function lossSentence(history: readonly HistoryRecord[]): string {
  const first = history[0];
  const last = history[history.length - 1];
  const [from, to] = [first, last].map(({ measurements: { objective } }) => objective.value);
  const said = from === to
    ? `The loss is ${formatNumber(to)}.`
    : `The loss ${to < from ? "falls" : "rises"} from ${formatNumber(from)} to ${
      formatNumber(to)
    } in ${formatCount(last.step, "step")}.`;
  return errorsOf(last).length === 0 ? `No problems found. ${said}` : said;
}

function showLowering({ at, backTo, from, to }: Lowered): Markup {
  return markup`<p class="small"><b>After step ${
    formatWhole(at)
  }:</b> back to the weights of step ${formatWhole(backTo)}, with a learning rate of ${
    formatNumber(to)
  } instead of ${formatNumber(from)}.</p>`;
}

function listOf(errors: readonly Finding[]): Markup {
  const rest = errors.length - MOST_FINDINGS;
  return markup`<ul>${
    errors.slice(0, MOST_FINDINGS).map(({ rule, message }) =>
      markup`<li><b class="error">${rule}</b> <bdi>${escapeControls(message)}</bdi></li>
      `
    )
  }${rest > 0 ? markup`<li>and ${rest} more</li>` : null}</ul>`;
}

/**
 * Lists the findings in the strip of verdicts besides the cause: the first of each other stretch.
 */
function showBefore(history: readonly HistoryRecord[], found: FoundCause | null): Markup {
  const judged = history.filter(({ step }) => found === null || step < found.step)
    .flatMap((record) => {
      const [gravest, ...others] = gravestOf(record);
      return gravest === undefined ? [] : [{ record, gravest, others: others.length }];
    });
  const first = judged.filter(({ gravest }, i) =>
    judged.findIndex((one) => one.gravest.rule === gravest.rule) === i
  );
  return markup`${
    first.slice(0, MOST_BEFORE).map(({ record, gravest, others }) =>
      markup`<p class="small"><b class="${gravest.severity}">At step ${at(record)}:</b> <bdi>${
        prose(gravest.message)
      }</bdi>${others === 0 ? null : ` And ${others} more.`}</p>`
    )
  }`;
}
