/** Module that starts the program, and is the root entry point. */
export const FRONT = "mod.ts";

/** Modules that run before `--help` answers. */
const FIRST = [FRONT, "src/cli/overview.ts"];

/** Modules that answer `--help` of a subcommand. They import the rest when it is needed. */
const HELP = /^src\/cli\/(?:(?:main|overview)\.ts|kit\/|commands\/(?!run_))/;

/** Modules that draw pages. */
const PAGES =
  /^src\/(?:pages\/|notebook\/|entry\/picture\.ts$|(?:gate|study|training)\/pages\/|training\/monitor\/live_page\.ts$)/;

/** Library, which the command line does not load. */
const LIBRARY = /^src\/mod\.ts$/;

/** Modules that a `check` of a `model.json` does not run. */
const RARE = new RegExp(
  "^src/(?:" + [
    "keras/(?:files/(?!load_model_json)|layers/)",
    "torch/program/",
    "load/(?:load|read)_weights",
    "files/read_(?:csv|npy|pictures)",
    "study/",
    "cli/(?:examine_weights|proven_sibling)",
    "cli/commands/(?:run_(?!check|report)|watch_report)",
    "core/text/(?:difference_document|render_(?!json|text))",
    "gate/text/render_(?!gate_text)",
    "training/text/",
  ].join("|") + ")",
);

/** Reader of pictures, whose library asks for worker threads when it is loaded. */
const PICTURES = /^src\/files\/read_pictures\.ts$/;

/** `import("./x.ts")` and `import(import.meta.resolve("./x.ts"))`, but not as a type. */
const LATE =
  /(?<!typeof )import\(\s*(?:"(\.[^"]+\.ts)"|import\.meta\.resolve\(\s*"(\.[^"]+\.ts)",?\s*\)),?\s*\)/g;

/** `new URL("./x.ts", import.meta.url)`, or the same of a folder. */
const PLACE = /new URL\("(\.[^"]+(?:\.ts|\/))", import\.meta\.url\)/g;

/** Bundled file that other bundled files import late. */
export type Group = typeof GROUPS[number];

const GROUPS = ["core", "help", "pages", "pictures", "library", "rare"] as const;

/** Reexport of one bundled file. */
interface Reexport {
  group: Group;
  text: string;
}

/**
 * Copy of the program for the bundler. Late imports cost nothing in one file, so the copy imports
 * statically what the source imports late, except pages and large modules; and paths that the source
 * builds from its own place are those of the bundle.
 */
export class Stage {
  /** Modules to bundle. */
  readonly entries = [FRONT, ...GROUPS.map((group) => `${group}.ts`)];
  /** Modules that one bundled file imports late from the other. */
  readonly #reached = new Map(GROUPS.map((group) => [group, new Set<string>()]));
  readonly #workers = new Set<string>();
  readonly #root: URL;

  /** @param folder Its folder. */
  private constructor(readonly folder: string, root: URL) {
    this.#root = root;
  }

  /** Copies the program. */
  static async open(root: URL): Promise<Stage> {
    const stage = new Stage(await Deno.makeTempDir(), root);
    for await (
      const path of filesOf(root, [FRONT, "src/", "gradient-health.schema.json", "deno.json"])
    ) {
      const text = await Deno.readTextFile(new URL(path, root));
      await Deno.mkdir(`${stage.folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      const isModule = path.endsWith(".ts");
      await Deno.writeTextFile(
        `${stage.folder}/${path}`,
        isModule ? stage.#rewrite(path, text) : text,
      );
    }
    return stage;
  }

  /** Writes the modules that become the bundled files, beside the front. */
  async write(reexports: readonly Reexport[]): Promise<void> {
    for (const worker of this.#workers) {
      const entry = worker.replace(/^.*\//, "");
      await Deno.writeTextFile(`${this.folder}/${entry}`, `import "./${worker}";\n`);
      this.entries.push(entry);
    }
    for (const group of GROUPS) {
      const lines = [
        ...[...this.#reached.get(group)!].map((path) =>
          `export * as ${nameOf(path)} from "./${path}";`
        ),
        ...reexports.filter((one) => one.group === group).map(({ text }) => text),
      ];
      await Deno.writeTextFile(`${this.folder}/${group}.ts`, `${lines.join("\n")}\n`);
    }
  }

  /** Removes it. */
  async remove(): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Imports a module from the bundled file that has it. */
  #reach(group: Group, path: string): string {
    this.#reached.get(group)!.add(path);
    return `${importOf(group)}.then((all) => all.${nameOf(path)})`;
  }

  #rewrite(path: string, text: string): string {
    const targetOf = (specifier: string) =>
      new URL(specifier, new URL(path, this.#root)).href.slice(this.#root.href.length);
    const isFirst = FIRST.includes(path);
    const hoisted = new Map<string, string>();
    const rewritten = text
      .replaceAll(LATE, (_, literal?: string, computed?: string) => {
        const target = targetOf(literal ?? computed!);
        if (PAGES.test(target)) return this.#reach("pages", target);
        if (PICTURES.test(target)) return this.#reach("pictures", target);
        if (LIBRARY.test(target)) return this.#reach("library", target);
        if (RARE.test(target)) return this.#reach("rare", target);
        if (isFirst && HELP.test(target)) return this.#reach("help", target);
        if ((isFirst || HELP.test(path)) && !HELP.test(target)) return this.#reach("core", target);
        hoisted.set(target, literal ?? computed!);
        return `Promise.resolve(${nameOf(target)})`;
      })
      .replaceAll(PLACE, (_, specifier: string) => {
        const target = targetOf(specifier);
        if (target.endsWith(".ts")) this.#workers.add(target);
        return `new URL("${bundled(target)}", import.meta.url)`;
      });
    const imports = [...hoisted].map(([target, specifier]) =>
      `import * as ${nameOf(target)} from "${specifier}";\n`
    );
    const front = path === FRONT ? rewritten.replace("import.meta.main", IS_MAIN) : rewritten;
    return imports.join("") + front;
  }
}

/** True in the bundled front if the package's mod.ts, which exports it, is what runs. */
const IS_MAIN =
  '(import.meta.main || Deno.mainModule === new URL("../mod.ts", import.meta.url).href)';

/** Returns the import of a bundled file, by a path that the bundler does not follow. */
export const importOf = (group: Group) => `import(import.meta.resolve("./${group}.js"))`;

/** Returns where the bundle has a worker, `src/` or the root, relative to a bundled file. */
function bundled(target: string): string {
  if (target === "") return "../";
  if (target === "src/") return "./";
  if (target.endsWith(".ts")) return `./${target.replace(/^.*\//, "").replace(/\.ts$/, ".js")}`;
  throw new Error(`The bundle has no folder ${target}`);
}

/** Returns a name for the exports of a module. */
const nameOf = (path: string) => `$${path.replaceAll(/\W/g, "_")}`;

/** Files and folders of the checkout that the package has, besides what is bundled. */
export const PACKED = [
  "src/",
  "docs/rules/",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "gradient-health.schema.json",
];

/** Sources of the native module, which is built already. */
const BUILD = /^src\/engine\/native\/assembly\//;

/** Yields paths of files relative to the root, and those of all files in folders. */
export async function* filesOf(root: URL, paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if (BUILD.test(path)) continue;
    if (!path.endsWith("/")) {
      yield path;
      continue;
    }
    const entries = await Array.fromAsync(Deno.readDir(new URL(path, root)));
    const inside = entries.map(({ name, isDirectory }) =>
      `${path}${name}${isDirectory ? "/" : ""}`
    );
    yield* filesOf(root, inside.sort());
  }
}
