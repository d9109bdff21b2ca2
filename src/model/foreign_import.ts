const { promise, resolve } = Promise.withResolvers<void>();

/** Whether and when a module of a user is imported. */
export const foreignImport = {
  /**
   * Resolves when one is about to be imported, which may import this package by its entry point: `mod.ts` loads the library for
   * nobody else when it is the program.
   */
  promise,
  /** Whether one has been. */
  isBegun: false,
  /** Says that one is about to be imported. */
  begin(): void {
    this.isBegun = true;
    resolve();
  },
};
