import { formatNumber, formatWhole } from "../words/numbers.ts";
import { type Markup, markup } from "./markup.ts";
import { PathData } from "./path_data.ts";
import { type ValueScale, valueScale } from "./value_scale.ts";

/** A figure over the steps of a training. */
export interface Curve {
  /** Name at its end. */
  name: string;
  /** Class of its colour. */
  tone: string;
  values: readonly number[];
}

/** Size of a drawing of curves, which scales with the page. */
const SIZE = { width: 420, height: 150, left: 44, right: 330, top: 10, bottom: 126 };
/** Least distance of two names at the ends of curves. */
const LINE = 13;

/**
 * Draws curves over the steps of a training, to scale, with their names at their ends.
 *
 * @param limit Value of a dashed line and its name; `null` for none.
 */
export function drawCurves(
  curves: readonly Curve[],
  limit: { name: string; value: number } | null,
): Markup {
  const { width, height, left, right, top, bottom } = SIZE;
  const known = curves.flatMap(({ values }) => values.filter(Number.isFinite));
  const scale = valueScale([...known, ...limit === null ? [] : [limit.value]]);
  const steps = Math.max(1, ...curves.map(({ values }) => values.length - 1));
  const x = (step: number) => Math.round(left + (right - left) * step / steps);
  const y = (value: number) => Math.round(bottom - scale.at(value) * (bottom - top));
  const names = spread([
    ...curves.flatMap(({ name, tone, values }) => {
      const last = values.findLastIndex(Number.isFinite);
      return last === -1 ? [] : [{ name, tone, at: y(values[last]) }];
    }),
    ...limit === null ? [] : [{ name: limit.name, tone: "limit", at: y(limit.value) }],
  ]);
  return markup`<svg class="curves" viewBox="0 0 ${width} ${height}" aria-hidden="true">${
    drawScale(scale, y)
  }${
    limit === null
      ? null
      : markup`<path class="limit-line" d="M${left} ${y(limit.value)}H${right}"/>`
  }${
    curves.map(({ tone, values }) =>
      markup`<path class="${tone}-line" d="${pathOf(values, x, y)}"/>`
    )
  }${
    names.map(({ name, tone, at }) =>
      markup`<text class="${tone}" x="${right + 8}" y="${at + 4}">${name}</text>`
    )
  }<text x="${left}" y="${height - 8}">0</text><text x="${right}" y="${
    height - 8
  }" text-anchor="end">${formatWhole(steps)} steps</text></svg>`;
}

function pathOf(
  values: readonly number[],
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  const line = new PathData();
  for (const [step, value] of values.entries()) {
    if (Number.isFinite(value)) line.line(x(step), y(value));
    else line.lift();
  }
  return line.text;
}

function drawScale({ ticks }: ValueScale, y: (value: number) => number): Markup {
  const { left, right } = SIZE;
  return markup`<path class="lines" d="${
    ticks.map((tick) => `M${left} ${y(tick)}H${right}`).join("")
  }"/>${
    ticks.map((tick) =>
      markup`<text x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${
        formatNumber(tick)
      }</text>`
    )
  }`;
}

/** Moves names apart that would overlap. */
function spread<T extends { at: number }>(names: readonly T[]): T[] {
  let last = -Infinity;
  return names.toSorted((a, b) => a.at - b.at).map((name) => {
    last = Math.max(name.at, last + LINE);
    return { ...name, at: last };
  });
}
