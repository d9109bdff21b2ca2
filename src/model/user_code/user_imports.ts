const { promise, resolve } = Promise.withResolvers<void>();

/** Import of the first module of a user. */
export const foreignImport = {
  /**
   * Resolves when such a module is about to be imported. It may import this package by its entry
   * point, and the program's `mod.ts` loads the library only for such a module.
   */
  promise,
  /** True once such an import has begun. */
  isBegun: false,
  /** Announces such an import. */
  begin(): void {
    this.isBegun = true;
    resolve();
  },
};

/** Code of this package, and of npm packages, which no user edits. */
const OTHERS = [new URL("../../", import.meta.url).href, "/node_modules/", "/npm/registry."];

/** Files that the user's own code imports. */
export const userImports = {
  /** Paths of the files imported since they are followed, by this thread or a worker of a pool. */
  files: new Set<string>(),
  /** True if this thread follows its imports; then workers that start later do too. */
  isFollowed: false,
  /** Starts to follow the imports of this thread. */
  follow(): void {
    if (!this.isFollowed) followImports((path) => this.files.add(path));
    this.isFollowed = true;
  },
};

/**
 * Reports each file of the user's own code that this thread imports from now on, before it is read.
 *
 * @param onImport Called with the path of the file.
 */
export function followImports(onImport: (path: string) => void): void {
  // Not imported: that takes time, and most runs follow nothing.
  // deno-lint-ignore no-process-global
  const { registerHooks } = process.getBuiltinModule("node:module");
  // deno-lint-ignore no-process-global
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  registerHooks({
    // Not load(): Deno then takes JSON that a package requires for code.
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const { url } = resolved;
      if (url.startsWith("file:") && !OTHERS.some((part) => url.includes(part))) {
        onImport(fileURLToPath(url));
      }
      return resolved;
    },
  });
}
