import { failure } from "../words/failure.ts";
import { ModelError } from "./model_error.ts";

/** What a path must not hold: it would be absolute, a URL, or another path on another system. */
const STRANGE = /^[a-z][a-z0-9+.-]*:|\\|\0/i;

/**
 * Finds a file that a model file names, inside the model's folder and nowhere else.
 *
 * @param folder The model's folder.
 * @param path The path as the model file has it.
 * @param place Where the model file has it, for the error.
 * @returns The path to open, and the file's size in bytes.
 * @throws {ModelError} If the path leaves the folder, itself or by a link, or is no file.
 */
export async function locateFile(
  folder: string,
  path: string,
  place: string,
): Promise<{ path: string; size: number }> {
  const shown = `${place} is ${JSON.stringify(path)}`;
  const steps = path.split("/");
  if (STRANGE.test(path) || steps[0] === "" || steps.includes("..")) {
    throw new ModelError(`${shown}, expected a file inside the model's folder`);
  }
  let at = folder;
  try {
    for (const step of steps) {
      at += `/${step}`;
      // Only a link needs to be followed, and following it may need more permissions.
      if ((await Deno.lstat(at)).isSymlink && !await isInside(folder, at)) {
        throw new ModelError(
          `${shown}, a link that leads out of the model's folder, expected a file inside it`,
        );
      }
    }
    const { isFile, size } = await Deno.stat(at);
    if (!isFile) throw new ModelError(`${shown}, which is no file`);
    return { path: at, size };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`${shown}, but ${failure(error)}`, { cause: error });
  }
}

async function isInside(folder: string, path: string): Promise<boolean> {
  const [outer, inner] = await Promise.all([Deno.realPath(folder), Deno.realPath(path)]);
  const rest = inner.slice(outer.replace(/[\\/]$/, "").length);
  return inner.startsWith(outer.replace(/[\\/]$/, "")) && /^[\\/]/.test(rest);
}
