/** `@std/fmt/printf`, packed for npm. @module */
// @ts-types="./printf.d.ts"
export * from "npm:deno-std@1.4.0/fmt/printf.js";
