/**
 * Writes the tables of `operations.ts` and the matrix product tiles in AssemblyScript, compiles
 * `assembly/` and embeds it in `binaries.ts`: `deno task build:native`. The build is reproducible;
 * `--check` compiles and compares instead of writing.
 *
 * @module
 */

import { OPERATIONS, RECORDS } from "../src/engine/native/operations.ts";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";

/** Folder of the engine's own WASM. */
const here = new URL("../src/engine/native/", import.meta.url);

/** Returns the SHA-256, in hexadecimal, of the sources of this project's WASM module. */
export async function hashSources(): Promise<string> {
  const folder = new URL("assembly/", here);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const texts = await Promise.all(
    names.map(async (name) => `${name}\n${await Deno.readTextFile(new URL(name, folder))}`),
  );
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("")));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Compiler, run as a separate program and never imported: Deno reads everything in deno.lock with
 * every command, and this is 102 MB that only the build needs. It pins its own Binaryen.
 */
const COMPILER = "npm:assemblyscript@0.28.20/asc";

/**
 * Compiles AssemblyScript.
 *
 * @param args Entry file, relative to the folder, and options, without the output.
 * @returns The WASM binary.
 * @throws {Error} If it does not compile; the message includes the compiler's output.
 */
export async function compileAssembly(
  folder: URL,
  args: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const out = await Deno.makeTempFile({ suffix: ".wasm" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-config", "--no-lock", COMPILER, ...args, "-o", out],
      cwd: fileURLToPath(folder),
    }).output();
    if (!success) {
      throw new Error(`${args[0]} does not compile: ${new TextDecoder().decode(stderr)}`);
    }
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(out);
  }
}

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
function writeTile(): string {
  return `import { finish } from "./flags";
import { madd } from "./lanes";

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

const OPTIONS = [
  // From -O2 on, Binaryen moves the multiply-adds of a step of `writeTile()` behind the loads of
  // the next steps. Then more vectors are live than there are registers, and a tile runs at half
  // the speed.
  "-O1",
  "--converge",
  "--noAssert",
  "--runtime=stub",
  // The module uses TensorFlow.js's heap, so it must not place data in memory.
  "--importMemory",
  "--noExportMemory",
  "--disableWarning=112",
];
const PLAIN = ["--initialMemory=1", "--enable=simd"];
const SHARED = [
  "--initialMemory=1",
  "--maximumMemory=65536",
  "--sharedMemory",
  "--enable=simd",
  "--enable=threads",
];
const OPERATIONS_ENTRY = "assembly/index.ts";
const BUILDS: Record<string, string[]> = {
  plain: [OPERATIONS_ENTRY, ...PLAIN],
  plainRelaxed: [OPERATIONS_ENTRY, ...PLAIN, "--enable=relaxed-simd"],
  shared: [OPERATIONS_ENTRY, ...SHARED],
  sharedRelaxed: [OPERATIONS_ENTRY, ...SHARED, "--enable=relaxed-simd"],
};
/** Build of the sweeps over files of weights, which run without an engine. */
const CHECKPOINT = ["assembly/checkpoint.ts", ...PLAIN];

async function build(options: string[]): Promise<Uint8Array> {
  const binary = await compileAssembly(here, [...options, ...OPTIONS]);
  if (hasDataSection(binary)) {
    throw new Error("The module has a data section: it would overwrite TensorFlow.js's own data");
  }
  return binary;
}

/** Returns true if a WASM binary has a data section, number 11. */
function hasDataSection(binary: Uint8Array): boolean {
  for (let at = 8; at < binary.length;) {
    if (binary[at++] === 11) return true;
    let size = 0;
    for (let shift = 0;; shift += 7) {
      const byte = binary[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return false;
}

/** Returns the AssemblyScript source of the operations' numbers and records. */
function recordsSource(): string {
  const numbers = Object.keys(OPERATIONS).map((name) => `  ${name},\n`);
  const classes = Object.entries(RECORDS).map(([name, fields]) =>
    `\n@unmanaged\nexport class ${name} {\n${
      Object.entries(fields).map(([field, type]) => `  ${field}: ${type};\n`).join("")
    }}\n`
  );
  return "// Made by tools/build_native.ts from ../operations.ts, which explains them: deno task build:native\n\n" +
    `export const enum Operation {\n${numbers.join("")}}\n${classes.join("")}`;
}

/** Writes a generated file, or with `--check` rejects it if it differs. */
async function settle(name: string, text: string, origin: string): Promise<void> {
  const file = new URL(name, here);
  if (!Deno.args.includes("--check")) return await Deno.writeTextFile(file, text);
  if (await Deno.readTextFile(file) === text) return;
  console.error(`${name} is not what ${origin}: run deno task build:native`);
  Deno.exit(1);
}

async function settleAll(): Promise<void> {
  await settle("assembly/records.ts", recordsSource(), "operations.ts gives");
  await settle(
    "assembly/tile.ts",
    `// Made by tools/build_native.ts: deno task build:native\n\n${writeTile()}`,
    "build.ts gives",
  );
  const binaries = await Promise.all(
    Object.entries(BUILDS).map(async ([name, options]) =>
      `  ${name}:\n    "${Buffer.from(await build(options)).toString("base64")}",\n`
    ),
  );
  const text = "// Made by build.ts from assembly/: deno task build:native\n\n" +
    "/** SHA-256 of the sources that they were made from. */\n" +
    `export const sources = "${await hashSources()}";\n\n` +
    "/** The builds of our own WASM module, in base64. */\n" +
    `export const binaries: Record<"${Object.keys(BUILDS).join('" | "')}", string> = {\n` +
    `${binaries.join("")}};\n`;
  await settle("binaries.ts", text, "assembly/ compiles to");
  const checkpoint = Buffer.from(await build(CHECKPOINT)).toString("base64");
  await settle(
    "checkpoint_binary.ts",
    "// Made by build.ts from assembly/checkpoint.ts: deno task build:native\n\n" +
      "/** The module of the sweeps over files of weights, in base64. */\n" +
      `export const checkpointBinary =\n  "${checkpoint}";\n`,
    "assembly/checkpoint.ts compiles to",
  );
}

// A module that imports a function from here compiles nothing.
if (import.meta.main) await settleAll();
