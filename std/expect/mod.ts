/**
 * `@std/expect` for a checkout that reaches the npm registry alone: the same code, packed for npm. Only the
 * tests use it.
 *
 * @module
 */
// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.4.0/expect/mod.js";
