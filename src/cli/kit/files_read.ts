import { isReadable } from "../../gate/gate_result.ts";
import { readUserText } from "../../model/files/user_file.ts";
import { isModule } from "../../model/loaded_model.ts";

/**
 * Returns the files that loading models reads: the given ones, the weight files of a model.json,
 * and every file that a quoted text in a module's code names, as an import or as data, relative to
 * the module or to the working directory; recursively for modules. Paths that a module builds at
 * run time cannot be known.
 *
 * It is better to protect one file too many than to lose one: unreadable files are skipped, and
 * loading them reports why.
 *
 * @param code Models, and modules that register layers; `null` for none.
 * @param data Other files; `null` for none.
 * @returns The paths of all of them.
 */
export async function filesRead(
  code: readonly (string | null)[],
  data: readonly (string | null)[],
): Promise<string[]> {
  const files = new Set(code.filter((path) => path !== null));
  // Iterating over a set also yields elements added on the way.
  for (const path of files) {
    for (const file of await filesOf(path)) files.add(file);
  }
  for (const path of data) if (path !== null) files.add(path);
  return [...files];
}

/** Returns the files that a model.json or a module names; other files name none. */
async function filesOf(path: string): Promise<string[]> {
  if (/\.json$/i.test(path)) return await weightFiles(path);
  return isModule(path) ? await namedFiles(path) : [];
}

/**
 * Code of this package: files that it names, such as the usual baseline, are not files of a model.
 */
const OWN = new URL("../../", import.meta.url);

/** Text that may be a path: it has a folder or an extension. */
const PATH = /^(?=.{1,1000}$)(?:[^\0]*[\\/][^\0]*|[^\0]*\.[A-Za-z0-9]{1,9})$/;

async function textOf(path: string): Promise<string> {
  if (!isReadable(path)) return "";
  return await readUserText(path).catch(() => "");
}

async function weightFiles(path: string): Promise<string[]> {
  const text = await textOf(path);
  if (!text.includes('"weightsManifest"')) return [];
  try {
    const { dirname, join } = await import("node:path");
    const groups = [JSON.parse(text).weightsManifest].flat();
    return groups.flatMap((group) => group?.paths ?? [])
      .filter((file) => typeof file === "string")
      .map((file) => join(dirname(path), file));
  } catch {
    return [];
  }
}

async function namedFiles(path: string): Promise<string[]> {
  const { dirname, resolve } = await import("node:path");
  const { fileURLToPath } = await import("node:url");
  if (OWN.protocol === "file:" && path.startsWith(fileURLToPath(OWN))) return [];
  const found = new Set<string>();
  for (const text of quotedTexts(await textOf(path))) {
    const paths = text.startsWith("file:") ? [] : [resolve(dirname(path), text), text];
    try {
      // The import map of the program may resolve it.
      paths.push(fileURLToPath(import.meta.resolve(text)));
    } catch {
      // Then it is not a file.
    }
    for (const file of paths) if (await isFile(file)) found.add(file);
  }
  return [...found];
}

/**
 * Returns every piece between two quotes of a line: an apostrophe in a comment must not hide the
 * next text.
 */
function quotedTexts(source: string): Set<string> {
  const texts = new Set<string>();
  for (const line of source.split("\n")) {
    for (const quote of [`"`, "'", "`"]) {
      for (const piece of line.split(quote).slice(1)) if (PATH.test(piece)) texts.add(piece);
    }
  }
  return texts;
}

async function isFile(path: string): Promise<boolean> {
  if (!isReadable(path)) return false;
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}
