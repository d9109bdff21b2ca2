/**
 * `@std/cli` for a checkout that reaches the npm registry alone: the same code, packed for npm.
 *
 * @module
 */
export * from "./parse_args.ts";
