/** `@std/csv/parse`, packed for npm. @module */
// @ts-types="./parse.d.ts"
export * from "npm:deno-std@1.4.0/csv/parse.js";
