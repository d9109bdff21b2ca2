import { type GateFinding, saidOf } from "../core/rules/finding.ts";
import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../core/measure/measurements.ts";
import { callPlace } from "../core/model/layers/layer_source.ts";
import {
  foldLayers,
  kernelOf,
  type LayerFold,
  severitiesOf,
  worstOf,
} from "../core/text/fold_layers.ts";
import { isOpen } from "../core/text/gate_words.ts";
import { layerTable } from "../core/text/layer_table.ts";
import { nearestDraw } from "../core/rules/weights/weights_alone.ts";
import { isKernel } from "../ground/theory/weight_kinds.ts";
import { formatCount, formatNumber, formatPercent, roundTo } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup, PathData, toTenth } from "./markup.ts";

/** Tensor to draw. */
interface Drawn {
  title: string;
  statistics: TensorStatistics;
  /** Standard deviation to compare with, drawn as the curve of a normal draw; `null` for none. */
  target?: Target | null;
}

/** Standard deviation that a kernel should have. */
interface Target {
  /** Its name in words: `target`, or the initialiser that draws it. */
  name: string;
  std: number;
  /** True if it is drawn uniformly, not normally. Default: false. */
  isUniform?: boolean;
}

const WIDTH = 240;
const HEIGHT = 64;
/** The curve ends this many standard deviations from 0. */
const CURVE_END = 3.5;
const CURVE_STEP = 0.125;

/** Columns of a histogram, and the labels of its axis. */
interface Columns {
  counts: readonly number[];
  labels: readonly { at: number; anchor: "start" | "middle" | "end"; text: string }[];
  /** Value at the right end. */
  limit: number;
}

/** Draws the distribution of a tensor's entries, and its figures; only the figures if none was counted. */
export function drawHistogram({ title, statistics, target = null }: Drawn): Markup {
  const { std, mean, zeroFraction, nonFinite } = statistics;
  const columns = columnsOf(statistics);
  const facts = [
    ...target === null ? [] : [`${target.name} ${formatNumber(roundTo(2, target.std))}`],
    ...Math.abs(mean) > std / 10 ? [`mean ${formatNumber(roundTo(2, mean))}`] : [],
    ...zeroFraction > 0.005
      ? [`${formatPercent(zeroFraction).replaceAll(" ", "\u00a0")} zero`]
      : [],
    ...nonFinite > 0 ? [`${formatCount(nonFinite, "entry", "entries")} NaN or infinite`] : [],
  ];
  return markup`<figure class="hist">${
    columns === null ? null : drawColumns(title, columns, target)
  }<figcaption><b>${title}</b> ${
    [`std ${formatNumber(roundTo(2, std))}`, ...facts].join(", ")
  }</figcaption></figure>`;
}

function drawColumns(title: string, columns: Columns, target: Target | null): Markup {
  const { counts, labels, limit } = columns;
  const most = Math.max(1, ...counts);
  const width = WIDTH / counts.length;
  const bars = counts.map((count, i) => {
    if (count === 0) return "";
    const height = Math.max(1, toTenth(HEIGHT * 0.94 * count / most));
    return `M${toTenth(i * width)} ${HEIGHT}v-${height}h${toTenth(width - 0.5)}v${height}z`;
  }).join("");
  return markup`<svg viewBox="-4 0 ${WIDTH + 8} ${HEIGHT + 16}" role="img" aria-label="${title}: ${
    spanOf(columns)
  }"><path class="columns" d="${bars}"/><path class="floor" d="M0 ${HEIGHT}h${WIDTH}"/>${
    target === null || target.std <= 0
      ? null
      : markup`<path class="target" d="${curveOf(counts, limit, target)}"/>`
  }${
    labels.map(({ at, text, anchor }) =>
      markup`<text x="${toTenth(at * WIDTH)}" y="${
        HEIGHT + 13
      }" text-anchor="${anchor}">${text}</text>`
    )
  }</svg>`;
}

/** Returns the curve of as many entries, drawn from the distribution of mean 0. */
function curveOf(
  counts: readonly number[],
  limit: number,
  { std: target, isUniform = false }: Target,
): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(1, ...counts);
  const line = new PathData();
  const perColumn = total * 2 * limit / counts.length / target / most;
  if (isUniform) {
    const end = Math.sqrt(3);
    const half = Math.min(1, end * target / limit) * WIDTH / 2;
    const top = HEIGHT * (1 - Math.min(1, 0.94 * perColumn / (2 * end)));
    line.line(WIDTH / 2 - half, HEIGHT);
    line.line(WIDTH / 2 - half, top);
    line.line(WIDTH / 2 + half, top);
    line.line(WIDTH / 2 + half, HEIGHT);
    return line.text;
  }
  const scale = perColumn / Math.sqrt(2 * Math.PI);
  for (let z = -CURVE_END; z <= CURVE_END; z += CURVE_STEP) {
    const x = WIDTH / 2 * (1 + z * target / limit);
    const height = Math.min(1, 0.94 * scale * Math.exp(-z * z / 2));
    if (x < 0 || x > WIDTH) line.lift();
    else line.line(x, HEIGHT - HEIGHT * height);
  }
  return line.text;
}

/** Returns the columns by value; `null` if none were counted. */
function columnsOf({ bins }: TensorStatistics): Columns | null {
  if (bins === undefined) return null;
  const { counts, limit } = bins;
  const half = counts.length / 2;
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  // The same width on both sides of 0.
  const kept = Math.max(half - first, last + 1 - half, 4);
  const end = limit * kept / half;
  return {
    counts: counts.slice(half - kept, half + kept),
    limit: end,
    labels: [
      { at: 0, anchor: "start", text: formatNumber(roundTo(2, -end)) },
      { at: 0.5, anchor: "middle", text: "0" },
      { at: 1, anchor: "end", text: formatNumber(roundTo(2, end)) },
    ],
  };
}

/** Describes the range for screen readers. */
function spanOf({ labels }: Columns): string {
  return `entries from ${labels[0].text} to ${labels[labels.length - 1].text}`;
}

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
    statistics === null || (title === "z" && isSame(statistics, activations))
      ? []
      : [[title, statistics]]
  );
}

/** Returns true if a layer without an activation would be drawn twice. */
function isSame(z: TensorStatistics, a: TensorStatistics | null): boolean {
  return a !== null && z.mean === a.mean && z.std === a.std && z.maxAbs === a.maxAbs;
}
