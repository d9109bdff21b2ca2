import type { VariantSummary } from "../study/study_summary.ts";
import { drawTicks, scaleAxis } from "./column_axis.ts";
import { shortName } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import { verdictClass, verdictsOf } from "./scale_marks.ts";

const SIZE = { width: 1120, from: 150, to: 1112, top: 4 };
const ROW = 30;
const GAP = 4;
/** Maximum width of a letter, so that words stay within their piece. */
const LETTER = 7.2;
const LONGEST = 19;

/**
 * Draws the verdict at every scale, a row for each variant; neighbours with the same verdict share
 * one label, if it fits.
 */
export function drawVerdicts(
  variants: readonly VariantSummary[],
  rules: readonly string[],
): Markup {
  const scales = [...new Set(variants.flatMap(({ scales }) => scales.map(({ scale }) => scale)))]
    .sort((a, b) => a - b);
  const axis = scaleAxis(scales, SIZE);
  const bottom = SIZE.top + variants.length * ROW;
  return markup`<svg class="verdicts" viewBox="0 0 ${SIZE.width} ${
    bottom + 24
  }" aria-hidden="true">${
    variants.map((variant, i) => {
      // The dot would cover the word.
      const hasBest = (first: number, last: number) =>
        variant.best !== null && first <= variant.best.scale && variant.best.scale <= last;
      const y = SIZE.top + i * ROW;
      return markup`<text x="${SIZE.from - 12}" y="${y + 18}" text-anchor="end">${
        shortName(variant.label, LONGEST)
      }</text>${
        runsOf(variant, rules).map(({ first, last, rule, words }) => {
          const left = axis.edges[scales.indexOf(first)];
          const right = axis.edges[scales.indexOf(last) + 1];
          const width = Math.round((right - left) * 10) / 10;
          return markup`<rect class="${
            verdictClass(rule)
          }" x="${left}" y="${y}" width="${width}" height="${
            ROW - GAP
          }"><title>${words}</title></rect>${
            words.length * LETTER <= width && !hasBest(first, last)
              ? markup`<text class="on-${verdictClass(rule)}" x="${
                Math.round(left + width / 2)
              }" y="${y + 18}" text-anchor="middle">${words}</text>`
              : null
          }`;
        })
      }${
        variant.best === null
          ? null
          : markup`<path class="best-dot" d="M${axis.at(variant.best.scale)} ${
            y + (ROW - GAP) / 2
          }h0"/>`
      }`;
    })
  }${drawTicks(axis, bottom)}</svg>`;
}

/** Shows the verdict at every scale as a table of strips, which fit a screen of any width. */
export function showVerdicts(
  variants: readonly VariantSummary[],
  rules: readonly string[],
): Markup {
  const scales = [...new Set(variants.flatMap(({ scales }) => scales.map(({ scale }) => scale)))]
    .sort((a, b) => a - b);
  const axis = scaleAxis(scales, { from: 0, to: 100 });
  const share = (place: number) => Math.round(place * 100) / 100;
  return markup`<table class="strips"><thead><tr><th scope="col">network</th><th scope="col">verdict at every scale</th></tr></thead><tbody>${
    variants.map((variant) =>
      markup`<tr><th scope="row"><bdi>${
        shortName(variant.label, LONGEST)
      }</bdi></th><td><svg class="verdicts" width="100%" height="${ROW - GAP}" aria-hidden="true">${
        runsOf(variant, rules).map(({ first, last, rule, words }) => {
          const left = axis.edges[scales.indexOf(first)];
          const width = axis.edges[scales.indexOf(last) + 1] - left;
          return markup`<rect class="${verdictClass(rule)}" x="${share(left)}%" width="${
            share(width)
          }%" height="100%"><title>${words}</title></rect>${
            words.length * LETTER <= width / 100 * (SIZE.to - SIZE.from) && rule !== null
              ? markup`<text class="on-${verdictClass(rule)} spare" x="${
                share(left + width / 2)
              }%" y="18" text-anchor="middle">${words}</text>`
              : null
          }`;
        })
      }${
        variant.best === null
          ? null
          : markup`<circle class="best" cx="${
            share(axis.at(variant.best.scale))
          }%" cy="50%" r="4"/>`
      }</svg></td></tr>
      `
    )
  }<tr><td></td><td><svg class="axis" width="100%" height="20" aria-hidden="true">${
    axis.ticks.map(({ x, label }) =>
      markup`<text x="${share(x)}%" y="14" text-anchor="middle">${label}</text>`
    )
  }</svg></td></tr></tbody></table>`;
}

/** Returns the runs of neighbouring scales with the same verdict. */
function runsOf(variant: VariantSummary, rules: readonly string[]) {
  const runs: { first: number; last: number; rule: string | null; words: string }[] = [];
  for (const [i, verdict] of verdictsOf(variant, rules).entries()) {
    const { scale } = variant.scales[i];
    const run = runs.at(-1);
    if (run !== undefined && run.words === verdict.words) run.last = scale;
    else runs.push({ ...verdict, first: scale, last: scale });
  }
  return runs;
}

/** Draws the key to the colours of verdicts; verdicts with the same colour share an entry. */
export function verdictsKey(variants: readonly VariantSummary[], rules: readonly string[]): Markup {
  const words = new Map<string, Set<string>>([["well", new Set(["healthy"])]]);
  for (const run of variants.flatMap((variant) => runsOf(variant, rules))) {
    const name = verdictClass(run.rule);
    words.set(name, (words.get(name) ?? new Set()).add(run.words));
  }
  return markup`<ul class="key">${
    [...words].map(([name, said]) =>
      markup`<li><svg width="14" height="14" aria-hidden="true"><rect class="${name}" width="14" height="14"/></svg>${
        [...said].join(", ")
      }</li>`
    )
  }<li><svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><rect class="well" width="14" height="14"/><path class="best-dot" d="M7 7h0"/></svg>best scale</li></ul>`;
}
