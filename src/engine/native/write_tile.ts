/** Rows of a tile; each step along the shared dimension reads four as a vector, and the last as one entry. */
const ROWS = 5;
/** Steps that are written out one after the other. */
const STEPS = 8;

const each = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** One step: every entry of a column of A times both vectors of a row of B. */
function step(indent: string, number: number): string {
  const lines = [
    "p = v128.load(b);",
    "q = v128.load(b, 16);",
    `s = v128.load(a, ${number * 4 * ROWS});`,
  ];
  for (let row = 0; row < ROWS; row++) {
    lines.push(
      row < 4
        ? `t = v128.shuffle<f32>(s, s, ${row}, ${row}, ${row}, ${row});`
        : `t = v128.load32_splat(a, ${number * 4 * ROWS + 16});`,
      `x${row} = madd(t, p, x${row});`,
      `y${row} = madd(t, q, y${row});`,
    );
  }
  return [...lines, "b += bStep;"].map((line) => `${indent}${line}\n`).join("");
}

/**
 * The tile of a product in AssemblyScript, which has no way to write a step out several times.
 *
 * Its shape follows V8. Deno checks the bounds of every load (denoland/deno#35658), so loads cost twice:
 * 5 x 8 entries take 4 loads for 10 multiply-adds, where 6 x 8 took 8 for 12. Its ten accumulators, two
 * vectors of B, the vector of A and one broadcast entry are 14 of the 15 vector registers on x64. Binaryen
 * would move the loads of all steps to the front, and V8 then keep accumulators in memory: a branch between
 * steps, never taken, holds them apart. 512^3 ran at 66 % of the machine's multiply-adds before, and at 88 %
 * with this (2-core Xeon, Deno 2.9.6).
 */
export function writeTile(): string {
  return `import { finish } from "./finish";
import { madd } from "./madd";

/** Rows of a tile. */
export const TILE_ROWS: i32 = ${ROWS};
/** Columns of a tile. */
export const TILE_COLUMNS: i32 = 8;

/**
 * A tile of ${ROWS} x 8 entries of C; each entry is summed over k in order.
 *
 * @param a Address of a panel of A, ${ROWS} entries for each of \`depth\` steps.
 * @param b Address of 8 entries of B; those of the next step lie \`bStep\` bytes on.
 */
export function tile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
${each(ROWS, (i) => `  let x${i} = f32x4.splat(0), y${i} = x${i};\n`)}\
  let p: v128, q: v128, s: v128, t: v128;
  const end = a + <usize> depth * ${4 * ROWS};
  const whole = a + <usize> (depth - depth % ${STEPS}) * ${4 * ROWS};
  while (a < whole) {
${
    Array.from({ length: STEPS }, (_, i) => step("    ", i)).join(
      "    // Never: see ../write_tile.ts.\n    if (a == end) break;\n",
    )
  }\
    a += ${4 * ROWS * STEPS};
  }
  while (a < end) {
${step("    ", 0)}\
    a += ${4 * ROWS};
  }
${each(ROWS, (i) => `  finish(c + ${i} * cRow, x${i}, y${i}, bias, flags);\n`)}\
}
`;
}
