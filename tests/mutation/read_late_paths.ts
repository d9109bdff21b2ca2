import { type Import, modulesIn } from "../read_imports.ts";

/**
 * The modules that are loaded by a path that is no literal of an `import()`: each relative path that stands in a
 * text. What a test loads that way it can notice too.
 *
 * @param root Paths are told from here.
 * @param folders Whose modules are read.
 */
export async function readLatePaths(root: URL, folders: readonly string[]): Promise<Import[]> {
  const found: Import[] = [];
  const path = (url: URL) => url.href.replace(root.href, "");
  for (const folder of folders) {
    for await (const module of modulesIn(new URL(folder, root))) {
      const text = (await Deno.readTextFile(module)).replaceAll(/\/\*[^]*?\*\//g, "");
      for (const [, to] of text.matchAll(/(?<!from |import |import\(\s*)"(\.\.?\/[^"\s]+\.ts)"/g)) {
        found.push({ from: path(module), to: path(new URL(to, module)), kind: "late" });
      }
    }
  }
  return found;
}
