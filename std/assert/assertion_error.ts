/**
 * `AssertionError` of `@std/assert` by itself, for a checkout that reaches the npm registry alone. The
 * whole of it is 56 modules, which `--help` would wait for.
 *
 * @module
 */
// @ts-types="./assertion_error.d.ts"
export * from "npm:deno-std@1.4.0/assert/assertion_error.js";
