import { measurementShape } from "../rules/shapes/measurement_shape.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import {
  anyObject,
  list,
  nullable,
  number,
  object,
  optional,
  requireValue,
  string,
} from "../words/shape.ts";
import type { TrainingStep } from "../training/training_step.ts";
import { COLUMN_STYLE } from "./column_axis.ts";
import {
  errorsOf,
  foundAt,
  type FoundCause,
  foundCause,
  type HistoryRecord,
  shownRecords,
  shownSteps,
} from "./history_view.ts";
import { type Markup, markup, shortTitle } from "./markup.ts";
import { renderPage } from "./page.ts";
import { causeShape } from "./page_shapes.ts";
import { showCause } from "./show_lead.ts";
import { showTraining, tableOfSteps, toneOf } from "./show_training.ts";

/** Number of findings that are listed; the rest is counted. */
const MOST_FINDINGS = 6;

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
});

/** Options of {@linkcode renderHistoryPage}. */
export interface HistoryPageOptions {
  /**
   * Signals of every step: `steps` of the monitor. The page then shows the training loss beside the
   * held-out one, and what happened between two measurements. Default: none.
   */
  steps?: readonly TrainingStep[];
}

/**
 * Renders the history of `healthMonitor` as one self-contained page: the problem and the step at
 * which it was found, the loss, the largest growth and update ratio of the kernels over the steps,
 * heat maps (layer by step) of gradients, activations, growth and update ratio, and all of it in
 * tables. Of more than 100 records evenly spaced ones are shown, and the measurements of the others
 * are not read.
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
  const { steps = [] } = options;
  const found = foundCause(history, steps);
  const { lead, lines, maps } = showTraining(records, shownSteps(steps), found);
  const name = shortTitle(last.measurements.model.name);
  const section = (id: string, title: string, body: Markup | null) =>
    body === null ? [] : [{ id, title, body }];
  return renderPage({
    title: `${name}: training`,
    header:
      markup`<div class="lead"><div class="lead-said"><p class="kicker"><bdi>${name}</bdi></p>${
        verdictOf(history, found)
      }${
        showWrong(found, [history[0], last])
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

/** Verdicts on causes in training, by their kind. */
const VERDICTS: Readonly<Record<string, string>> = {
  standstill: "Nothing was learned",
  "rate-too-high": "The step is too large",
  "rate-too-low": "Nothing was learned: the step is too small",
  "not-learning": "Nothing was learned",
  "not-finite": "Figures are NaN or infinite",
  spike: "The loss jumped",
  "loss-rises": "The loss rises",
  plateau: "The loss stands still",
  overfitting: "The network overfits",
  "units-dying": "Units die",
  "layer-still": "A layer does not move",
  "attention-collapses": "An attention collapses",
  "weights-shrink": "The weights shrink",
};

function verdictOf(history: readonly HistoryRecord[], found: FoundCause | null): Markup {
  const broken = history.find((record) => record.step > 0 && errorsOf(record).length > 0);
  const after = ({ step }: { step: number }) => formatCount(step, "batch", "batches");
  if (found !== null) {
    const { kind } = found.cause;
    const said = VERDICTS[kind] ?? "The training goes wrong";
    return markup`<h1 class="verdict ${toneOf(found)} sentence">${said}, found after ${
      after(found)
    }</h1>`;
  }
  if (broken !== undefined) {
    return markup`<h1 class="verdict error sentence">Errors from ${after(broken)} on</h1>`;
  }
  // If the loss had not moved, these errors would be a cause.
  const before = history[0].step === 0 ? errorsOf(history[0]).length : 0;
  return markup`<h1 class="verdict healthy sentence">No rule found an error${
    before > 0 ? " once training had begun" : null
  }</h1>`;
}

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
      `${formatCount(last.step, "batch", "batches")}, ${formatCount(last.epoch, "epoch")}`,
    ],
    [
      "Measured",
      `${formatCount(history.length, "time")}, on ${formatCount(batch.examples, "example")}`,
    ],
    [
      "Objective",
      `${escapeControls(objective.name)}, from ${
        formatNumber(first.measurements.objective.value)
      } to ${formatNumber(objective.value)}`,
    ],
  ];
  return markup`<dl class="facts">${
    facts.map(([label, words]) => markup`<dt>${label}</dt><dd><bdi>${words}</bdi></dd>`)
  }</dl>`;
}

/** Shows the cause in training, or else what the objective did and the errors at the end. */
function showWrong(
  found: FoundCause | null,
  [first, last]: readonly HistoryRecord[],
): Markup {
  if (found !== null) return showCause(found.cause, found.layers);
  const errors = errorsOf(last);
  const values = [first, last].map(({ measurements: { objective } }) => objective.value);
  return markup`<p class="lead-cause">The objective went from ${formatNumber(values[0])} to ${
    formatNumber(values[1])
  } in ${formatCount(last.step, "batch", "batches")}.</p>${
    errors.length === 0
      ? null
      : markup`<ul>${
        errors.slice(0, MOST_FINDINGS).map(({ rule, message }) =>
          markup`<li><b class="error">${rule}</b> <bdi>${escapeControls(message)}</bdi></li>
      `
        )
      }${
        errors.length > MOST_FINDINGS
          ? markup`<li>and ${errors.length - MOST_FINDINGS} more</li>`
          : null
      }</ul>`
  }`;
}
