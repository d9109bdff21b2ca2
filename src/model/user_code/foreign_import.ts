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
