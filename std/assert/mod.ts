/**
 * `@std/assert` for a checkout that reaches the npm registry alone: the same code, packed for npm.
 * Whoever installs the package from JSR gets JSR's own.
 *
 * @module
 */
// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
