/** Modules that Deno and Node bring along. */
interface Builtins {
  child_process: typeof import("node:child_process");
  console: typeof import("node:console");
  crypto: typeof import("node:crypto");
  fs: typeof import("node:fs");
  http: typeof import("node:http");
  module: typeof import("node:module");
  os: typeof import("node:os");
  path: typeof import("node:path");
  process: typeof import("node:process");
  test: typeof import("node:test");
  url: typeof import("node:url");
  vm: typeof import("node:vm");
  worker_threads: typeof import("node:worker_threads");
  zlib: typeof import("node:zlib");
}

/** Thread that a program has started. */
export type Thread = InstanceType<Builtins["worker_threads"]["Worker"]>;

/** Modules that a page brings in their place. */
let brought: Partial<{ [Name in keyof Builtins]: Partial<Builtins[Name]> }> = {};

/** Takes modules in place of those that the runtime lacks. */
export function useBuiltins(modules: typeof brought): void {
  brought = modules;
}

/**
 * Returns a module of the runtime. It is loaded by the first call, which takes Deno 5 ms: `--help` and a test
 * of a model in memory need none.
 */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const found = brought[name] ?? process?.getBuiltinModule?.(`node:${name}`);
  if (found === undefined) throw new Error(`This runtime has no ${name}`);
  return found as Builtins[Name];
}
