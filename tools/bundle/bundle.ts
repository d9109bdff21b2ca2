import { filesOf, FRONT, type Group, importOf, PACKED, Stage } from "./stage.ts";

/** Root of the checkout. */
const ROOT = new URL("../../", import.meta.url);

/** Packages that stay imports: a user's model must share them, or they are large. */
const EXTERNAL = ["@tensorflow/*", "@std/assert/*"];

/** Configuration of this package. */
interface Configuration {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
}

/**
 * Writes the package that is published: the bundle, which runs, and the source, which has its types.
 *
 * @param folder Folder of the package; replaced if it exists.
 */
export async function writePackage(folder: string): Promise<void> {
  const { name, version, license, exports, imports }: Configuration = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await copyFiles(folder, PACKED);
  const stage = await Stage.open(ROOT);
  try {
    const doors = await writeDoors(exports);
    await stage.write(doors.map(({ group, reexport }) => ({ group, text: reexport })));
    await bundle(stage, `${folder}/bundle`);
    for (const { file, text } of doors) await Deno.writeTextFile(`${folder}/bundle/${file}`, text);
  } finally {
    await stage.remove();
  }
  await Deno.writeTextFile(
    `${folder}/mod.ts`,
    '// @ts-types="./src/mod.ts"\nexport * from "./bundle/mod.js";\n',
  );
  const doorOf = (key: string) => `./bundle/${key === "." ? "mod" : key.slice(2)}.js`;
  const packed = {
    name,
    version,
    license,
    exports: Object.fromEntries(Object.keys(exports).map((key) => [key, doorOf(key)])),
    imports,
  };
  await Deno.writeTextFile(`${folder}/deno.json`, `${JSON.stringify(packed, null, 2)}\n`);
}

/** Copies files of the checkout, and all files of folders, which end in a slash. */
export async function copyFiles(folder: string, paths: readonly string[]): Promise<void> {
  for await (const path of filesOf(ROOT, paths)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(new URL(path, ROOT), `${folder}/${path}`);
  }
}

/** Entry point of the package: it exports from one file what its module in the source exports. */
interface Door {
  /** Name of its file. */
  file: string;
  /** Text of its file. */
  text: string;
  /** Bundled file that exports its code. */
  group: Group;
  /** Statement with which that file exports it. */
  reexport: string;
}

/**
 * Writes the entry points except the root, which is the front of the program. Were they entry
 * points of the bundler, each set of them would have a chunk of the code that they share: 82 files
 * instead of 9, and each costs about a millisecond of a start.
 */
async function writeDoors(exports: Record<string, string>): Promise<Door[]> {
  return await Promise.all(
    Object.entries(exports).filter(([key]) => key !== ".").map(async ([key, source]) => {
      const name = key.slice(2);
      const names = Object.keys(await import(new URL(source, ROOT).href));
      const group = name === "picture" ? "pages" : name === "layers" ? "rare" : "library";
      const from = names.map((one) => `${name}__${one} as ${one}`).join(", ");
      const as = names.map((one) => `${one} as ${name}__${one}`).join(", ");
      return {
        file: `${name}.js`,
        text: `${typesFrom(source)}export { ${from} } from "./${group}.js";\n`,
        group,
        reexport: `export { ${as} } from "${source}";`,
      };
    }),
  );
}

/** Directive for Deno: a module's types are those of its source. */
const typesFrom = (source: string) => `/* @ts-self-types="../${source.slice(2)}" */\n`;

/** Bundles a staged program with `deno bundle`. */
async function bundle(stage: Stage, folder: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--code-splitting",
      `--config=${new URL("deno.json", ROOT).pathname}`,
      ...EXTERNAL.map((name) => `--external=${name}`),
      "--outdir=bundle",
      ...stage.entries,
    ],
    cwd: stage.folder,
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(`${stage.folder}/bundle`)) {
    const text = await Deno.readTextFile(`${stage.folder}/bundle/${name}`);
    const types = name === FRONT.replace(".ts", ".js") ? typesFrom("./src/mod.ts") : "";
    await Deno.writeTextFile(`${folder}/${name}`, types + finish(text));
  }
}

/** Changes what the bundler could not be asked for. */
function finish(text: string): string {
  return text
    // The paths of bundled packages tell where this machine keeps them.
    .replaceAll(/(?:\.\.\/)+[^\s"]*?\/npm\/[^\s"/]+\//g, "npm/")
    .replaceAll(importOf("core"), 'import("./core.js")')
    .replaceAll(importOf("help"), 'import("./help.js")');
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? new URL("dist", ROOT).pathname;
  await writePackage(folder);
  console.log(folder);
}
