import { type ColumnAxis, drawTicks } from "./column_axis.ts";
import { shortName } from "./draw_heat_map.ts";
import { type Markup, markup, toTenth } from "./markup.ts";

/** Verdict in a column of a strip. */
export interface StripVerdict {
  /** Class of its colour, such as `well`. */
  paint: string;
  words: string;
}

/** Verdicts over scales or steps. */
export interface Strip {
  /** Name of its subject. */
  name: string;
  /** Verdict in each column of the axis; `null` if it is that of the column before. */
  verdicts: readonly (StripVerdict | null)[];
  /** Place of the dot that marks the best scale, on the axis. Default: none. */
  best?: number | null;
}

/** Strips below each other, on one axis. */
interface Strips {
  strips: readonly Strip[];
  axis: ColumnAxis;
}

/** Size of the strips in an image. */
export const STRIP = { width: 1120, from: 150, to: 1112, top: 4 };
const ROW = 30;
const GAP = 4;
/** Maximum width of a letter, so that words stay within their piece. */
const LETTER = 8.5;
const LONGEST = 19;

/**
 * Draws strips for an image; neighbours with the same verdict share one label, if it fits.
 *
 * @param strips Strips whose axis spans `STRIP`.
 */
export function drawStrips({ strips, axis }: Strips): Markup {
  const bottom = STRIP.top + strips.length * ROW;
  return markup`<svg class="verdicts" viewBox="0 0 ${STRIP.width} ${
    bottom + 24
  }" aria-hidden="true">${
    strips.map((strip, i) => {
      const y = STRIP.top + i * ROW;
      return markup`<text x="${STRIP.from - 12}" y="${y + 18}" text-anchor="end">${
        shortName(strip.name, LONGEST)
      }</text>${drawPieces(strip, axis.edges, { y, height: ROW - GAP })}${
        strip.best == null
          ? null
          : markup`<path class="best-dot" d="M${strip.best} ${y + (ROW - GAP) / 2}h0"/>`
      }`;
    })
  }${drawTicks(axis, bottom)}</svg>`;
}

/** Room of a strip: its place, and the width on its right for the words of a narrow last piece. */
interface PieceRoom {
  y: number;
  height: number;
  spare?: number;
}

/** Draws the pieces of a strip with these edges. */
export function drawPieces(
  strip: Strip,
  edges: readonly number[],
  { y, height, spare = 0 }: PieceRoom,
): Markup {
  const pieces = piecesOf(strip, edges);
  const last = pieces.at(-1);
  const isBeside = last !== undefined && last.width < last.words.length * LETTER &&
    last.words.length * LETTER <= spare;
  return markup`${
    pieces.map(({ paint, words, from, width, hasDot }) =>
      markup`<rect class="${paint}" x="${from}" y="${y}" width="${width}" height="${height}"><title>${words}</title></rect>${
        words.length * LETTER <= width && !hasDot
          ? markup`<text class="on-${paint}" x="${Math.round(from + width / 2)}" y="${
            y + height / 2 + 5
          }" text-anchor="middle">${words}</text>`
          : null
      }`
    )
  }${
    isBeside
      ? markup`<text x="${last.from + last.width + 8}" y="${
        y + height / 2 + 5
      }">${last.words}</text>`
      : null
  }`;
}

/**
 * Shows strips as a table, which fits a screen of any width.
 *
 * @param strips Strips whose axis is from 0 to 100, and the headings of both columns.
 */
export function showStrips(
  { strips, axis, headings }: Strips & { headings: [name: string, verdicts: string] },
): Markup {
  return markup`<table class="strips"><thead><tr>${
    headings.map((heading) => markup`<th scope="col">${heading}</th>`)
  }</tr></thead><tbody>${
    strips.map((strip) =>
      markup`<tr><th scope="row"><bdi>${
        shortName(strip.name, LONGEST)
      }</bdi></th><td><svg class="verdicts" width="100%" height="${
        ROW - GAP
      }" role="img" aria-label="${spoken(strip)}">${
        piecesOf(strip, axis.edges).map(({ paint, words, from, width, hasDot }) =>
          markup`<rect class="${paint}" x="${from}%" width="${width}%" height="100%"><title>${words}</title></rect>${
            words.length * LETTER <= width / 100 * (STRIP.to - STRIP.from) && !hasDot
              ? markup`<text class="on-${paint} spare" x="${
                toTenth(from + width / 2)
              }%" y="18" text-anchor="middle">${words}</text>`
              : null
          }`
        )
      }${
        strip.best == null
          ? null
          : markup`<circle class="best" cx="${strip.best}%" cy="50%" r="4"/>`
      }</svg></td></tr>
      `
    )
  }<tr><td class="soft">scale</td><td><svg class="axis" width="100%" height="20" aria-hidden="true">${
    axis.ticks.map(({ x, label }) =>
      markup`<text x="${x}%" y="14" text-anchor="middle">${label}</text>`
    )
  }</svg></td></tr></tbody></table>`;
}

/** Shows the key to the colours of strips; verdicts with the same colour share an entry. */
export function stripsKey(strips: readonly Strip[], first: readonly StripVerdict[] = []): Markup {
  const known = new Map<string, Set<string>>();
  for (const verdict of [...first, ...strips.flatMap(({ verdicts }) => verdicts)]) {
    if (verdict === null) continue;
    known.set(verdict.paint, (known.get(verdict.paint) ?? new Set()).add(verdict.words));
  }
  return markup`<ul class="key">${
    [...known].map(([paint, words]) =>
      markup`<li><svg width="14" height="14" aria-hidden="true"><rect class="${paint}" width="14" height="14"/></svg>${
        [...words].join(", ")
      }</li>`
    )
  }${
    strips.every(({ best }) => best == null)
      ? null
      : markup`<li><svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><rect class="well" width="14" height="14"/><path class="best-dot" d="M7 7h0"/></svg>best scale</li>`
  }</ul>`;
}

/** Neighbouring columns with the same verdict. */
interface Piece extends StripVerdict {
  from: number;
  width: number;
  /** True if the dot of the best scale is in it, which would cover a word. */
  hasDot: boolean;
}

function piecesOf({ verdicts, best = null }: Strip, edges: readonly number[]): Piece[] {
  const pieces: (StripVerdict & { from: number; to: number })[] = [];
  for (const [i, verdict] of verdicts.entries()) {
    const piece = pieces.at(-1);
    const isSame = verdict === null || verdict.words === piece?.words;
    if (piece !== undefined && isSame) piece.to = edges[i + 1];
    else if (verdict !== null) pieces.push({ ...verdict, from: edges[i], to: edges[i + 1] });
  }
  return pieces.map(({ paint, words, from, to }) => ({
    paint,
    words,
    from,
    width: toTenth(to - from),
    hasDot: best !== null && from <= best && best <= to,
  }));
}

/** Says the verdicts of a strip for screen readers. */
function spoken({ verdicts }: Strip): string {
  const words = verdicts.flatMap((verdict) => verdict === null ? [] : [verdict.words]);
  return words.filter((word, i) => word !== words[i - 1]).join(", then ");
}
