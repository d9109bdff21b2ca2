/**
 * Writes the tables of `operations.ts` and the matrix product tiles in AssemblyScript, compiles
 * `assembly/` and embeds it in `binaries.ts`: `deno task build:native`. The build is reproducible;
 * `--check` compiles and compares instead of writing.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { compileAssembly, hashSources } from "./compile_assembly.ts";
import { OPERATIONS, RECORDS } from "./operations.ts";
import { writeTile } from "./write_tile.ts";

const here = new URL("./", import.meta.url);

const OPTIONS = [
  // From -O2 on, Binaryen moves the multiply-adds of a step of `write_tile.ts` behind the loads of
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
  return "// Made by ../build.ts from ../operations.ts, which explains them: deno task build:native\n\n" +
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

await settle("assembly/records.ts", recordsSource(), "operations.ts gives");
await settle(
  "assembly/tile.ts",
  `// Made by ../build.ts from ../write_tile.ts: deno task build:native\n\n${writeTile()}`,
  "write_tile.ts gives",
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
