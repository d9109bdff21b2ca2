/** Rows of a tile. */
const ROWS = 5;
/** Steps that are written out one after the other; a vector of A holds an entry of four. */
const STEPS = 8;
/** Bytes of a panel of A for one step. */
const STEP_BYTES = 4 * ROWS;

const each = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
const broadcast = (vector: string, lane: number) =>
  `t = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane});`;

/** One step: every entry of a column of A times both vectors of a row of B. */
function step(entries: string, last: string): string {
  const lines = ["p = v128.load(b);", "q = v128.load(b, 16);", entries];
  for (let row = 0; row < ROWS; row++) {
    lines.push(
      row < ROWS - 1 ? broadcast("s", row) : last,
      `x${row} = madd(t, p, x${row});`,
      `y${row} = madd(t, q, y${row});`,
    );
  }
  return [...lines, "b += bStep;"].map((line) => `    ${line}\n`).join("");
}

/** Step `number` of those that are written out: four share the vector of the last row. */
function wholeStep(number: number): string {
  const [four, at] = [4 * STEP_BYTES * Math.floor(number / 4), number % 4];
  const last = at === 0 ? `    l = v128.load(a, ${four + 64});\n` : "";
  return last + step(`s = v128.load(a, ${four + 16 * at});`, broadcast("l", at));
}

/**
 * The tile of a product in AssemblyScript, which has no way to write a step out several times.
 *
 * Its shape follows V8. Deno checks the bounds of every load (denoland/deno#35658), so loads cost twice:
 * 5 x 8 entries take 13 loads for 40 multiply-adds, where 6 x 8 took 32 for 48. Ten accumulators, two vectors
 * of B, two of A and a broadcast entry are the 15 vector registers that V8 has on x64. Binaryen would move
 * the loads of all steps to the front, and V8 then keep accumulators in memory: a branch between steps, never
 * taken, holds them apart. Where all operands lie in the L1 cache it runs at 96 % of the machine's
 * multiply-adds, 6 x 8 at 73 % (2-core Xeon, Deno 2.9.6).
 */
export function writeTile(): string {
  return `import { finish } from "./finish";
import { madd } from "./madd";

/** Rows and columns of a tile. */
export const TILE_ROWS: i32 = ${ROWS}, TILE_COLUMNS: i32 = 8;
/** Steps whose entries of A lie together: see \`packScalars\`. */
export const TILE_STEPS: i32 = ${STEPS};

/**
 * A tile of ${ROWS} x 8 entries of C; each entry is summed over k in order.
 *
 * @param a Address of a panel of A, as \`packScalars\` leaves it.
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
  let p: v128, q: v128, s: v128, l: v128, t: v128;
  const end = a + <usize> depth * ${STEP_BYTES};
  const whole = a + <usize> (depth - depth % ${STEPS}) * ${STEP_BYTES};
  while (a < whole) {
${
    Array.from({ length: STEPS }, (_, i) => wholeStep(i)).join(
      "    // Never: see ../write_tile.ts.\n    if (a == end) break;\n",
    )
  }\
    a += ${STEPS * STEP_BYTES};
  }
  while (a < end) {
${step("s = v128.load(a);", "t = v128.load32_splat(a, 16);")}\
    a += ${STEP_BYTES};
  }
${each(ROWS, (i) => `  finish(c + ${i} * cRow, x${i}, y${i}, bias, flags);\n`)}\
}
`;
}
