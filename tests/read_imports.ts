/** An import or a re-export of one module from another. */
export interface Import {
  /** Path from the root that was asked about. */
  from: string;
  /** Path from the root, or the name of a package. */
  to: string;
  /** `late` is an import of its own moment: `await import("...")`. */
  kind: "type" | "value" | "late";
}

/** The TypeScript modules of a folder, those of its folders too. */
export async function* modulesIn(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    // AssemblyScript is no module of the program.
    if (isDirectory && name !== "assembly") yield* modulesIn(new URL(`${name}/`, folder));
    if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

/**
 * Every import and re-export; `deno fmt` puts each statement at the start of a line.
 *
 * @param root Paths are told from here.
 * @param folders Whose modules are read. Default: all of the root.
 */
export async function readImports(root: URL, folders: string[] = ["./"]): Promise<Import[]> {
  const found: Import[] = [];
  const path = (url: URL) => url.href.replace(root.href, "");
  for (const folder of folders) {
    for await (const module of modulesIn(new URL(folder, root))) {
      const text = (await Deno.readTextFile(module)).replaceAll(/\/\*[^]*?\*\//g, "");
      const add = (to: string, kind: Import["kind"]) =>
        found.push({
          from: path(module),
          to: to[0] === "." ? path(new URL(to, module)) : to,
          kind,
        });
      const statement = /^(?:(?:import|export)( type)?\b[^;]*?from|import) "([^"]+)";$/gm;
      for (const [, type, to] of text.matchAll(statement)) add(to, type ? "type" : "value");
      for (const [, type, to] of text.matchAll(/(typeof )?import\(\s*"([^"]+)"/g)) {
        add(to, type ? "type" : "late");
      }
    }
  }
  return found;
}

/** The modules, and packages, that are loaded with these; or that are read with them. */
export function loadedWith(
  imports: readonly Import[],
  paths: Iterable<string>,
  kinds: Import["kind"][] = ["value"],
): string[] {
  const reached = new Set(paths);
  for (const path of reached) {
    for (const { from, to, kind } of imports) {
      if (from === path && kinds.includes(kind)) reached.add(to);
    }
  }
  return [...reached];
}
