import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { describeModel, failureMessage } from "../../../src/core/assert/failure_message.ts";
import { healthMessage } from "../../../src/core/assert/health_message.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { formatBaseline, updateBaseline } from "../../../src/gate/write_baseline.ts";
import type { GateRun } from "../../../src/core/diagnosis/gate_result.ts";
import { parseBaseline } from "../../../src/gate/find_baseline.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { barChart } from "../../../src/core/text/bar_chart.ts";
import { parseReport, renderGateJson, renderJson } from "../../../src/core/text/report_document.ts";
import { renderStudyJson } from "../../../src/study/text/study_json.ts";
import { renderGateText } from "../../../src/gate/text/render_gate_text.ts";
import { renderGithub } from "../../../src/gate/text/render_github.ts";
import { renderMarkdown } from "../../../src/core/text/render_markdown.ts";
import {
  renderStudy,
  renderStudyMarkdown,
  renderStudySummary,
} from "../../../src/study/text/render_study.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import { studyCsvHeading, studyCsvRows } from "../../../src/study/study_csv.ts";
import { summarizeStudy } from "../../../src/study/study.ts";
import { oneLine } from "../../../src/ground/words/failure.ts";
import { anyFindings, anyMeasurements } from "../../core/text/arbitrary.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";
import { gateResult, gateRun } from "../../gate/text/sample_gate.ts";
import { makeHeader, makeLayer, makePoints } from "../../networks/studies.ts";
import type { Chance } from "../chance.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { nameOf, namesOf } from "../odd_layer_names.ts";
import {
  locate,
  parseCsv,
  readCell,
  requireLines,
  requireVisible,
  tryMarkdown,
  trySarif,
  tryXml,
} from "../parse_outputs.ts";

export const target: FuzzTarget = {
  name: "layer_names",
  about: "Whatever a layer is called, every output is valid, shows no control and tells it apart.",
  shortRun: 15,
  open() {
    return Promise.resolve({
      tryOne(chance) {
        const names = namesOf(chance);
        const measured = measuredWith(names, chance);
        const findings = findingsOn(names, chance);
        tryReport(measured, findings, chance);
        tryMessages(measured, names, chance);
        tryGate(names, measured, findings, chance);
        tryStudy(names, chance);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

const sample = <T>(arbitrary: fc.Arbitrary<T>, chance: Chance): T =>
  structuredClone(fc.sample(arbitrary, { numRuns: 1, seed: chance.integer(0, 2 ** 31 - 1) })[0]);

function measuredWith(names: string[], chance: Chance): Measurements {
  const own = names.map((name) => layer(name, {}, { absent: { activations: nameOf(chance) } }));
  const any = chance.happens(0.5) ? sample(anyMeasurements, chance) : measurements(own);
  const model = { ...any.model, name: nameOf(chance), source: nameOf(chance) };
  const layers = any.layers.map((one, i) => ({ ...one, name: names[i] ?? one.name }));
  return { ...any, model, layers, objective: { ...any.objective, name: nameOf(chance) } };
}

function findingsOn(names: string[], chance: Chance): Finding[] {
  if (chance.happens(0.3)) return sample(anyFindings, chance);
  return names.map((name) =>
    finding(name, {
      rule: chance.one(["dead-units", "symmetry"]),
      severity: chance.one(["error", "warning", "note"] as const),
      expected: nameOf(chance),
      message: `The layer ${name} is off: ${nameOf(chance)}.`,
      fix: `Scale ${name}.`,
    })
  );
}

function tryReport(measured: Measurements, findings: Finding[], chance: Chance): void {
  const width = chance.integer(20, 120);
  const unicode = chance.happens(0.5);
  requireLines(renderText(measured, findings, { width, unicode }), width, "the report");
  const json = renderJson(measured, findings);
  requireVisible(json, "JSON");
  assertEquals(parseReport(json), { measurements: measured, findings });
}

function tryMessages(measured: Measurements, names: string[], chance: Chance): void {
  const errors = names.flatMap((name) =>
    RULES.filter(() => chance.happens(0.4)).map((rule) =>
      finding(name, { rule: rule.name, message: `${name} is off.`, fix: `Scale ${name}.` })
    )
  );
  const rows = names.map((label) => ({ label, value: 1 }));
  const layers = names.map((name) => ({ name, className: nameOf(chance) }));
  const figure = { title: "l2", scale: "log" as const, rows };
  const texts = [
    describeModel(measured),
    ...errors.length === 0 ? [] : [
      healthMessage({ measurements: measured, diagnosis: diagnose(measured, errors) }, undefined),
      failureMessage({ rule: RULES[0], subject: measured, errors, layers, figure }, undefined),
    ],
    oneLine(names.join("\n")),
  ];
  for (const text of texts) {
    requireVisible(text, "a message");
    assert(text.split("\n").length <= 25, "a message is too long");
  }
  for (const found of runRules(measured)) requireVisible(oneLine(found.message), "a finding");
  const chart = barChart(rows, { width: 80 }).split("\n").slice(1);
  assertEquals(new Set(chart).size, names.length, "two bars look alike");
}

function tryGate(names: string[], measured: Measurements, findings: Finding[], chance: Chance) {
  const runs = names.map((model): GateRun => {
    if (chance.happens(0.1)) {
      return gateRun([], { model, path: model, measurements: null, error: nameOf(chance) });
    }
    const own = findings.map((one) =>
      chance.happens(0.3) ? { ...one, severity: "note" as const, suppressed: nameOf(chance) } : one
    );
    return gateRun(own, { model, path: nameOf(chance), measurements: measured });
  });
  const result = gateResult(runs, {
    configuration: nameOf(chance),
    findings: [finding(null, { rule: "unused-suppression", message: nameOf(chance) })],
  });
  const width = chance.integer(20, 120);
  requireLines(renderGateText(result, { width }), width, "the gate's text");
  const json = renderGateJson(result);
  requireVisible(json, "the gate's JSON");
  assertEquals(JSON.parse(json).runs.map(({ name }: { name: string }) => name), names);
  tryXml(result, names);
  trySarif(result);
  for (const line of renderGithub(result, locate).split("\n").slice(0, -1)) {
    requireVisible(line, "GitHub");
    assert(/^::(error|warning|notice) (file=[^,:]*,)?(line=7,)?title=[^,:]*::/.test(line), line);
  }
  tryMarkdown(renderMarkdown(result, { maxBytes: Infinity }), "the gate's Markdown");
  const passes = names.map((model) => ({ model, seed: 0, measurements: measured }));
  const baseline = formatBaseline(updateBaseline({}, passes));
  requireVisible(baseline, "the baseline");
  parseBaseline(baseline, "a.json");
}

function tryStudy(names: string[], chance: Chance): void {
  const activation = chance.one(["tanh", "relu", null]);
  const plain = makeHeader({ scales: [0.5, 1, 2] });
  const header = {
    ...plain,
    model: { name: nameOf(chance), source: nameOf(chance), fingerprint: "0" },
    objective: nameOf(chance),
    layers: nameOf(chance),
    grid: { ...plain.grid, activations: [activation] },
  };
  const layers = names.map((name, i) =>
    makeLayer(name, { activation: nameOf(chance), sigma: chance.one([1, null]), gradient: 1 + i })
  );
  const points = makePoints(header, () => ({ layers, activation, plain: false }));
  const csv = `${studyCsvHeading({})}${points.map(studyCsvRows).join("")}`;
  requireVisible(csv, "CSV");
  const [heading, ...rows] = parseCsv(csv);
  assertEquals(new Set(rows.map(({ length }) => length)), new Set([heading.length]));
  const column = (name: string) => heading.indexOf(name);
  const read = rows.slice(0, names.length).map((row) => readCell(row[column("layer")]));
  assertEquals(read, names);
  for (const row of rows) {
    for (const name of ["layer", "activation", "layerActivation"]) {
      assert(!/^[=+\-@]/.test(row[column(name)]), `a formula: ${row[column(name)]}`);
    }
  }
  const study = { ...header, points };
  const json = renderStudyJson(study);
  requireVisible(json, "a study");
  assertEquals(JSON.parse(json).points[0].layers.map((one: { name: string }) => one.name), names);
  const summary = summarizeStudy(study);
  const summed = renderStudySummary(summary);
  requireVisible(summed, "a summary");
  assertEquals(JSON.parse(summed).variants[0].activation, activation);
  const width = chance.integer(40, 120);
  requireLines(renderStudy(summary, { width }), width, "the study's text");
  tryMarkdown(renderStudyMarkdown(summary), "the study's Markdown");
}
