import type { FuzzTarget } from "./fuzz_target.ts";

/** Every target: each file of `targets/` exports one as `target`. */
export async function readTargets(): Promise<FuzzTarget[]> {
  const folder = new URL("./targets/", import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const modules = await Promise.all(names.map((name) => import(new URL(name, folder).href)));
  return modules.map(({ target }) => target);
}
