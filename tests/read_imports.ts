/** An import or a re-export of one module from another. */
export interface Import {
  /** Path from the root that was asked about. */
  from: string;
  /** Path from the root, or the name of a package. */
  to: string;
  /** `late` is `await import("...")`; `path` is a path in a text, which an `import()` or a worker is given. */
  kind: "type" | "value" | "late" | "path";
}

/** The TypeScript modules of a folder, those of its folders too. */
export async function* modulesIn(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    // AssemblyScript is not a module of the program.
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
      const told = new Set(found.filter(({ from }) => from === path(module)).map(({ to }) => to));
      for (const [, to] of text.matchAll(/"(\.{1,2}\/[\w./]+\.ts)"/g)) {
        if (!told.has(path(new URL(to, module)))) add(to, "path");
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

/** Circles of files that import one another, each as one list of its files. */
export function circlesIn(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...next.get(from) ?? [], to]);
  // Tarjan's strongly connected components.
  const found: string[][] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    stack.push(file);
    for (const other of next.get(file) ?? []) {
      if (!order.has(other)) visit(other);
      if (stack.includes(other)) low.set(file, Math.min(low.get(file)!, low.get(other)!));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return found;
}
