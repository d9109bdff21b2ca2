import type { GateFinding } from "../gate/gate_result.ts";
import type { LayerMeasurements, Measurements, TensorStatistics } from "../measure/measurements.ts";
import { saidOf } from "../rules/finding.ts";
import { isOpen } from "../render/gate_words.ts";
import {
  foldLayers,
  kernelOf,
  type LayerFold,
  severitiesOf,
  worstOf,
} from "../render/fold_layers.ts";
import { layerTable } from "../render/layer_table.ts";
import { callPlace } from "../model/layers/layer_source.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount } from "../words/numbers.ts";
import { nearestDraw } from "../rules/weights/weights_alone.ts";
import { drawHistogram, type Target } from "./draw_histogram.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

/** If a layer has very many findings, only the first few are shown. */
const MOST_FINDINGS = 8;
const MOST_INPUTS = 6;

/** Selects the layers with their own section: of each fold of layers that are alike, the worst. */
export function layersInDetail(
  folds: readonly LayerFold[],
  findings: readonly GateFinding[],
  most: number,
): Set<string> {
  const severities = severitiesOf(findings);
  // In a file of weights alone, a normalisation has nothing to draw.
  const worst = folds.map((fold) => worstOf(fold, severities).group[0])
    .filter((layer) => severities.has(layer.name) || tensorsOf(layer).length > 0)
    .map(({ name }) => name);
  const chosen = new Set(worst.filter((name) => severities.has(name)).slice(0, most));
  const others = worst.filter((name) => !chosen.has(name));
  const room = Math.min(most - chosen.size, others.length);
  for (let i = 0; i < room; i++) chosen.add(others[Math.floor(i * others.length / room)]);
  return chosen;
}

/** Data of the layers to show one by one. */
interface LayersContent {
  measurements: Measurements;
  findings: readonly GateFinding[];
  /** Id of the paragraph of each finding. */
  placeOf: ReadonlyMap<GateFinding, string>;
  /** Layers that are alike. */
  folds: readonly LayerFold[];
  names: LayerNames;
}

/** Shows each layer: its inputs, its histograms, and the findings about it. */
export function showLayers(
  { measurements, findings, folds, placeOf, names }: LayersContent,
): Markup {
  const { layers } = measurements;
  const shown = layers.filter(({ name }) => names.isLinked(name));
  const about = new Map<string, GateFinding[]>();
  for (const finding of findings.filter(isOpen)) {
    for (const name of finding.layers ?? [finding.layer ?? ""]) {
      about.set(name, [...about.get(name) ?? [], finding]);
    }
  }
  const alike = new Map(folds.flatMap((fold) => {
    return fold.blocks.flat(2).map(({ name }) => [name, fold.blocks.length] as const);
  }));
  const targets = kernelTargets(measurements);
  const isFile = measurements.weightsOnly !== undefined;
  return markup`${
    shown.length === layers.length
      ? null
      : markup`<p>${shown.length} of ${
        formatCount(layers.length, "layer")
      }: the worst of those that are alike.</p>`
  }<p class="small soft">${isFile ? KEYS.file : KEYS.pass}</p><div class="layers${
    isFile ? " is-narrow" : ""
  }">${
    shown.map((layer) => {
      return showLayer(layer, about.get(layer.name) ?? [], {
        placeOf,
        names,
        alike: alike.get(layer.name) ?? 1,
        target: targets.get(layer.name) ?? null,
      });
    })
  }</div>`;
}

const KEYS = {
  pass: "Entries by value. z: before the activation; a: after it; delta: the gradient before it. " +
    "Green: a kernel of the standard deviation that fits.",
  file: "Weights by value. Green: a fresh draw of the usual initialiser whose spread is nearest.",
};

function showLayer(
  layer: LayerMeasurements,
  findings: readonly GateFinding[],
  { placeOf, names, alike, target }: Pick<LayersContent, "placeOf" | "names"> & {
    alike: number;
    target: Target | null;
  },
): Markup {
  const { name, className, activation, inputs = [], weights } = layer;
  const of = activation === null || activation === "linear"
    ? className
    : `${className}, ${activation}`;
  const kernel = kernelOf(layer);
  const place = callPlace(layer.source);
  return markup`<article id="${names.id(name)}" data-l="${names.id(name)}"><h3>${
    names.place(name) + 1
  }. <bdi>${escapeControls(name)}</bdi>${
    alike === 1 ? null : markup` <span class="about">${alike} layers alike</span>`
  }</h3>
    <p class="small soft">${escapeControls(of)}${
    inputs.length === 0 ? null : markup`; reads ${names.list(inputs, MOST_INPUTS)}`
  }${kernel === undefined ? null : `; ${formatCount(weights.length, "weight")}`}${
    place === null ? null : markup`; in <bdi>${escapeControls(place)}</bdi>`
  }</p>
    <div class="hists">${
    tensorsOf(layer).map(([title, statistics]) =>
      isNothing(statistics)
        ? markup`<p class="hist-none"><b>${title}</b> exactly 0</p>`
        : drawHistogram({ title, statistics, target: title === "kernel" ? target : null })
    )
  }</div>
    ${findings.length === 0 ? null : showFindings(findings, placeOf, names)}</article>
    `;
}

/** Shows the findings about a layer in one line that can be opened. */
function showFindings(
  findings: readonly GateFinding[],
  placeOf: LayersContent["placeOf"],
  names: LayerNames,
): Markup {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const gravest = findings.find(({ severity }) => severity === "error") ?? findings[0];
  return markup`<details><summary><span class="${gravest.severity}">${
    formatCount(findings.length, "finding")
  }</span>: ${rules.join(", ")}</summary><ul>${
    findings.slice(0, MOST_FINDINGS).map((finding) =>
      markup`<li><a href="#${placeOf.get(finding) ?? ""}">${finding.rule}</a>: ${
        names.say(saidOf(finding, "message"))
      }</li>`
    )
  }${
    findings.length > MOST_FINDINGS
      ? markup`<li>and ${findings.length - MOST_FINDINGS} more</li>`
      : null
  }</ul></details>`;
}

/** Returns the standard deviation that fits each kernel; in a file of weights alone, that of the nearest draw. */
function kernelTargets(measurements: Measurements): Map<string, Target> {
  if (measurements.weightsOnly !== undefined) {
    return new Map(
      measurements.layers.flatMap((layer) => {
        const kernel = layer.weights.find(isKernel);
        const near = kernel === undefined ? null : nearestDraw(layer, kernel);
        return near === null ? [] : [[layer.name, near]];
      }),
    );
  }
  const rows = layerTable(measurements, [], foldLayers(measurements.layers, { all: true }));
  return new Map(
    rows.flatMap(({ name, kernel }) =>
      kernel === null || kernel.target === null
        ? []
        : [[name, { name: "target", std: kernel.target }]]
    ),
  );
}

/** Returns true if all entries are 0: a word says it better than an empty panel. */
function isNothing({ maxAbs, nonFinite }: TensorStatistics): boolean {
  return maxAbs === 0 && nonFinite === 0;
}

/** Returns the tensors to draw, in the order of the pass. */
function tensorsOf(layer: LayerMeasurements): [string, TensorStatistics][] {
  const { preActivations, activations, preActivationGradients } = layer;
  const kernel = layer.weights.find(isKernel)?.values ?? null;
  return ([
    ["kernel", kernel],
    ["z", preActivations],
    ["a", activations],
    ["delta", preActivationGradients],
  ] as const).flatMap(([title, statistics]): [string, TensorStatistics][] =>
    statistics === null ? [] : [[title, statistics]]
  );
}
