import { failure } from "../words/failure.ts";

/** The place at the end of a line of a stack; what is not from a file its author cannot open. */
const FRAME = /(file:\/\/.+):(\d+):(\d+)\)?$/;

/** Where this package lies: its own frames are not what is wrong. */
const OWN = new URL("../", import.meta.url).href;

/**
 * Why somebody's module failed, as {@linkcode failure} has it, and where: `no data, at net.ts:3:9`.
 *
 * @param path The module, as its user named it.
 * @param error Whatever was thrown.
 */
export async function failureIn(path: string, error: unknown): Promise<string> {
  const reason = failure(error).replace(/ at file:\/\/.+:\d+:\d+$/, "");
  const place = placeOf(String((error as Error)?.stack ?? ""));
  if (place === null) return reason;
  const [url, line, column] = place;
  return `${reason}, at ${await shownPath(url, path)}:${line}:${column}`;
}

/** The first place of a stack that is neither in this package nor in one of its user's. */
function placeOf(stack: string): string[] | null {
  // Deno colours the places of what it could not import, also where nobody sees colours.
  // deno-lint-ignore no-control-regex
  for (const line of stack.replace(/\x1b\[\d*m/g, "").split("\n")) {
    // From here on it is the program that called this package.
    if (line.includes("/log_to_stderr.ts:")) return null;
    const [, url, ...place] = line.match(FRAME) ?? [];
    if (url === undefined || url.startsWith(OWN)) continue;
    if (!/\/node_modules\/|\/npm\/[^/]+\//.test(url)) return [url, ...place];
  }
  return null;
}

/** The file of a URL, from where the module's own path starts if it is beside or below it. */
async function shownPath(url: string, path: string): Promise<string> {
  const { resolve } = await import("node:path");
  const { fileURLToPath, pathToFileURL } = await import("node:url");
  // Under `deno test` stacks have URLs with letters in them that no URL has.
  const { href } = /[^\x21-\x7e]|#/.test(url) ? pathToFileURL(url.slice(7)) : { href: url };
  const folder = new URL(".", pathToFileURL(resolve(path))).href;
  if (!href.startsWith(folder)) return fileURLToPath(href);
  const [given] = path.match(/^.*[\\/]/) ?? [""];
  return given + decodeURIComponent(href.slice(folder.length));
}
