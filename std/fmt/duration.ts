/** `@std/fmt/duration`, packed for npm. @module */
// @ts-types="./duration.d.ts"
export * from "npm:deno-std@1.4.0/fmt/duration.js";
