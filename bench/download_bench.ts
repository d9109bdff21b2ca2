/**
 * Downloads of the first `report` of a checkout. It fetches it again, into a folder that it
 * removes, beside what TensorFlow.js alone takes. It fails where packages are fetched that are not
 * listed.
 *
 * @module
 */
import type { Row } from "./row.ts";

const ROOT = new URL("../", import.meta.url).pathname;
/** In megabytes, 10^6 bytes. */
const TARGET = 300;

/**
 * Imports of `report` other than TensorFlow.js and its dependencies; `deno-std` replaces JSR's
 * packages in a checkout.
 */
const OWN = [
  "deno-std",
  "fast-png",
  "fflate",
  "get-east-asian-width",
  "iobuffer",
  "jsonc-parser",
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

/** Megabytes of `report` over those of TensorFlow.js. */
export async function rows(): Promise<Row[]> {
  const bare = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    bare,
    'import "npm:@tensorflow/tfjs@4.22.0";\nimport "npm:@tensorflow/tfjs-backend-wasm@4.22.0";\n',
  );
  const alone = await fetched(["--no-config", "--no-lock", bare], ROOT);
  await Deno.remove(bare);
  const report = await fetched(["mod.ts", "report"], ROOT);
  const own = report.names.filter((name) => !alone.names.includes(name));
  if (own.join() !== OWN.join()) {
    throw new Error(
      `report fetches beside TensorFlow.js: ${own.join(", ")}\nexpected: ${OWN.join(", ")}`,
    );
  }
  return [{
    what: `first report, ${report.names.length} packages`,
    figure: report.bytes / 1e6,
    unit: "MB",
    against: {
      what: `TensorFlow.js alone, ${alone.names.length} packages`,
      figure: alone.bytes / 1e6,
    },
    target: { of: "figure", most: TARGET },
  }];
}
