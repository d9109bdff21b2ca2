import type { TensorStatistics } from "../measure/measurements.ts";
import { formatCount, formatNumber, formatPercent, roundTo } from "../words/numbers.ts";
import { type Markup, markup } from "./markup.ts";
import { PathData } from "./path_data.ts";

/** Tensor to draw. */
interface Drawn {
  title: string;
  statistics: TensorStatistics;
  /** Standard deviation to compare with, drawn as the curve of a normal draw; `null` for none. */
  target?: Target | null;
}

/** Standard deviation that a kernel should have. */
export interface Target {
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
    const height = Math.max(1, round(HEIGHT * 0.94 * count / most));
    return `M${round(i * width)} ${HEIGHT}v-${height}h${round(width - 0.5)}v${height}z`;
  }).join("");
  return markup`<svg viewBox="-4 0 ${WIDTH + 8} ${HEIGHT + 16}" role="img" aria-label="${title}: ${
    spanOf(columns)
  }"><path class="columns" d="${bars}"/><path class="floor" d="M0 ${HEIGHT}h${WIDTH}"/>${
    target === null || target.std <= 0
      ? null
      : markup`<path class="target" d="${curveOf(counts, limit, target)}"/>`
  }${
    labels.map(({ at, text, anchor }) =>
      markup`<text x="${round(at * WIDTH)}" y="${
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

const round = (value: number) => Math.round(value * 10) / 10;
