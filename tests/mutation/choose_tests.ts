import { type Import, loadedWith } from "../read_imports.ts";

/** How many of the tests that load least make a round. */
const FEW = 8;

/**
 * Which tests are to notice a change: those of the module's room that load it, and those named after it wherever
 * they stand, as where its behaviour is the command line's. They are run in rounds, since Deno keeps no
 * order within one: first those whose name begins with the module's, as the likeliest to notice; then those that
 * load least, which are about little else, and fast; then all others.
 *
 * @param imports Those of `src/` and `tests/`, told from the root.
 * @returns The rounds of a module; a round has a test at least.
 */
export function testChoice(imports: readonly Import[]): (module: string) => string[][] {
  const tests = new Set(imports.map(({ from }) => from).filter((from) => /_test\.ts$/.test(from)));
  const loads = [...tests].map((test) => ({
    test,
    loaded: new Set(loadedWith(imports, [test], ["value", "late", "path"])),
  })).sort((a, b) => a.loaded.size - b.loaded.size);
  return (module) => {
    const [, room, ...path] = module.split("/");
    const stem = `/${path.at(-1)!.replace(/\.ts$/, "_")}`;
    const chosen = loads.filter(({ test, loaded }) =>
      test.startsWith(`tests/${room}/`) && loaded.has(module) || test.endsWith(`${stem}test.ts`)
    ).map(({ test }) => test);
    const own = chosen.filter((test) => test.includes(stem));
    const others = chosen.filter((test) => !own.includes(test));
    return [own, others.slice(0, FEW), others.slice(FEW)].filter((round) => round.length > 0);
  };
}
