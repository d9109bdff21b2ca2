/**
 * Resolves when a module of a user is about to be imported, which may import this package by its door: `mod.ts`
 * loads the library for nobody else when it is the program.
 */
export const foreignImport = Promise.withResolvers<void>();
