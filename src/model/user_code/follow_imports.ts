import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** Code of this package, and of npm packages, which no user edits. */
const OTHERS = [new URL("../../", import.meta.url).href, "/node_modules/", "/npm/registry."];

/**
 * Reports each file of the user's own code that this thread imports from now on, before it is read.
 *
 * @param onImport Called with the path of the file.
 */
export function followImports(onImport: (path: string) => void): void {
  registerHooks({
    load(url, context, next) {
      if (url.startsWith("file:") && !OTHERS.some((part) => url.includes(part))) {
        onImport(fileURLToPath(url));
      }
      return next(url, context);
    },
  });
}
