/** Rows of a high tile and of a low one. */
const HIGH = 5, LOW = 4;
/** Number of unrolled steps; a vector of A holds an entry of four. */
const STEPS = 8;

const each = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
const broadcast = (vector: string, lane: number) =>
  `t = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane});`;

/** Joins the lines of an AssemblyScript function. */
const lines = (...all: string[]) => all.map((line) => `    ${line}\n`).join("");
const accumulate = (
  row: number,
) => [`x${row} = madd(t, p, x${row});`, `y${row} = madd(t, q, y${row});`];

/**
 * Rows of a tile whose entries are loaded, each into all lanes; those of the others are shuffled
 * from one vector.
 */
const LOADED: Record<number, readonly number[]> = { [HIGH]: [1, 4], [LOW]: [0, 3] };

/**
 * Returns one step: every entry of a column of A, times both vectors of a row of B.
 *
 * @param at Offset of the first four entries of the column, in bytes from `a`.
 * @param fifth Offset of the fifth one of a high tile.
 */
function step(rows: number, at: number, fifth: number): string {
  const entry = (row: number) =>
    LOADED[rows].includes(row)
      ? `t = v128.load32_splat(a, ${row < LOW ? at + 4 * row : fifth});`
      : broadcast("s", row);
  return lines(
    ...["p = v128.load(b);", "q = v128.load(b, 16);", `s = v128.load(a, ${at});`],
    ...Array.from({ length: rows }, (_, row) => [entry(row), ...accumulate(row)]).flat(),
    "b += bStep;",
  );
}

/**
 * Returns unrolled step `number`. In a high tile, the fifth entries of four steps are stored
 * together.
 */
function wholeStep(rows: number, number: number): string {
  const four = 16 * rows * Math.floor(number / 4);
  const at = number % 4;
  return step(rows, four + 16 * at, four + 64 + 4 * at);
}

function writeFunction(name: string, rows: number): string {
  const whole = Array.from({ length: STEPS }, (_, number) => wholeStep(rows, number)).join("");
  return `
/**
 * A tile of ${rows} x 8 entries of C; each entry is summed over k in order.
 *
 * @param a Address of a panel of A, as \`packRows\` leaves it.
 * @param b Address of 8 entries of B; those of the next step lie \`bStep\` bytes on.
 */
function ${name}(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
${each(rows, (i) => `  let x${i} = f32x4.splat(0), y${i} = x${i};\n`)}\
  let p: v128, q: v128, s: v128, t: v128;
  const end = a + <usize> depth * ${4 * rows};
  const whole = a + <usize> (depth - depth % ${STEPS}) * ${4 * rows};
  while (a < whole) {
${whole}\
    a += ${STEPS * 4 * rows};
  }
  while (a < end) {
${step(rows, 0, 16)}\
    a += ${4 * rows};
  }
${each(rows, (i) => `  finish(c + ${i} * cRow, x${i}, y${i}, bias, flags);\n`)}\
}
`;
}

/**
 * Returns the tiles of a matrix product in AssemblyScript, which cannot unroll a step itself.
 *
 * Their shape suits V8. Deno checks the bounds of every load (denoland/deno#35658), so loads cost
 * twice: a step of 5 x 8 entries takes 5 loads for 10 multiply-adds, one of 6 x 8 would take 8 for
 * 12. Ten accumulators, two vectors of B, one of A and a broadcast entry are 14 of the 15 vector
 * registers that V8 has on x64. Broadcasting all five entries from vectors would take fewer
 * operations, but shuffles share a port with multiply-adds on AMD: with two of them loaded, a high
 * tile runs at 97 % of the machine's multiply-adds and not at 95, a low one at 93 and not at 87,
 * with all operands in the L1 cache (2-core EPYC, Zen 4, Deno 2.9.6).
 *
 * Few rows leave most of a high tile empty: 16 of them are four low ones.
 */
export function writeTile(): string {
  return `import { finish } from "./finish";
import { madd } from "./madd";

/** Rows of a high tile and of a low one, and the columns of both. */
export const HIGH_ROWS: i32 = ${HIGH}, LOW_ROWS: i32 = ${LOW}, TILE_COLUMNS: i32 = 8;
/** Steps whose entries of A lie together: see \`packRows\`. */
export const TILE_STEPS: i32 = ${STEPS};
${writeFunction("highTile", HIGH)}${writeFunction("lowTile", LOW)}
/** Computes a tile of \`height\` rows, which is HIGH_ROWS or LOW_ROWS. */
// @ts-ignore: decorator
@inline
export function tile(
  height: i32,
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
  if (height == HIGH_ROWS) highTile(a, b, bStep, depth, c, cRow, bias, flags);
  else lowTile(a, b, bStep, depth, c, cRow, bias, flags);
}
`;
}
