/**
 * What the first `report` of a checkout fetches: `deno run -A bench/download_bench.ts`. It fetches it again, into a folder
 * that it removes, beside what TensorFlow.js alone takes. It fails where packages are fetched that are not listed.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url).pathname;
/** In megabytes, 10^6 bytes. */
const TARGET = 300;

/** What `report` imports, but for TensorFlow.js and what that takes; `deno-std` stands in for JSR's in a checkout. */
const OWN = [
  "ajv",
  "deno-std",
  "fast-deep-equal",
  "fast-uri",
  "get-east-asian-width",
  "json-schema-traverse",
  "jsonc-parser",
  "require-from-string",
];

/** Whatever `deno run` with these arguments fetches: the names of the packages, and their bytes. */
async function fetched(args: string[], cwd: string): Promise<{ names: string[]; bytes: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...args],
      cwd,
      env: { DENO_DIR: folder },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const names: string[] = [];
    for await (const { name: registry } of Deno.readDir(`${folder}/npm`)) {
      for await (const { name } of Deno.readDir(`${folder}/npm/${registry}`)) {
        if (!name.startsWith("@")) names.push(name);
        else {
          const scope = Deno.readDir(`${folder}/npm/${registry}/${name}`);
          names.push(...(await Array.fromAsync(scope)).map((entry) => `${name}/${entry.name}`));
        }
      }
    }
    return { names: names.sort(), bytes: await sizeOf(`${folder}/npm`) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.stat(path)).size;
  }
  return bytes;
}

const bare = await Deno.makeTempFile({ suffix: ".ts" });
await Deno.writeTextFile(
  bare,
  'import "npm:@tensorflow/tfjs@4.22.0";\nimport "npm:@tensorflow/tfjs-backend-wasm@4.22.0";\n',
);
const alone = await fetched(["--no-config", "--no-lock", bare], ROOT);
const report = await fetched(["mod.ts", "report"], ROOT);
await Deno.remove(bare);

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1).padStart(6);
console.log(`TensorFlow.js + WASM ${megabytes(alone.bytes)} MB in ${alone.names.length} packages`);
console.log(
  `report               ${megabytes(report.bytes)} MB in ${report.names.length} packages`,
);
console.log(
  `target ${TARGET} MB: ${report.bytes <= TARGET * 1e6 ? "met" : "MISSED"}` +
    `, and TensorFlow.js alone would ${alone.bytes <= TARGET * 1e6 ? "meet" : "miss"} it`,
);
const own = report.names.filter((name) => !alone.names.includes(name));
if (own.join() !== OWN.join()) {
  console.error(
    `report fetches beside TensorFlow.js: ${own.join(", ")}\nexpected: ${OWN.join(", ")}`,
  );
  Deno.exit(1);
}
