import { relative } from "node:path";
import { runCommand } from "./run_command.ts";

export const PACKAGE = "@gradient-health/gradient-health";

/** This checkout. */
export const ROOT = new URL("../../", import.meta.url).pathname;
const { version } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
/** Imports of a written test. */
export const SPECIFIER = `jsr:${PACKAGE}@^${version}`;
/** The test that `init` writes. */
export const WRITTEN_TEST = "gradient_health_test.ts";

/** A module whose network is healthy. */
export const NET = `/** A healthy network. */
export const createModel = ({ tf, seed }) => {
  const kernel = (n) => tf.initializers.leCunNormal({ seed: 10 * seed + n });
  const layer = (n, rest) =>
    tf.layers.dense({ units: 64, activation: "tanh", kernelInitializer: kernel(n), ...rest });
  return tf.sequential({ layers: [layer(1, { inputShape: [32] }), layer(2, {}), layer(3, {})] });
};
`;

/** Returns the contents of a folder, by path; empty folders are left out. */
export async function textsIn(folder: string, below = ""): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) Object.assign(texts, await textsIn(folder, `${below}${name}/`));
    else texts[`${below}${name}`] = await Deno.readTextFile(`${folder}/${below}${name}`);
  }
  return texts;
}

/** Runs `body` in a folder with these files. */
export async function withFiles(
  files: Record<string, string>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs `init` in a folder. */
export const init = (folder: string, ...args: string[]) =>
  runCommand(["init", ...args], { cwd: folder });

/** The checkout from a folder on, as `init` links it. */
export const linkFrom = (folder: string): string => relative(folder, ROOT);

/**
 * Runs `deno test` on the written test, with the `deno.json` that `init` has written or changed. The
 * test of the bundle checks its types.
 */
export async function runWritten(folder: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", WRITTEN_TEST],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
