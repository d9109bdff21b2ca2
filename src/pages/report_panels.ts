import type { Cause } from "../core/diagnosis/diagnosis.ts";
import type { LayerMeasurements, Measurements } from "../core/measure/measurements.ts";
import { type Chart, type ChartAxis, figureChart, ruleFigure } from "../core/text/chart_model.ts";
import { foldLayers, severitiesOf } from "../core/text/fold_layers.ts";
import { FIGURE_OF_RULE, layerTable, wrongLayers } from "../core/text/layer_table.ts";
import { reportCharts } from "../core/text/report_charts.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import type { Finding } from "../core/rules/finding.ts";
import { allRules } from "../core/rules/register_rule.ts";
import { blocksAlike } from "../core/rules/weights/blocks_alike.ts";
import { initScale } from "../core/rules/weights/init_scale.ts";
import { lecunFactor } from "../core/rules/weights/weights_alone.ts";
import { isKernel } from "../ground/theory/weight_kinds.ts";
import { type BarPanel, barPanel, type PanelContent, type Wrong } from "./bar_panel.ts";
import type { MapNode } from "./layer_map.ts";

/** Healthy kernels are within this factor of the target. */
const KERNEL_FACTOR = initScale.thresholds.initScaleFactor.default;

/** Report, and the rows and the axis of its panels. */
interface PanelRequest {
  report: DiagnosedReport;
  nodes: readonly MapNode[];
  scale: ChartAxis["scale"];
}

/** Builds the panels of a first screen, and returns the nodes that have a figure in any of them. */
export function leadPanels(request: PanelRequest): { panels: BarPanel[]; shown: MapNode[] } {
  const panels = panelsOf(request);
  const isShown = request.nodes.map((_, row) => panels.some(({ rows }) => rows[row] !== null));
  return {
    panels: panels.map((panel) => ({
      ...panel,
      rows: panel.rows.filter((_, row) => isShown[row]),
    })),
    shown: request.nodes.filter((_, row) => isShown[row]),
  };
}

/**
 * Builds the two panels of a first screen: the figure that the first cause is about, then gradients
 * and activations; of weights alone, the sizes of the kernels.
 */
function panelsOf(request: PanelRequest): BarPanel[] {
  const { measurements, diagnosis: { causes: [cause] } } = request.report;
  const wrong = cause === undefined ? null : causePanel(cause, request);
  if (wrong !== null) return [wrong, ...reportPanels(request, 1)];
  return measurements.weightsOnly === undefined ? reportPanels(request, 2) : sizePanels(request);
}

/**
 * Builds the panels of mean |gradient|, mean |activation| and mean |delta|, or the first of them.
 */
export function reportPanels(request: PanelRequest, most = Infinity): BarPanel[] {
  const { report: { measurements, findings, diagnosis }, scale } = request;
  const { after } = diagnosis;
  const before = chartsOf(measurements, findings, scale).slice(0, most);
  const fixed = after === undefined ? [] : chartsOf(after, [], scale);
  return before.map((chart) => {
    const [, name] = chart.title.match(/\((\w+)\)$/) ?? chart.title.match(/\|(\w+)\|/)!;
    return barPanel({
      ...contentOf({ ...chart, title: `mean |${name}|` }, request),
      fixed: fixed.find(({ title }) => title === chart.title) ?? null,
      wrong: wrongLayers(findings, name === "activation" ? "activation" : "gradient"),
      gains: name === "gradient" ? gainsOf(measurements.layers) : undefined,
    });
  });
}

const chartsOf = (
  { layers }: Measurements,
  findings: readonly Finding[],
  scale: ChartAxis["scale"],
) => reportCharts(foldLayers(layers, { all: true }), findings, { scale });

function contentOf(chart: Chart, { report, nodes }: PanelRequest): PanelContent {
  const { layers } = report.measurements;
  return {
    chart,
    fixed: null,
    rows: nodes.map(({ members }) => members),
    wrong: new Map(),
    origin: null,
    unjudged: new Set(layers.flatMap(({ role, name }) => role === "output" ? [name] : [])),
  };
}

/** Returns the layers with weights and no kernel. */
function gainsOf(layers: readonly LayerMeasurements[]): Set<string> {
  return new Set(
    layers.filter(({ weights }) => weights.length > 0 && !weights.some(isKernel))
      .map(({ name }) => name),
  );
}

/**
 * Builds the panel of the figure that a cause is about: the kernels beside their targets, or the
 * figure of the rule that found it; `null` if it is about no figure of a layer, or about the
 * gradients, which have their own panel.
 */
function causePanel(cause: Cause, request: PanelRequest): BarPanel | null {
  const { report: { measurements, findings, diagnosis: { after } } } = request;
  for (const { rule: name } of cause.findings) {
    const figure = FIGURE_OF_RULE[name];
    if (figure === "gradient") return null;
    if (figure === "kernel") {
      return barPanel({
        ...contentOf(kernelChart(measurements, findings), request),
        fixed: after === undefined ? null : kernelChart(after, []),
        wrong: inToneOf(cause, wrongLayers(findings, "kernel")),
        origin: 1,
        unjudged: new Set(),
      });
    }
    const rule = allRules().find((rule) => rule.name === name);
    const own = findings.filter((finding) => finding.rule === name);
    if (rule === undefined || !("figure" in rule)) continue;
    const chart = (one: Measurements) => figureChart(ruleFigure(rule.figure, one.layers), own);
    const before = chart(measurements);
    if (before.bars.length === 0) continue;
    return barPanel({
      ...contentOf(before, request),
      fixed: after === undefined ? null : chart(after),
      wrong: inToneOf(cause, severitiesOf(own)),
      isShare: /^share/.test(before.title),
    });
  }
  return null;
}

/**
 * Gives the layers that have a cause its severity: a rule that only warns may have found what makes
 * the network sick.
 */
function inToneOf(cause: Cause, wrong: ReadonlyMap<string, Wrong>): ReadonlyMap<string, Wrong> {
  const { severity } = cause;
  if (severity === "note") return wrong;
  return new Map(
    [...wrong].map(([name, found]) => [name, cause.layers.includes(name) ? severity : found]),
  );
}

/** Builds the panel of the sizes of the kernels, if there are any. */
function sizePanels(request: PanelRequest): BarPanel[] {
  const { measurements: { layers }, findings } = request.report;
  const own = findings.filter(({ rule }) => rule === blocksAlike.name || rule === initScale.name);
  const chart = figureChart(ruleFigure(blocksAlike.figure!, layers), own);
  if (chart.bars.length === 0) return [];
  return [barPanel({ ...contentOf(chart, request), wrong: severitiesOf(own) })];
}

/** Returns the standard deviations of the kernels as multiples of those that fit. */
function kernelChart(measurements: Measurements, findings: readonly Finding[]): Chart {
  if (measurements.weightsOnly !== undefined) return fileChart(measurements, findings);
  const rows = layerTable(measurements, [], foldLayers(measurements.layers, { all: true }));
  const chart = figureChart({
    title: "kernel std / target",
    scale: "log",
    rows: rows.map(({ name, kernel }) => ({
      label: name,
      value: kernel === null || kernel.target === null ? null : kernel.std / kernel.target,
    })),
  }, []);
  return { ...chart, band: { from: 1 / KERNEL_FACTOR, to: KERNEL_FACTOR } };
}

/** Returns the same for a file of weights alone, where the rule compares a kernel with LeCun's scheme. */
function fileChart({ layers }: Measurements, findings: readonly Finding[]): Chart {
  const said = new Map(
    findings.filter(({ rule }) => rule === initScale.name)
      .map(({ layer, measured }) => [layer, measured]),
  );
  return figureChart({
    title: "kernel std / LeCun",
    scale: "log",
    rows: layers.map((layer) => ({
      label: layer.name,
      value: said.get(layer.name) ?? lecunFactor(layer),
    })),
  }, []);
}
