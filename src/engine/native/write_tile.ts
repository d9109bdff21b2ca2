/** Rows of a high tile and of a low one. */
const HIGH = 5, LOW = 4;
/** Steps that are written out one after the other; a vector of A holds an entry of four. */
const STEPS = 8;

const each = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
const broadcast = (vector: string, lane: number) =>
  `t = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane});`;

/** The lines of a function of AssemblyScript. */
const lines = (...all: string[]) => all.map((line) => `    ${line}\n`).join("");
const accumulate = (
  row: number,
) => [`x${row} = madd(t, p, x${row});`, `y${row} = madd(t, q, y${row});`];

/** One step: every entry of a column of A, the fifth by the line `fifth`, times both vectors of a row of B. */
function step(rows: number, at: string, fifth: string): string {
  const ofFour = Array.from(
    { length: LOW },
    (_, row) => [broadcast("s", row), ...accumulate(row)],
  ).flat();
  return lines(
    ...["p = v128.load(b);", "q = v128.load(b, 16);", `s = v128.load(${at});`, ...ofFour],
    ...rows === HIGH ? [fifth, ...accumulate(LOW)] : [],
    "b += bStep;",
  );
}

/** Step `number` of those that are written out: of a high tile, four share the vector of the fifth row. */
function wholeStep(rows: number, number: number): string {
  const [four, at] = [16 * rows * Math.floor(number / 4), number % 4];
  const fifths = rows === HIGH && at === 0 ? lines(`l = v128.load(a, ${four + 64});`) : "";
  return fifths + step(rows, `a, ${four + 16 * at}`, broadcast("l", at));
}

function writeFunction(name: string, rows: number): string {
  const whole = Array.from({ length: STEPS }, (_, number) => wholeStep(rows, number)).join(
    lines("// Never: see ../write_tile.ts.", "if (a == end) break;"),
  );
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
  let p: v128, q: v128, s: v128, ${rows === HIGH ? "l: v128, " : ""}t: v128;
  const end = a + <usize> depth * ${4 * rows};
  const whole = a + <usize> (depth - depth % ${STEPS}) * ${4 * rows};
  while (a < whole) {
${whole}\
    a += ${STEPS * 4 * rows};
  }
  while (a < end) {
${step(rows, "a", "t = v128.load32_splat(a, 16);")}\
    a += ${4 * rows};
  }
${each(rows, (i) => `  finish(c + ${i} * cRow, x${i}, y${i}, bias, flags);\n`)}\
}
`;
}

/**
 * The tiles of a product in AssemblyScript, which has no way to write a step out several times.
 *
 * Their shape follows V8. Deno checks the bounds of every load (denoland/deno#35658), so loads cost twice:
 * 5 x 8 entries take 13 loads for 40 multiply-adds, where 6 x 8 took 32 for 48. Ten accumulators, two vectors
 * of B, two of A and a broadcast entry are the 15 vector registers that V8 has on x64. Binaryen would move
 * the loads of all steps to the front, and V8 then keep accumulators in memory: a branch between steps, never
 * taken, holds them apart. Where all operands lie in the L1 cache a high tile runs at 96 % of the machine's
 * multiply-adds, 6 x 8 at 73 % (2-core Xeon, Deno 2.9.6).
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
