import { type Import, loadedWith } from "../read_imports.ts";

/**
 * Which tests are to notice a change: those of the module's room that load it, and those named after it wherever
 * they stand, as where its behaviour is the command line's. Those whose name begins with its own come first, as
 * the likeliest to notice; then those that load least: they are about little else, and fast.
 *
 * @param imports Those of `src/` and `tests/`, told from the root.
 * @returns The tests of a module.
 */
export function testChoice(imports: readonly Import[]): (module: string) => string[] {
  const tests = new Set(imports.map(({ from }) => from).filter((from) => /_test\.ts$/.test(from)));
  const loads = [...tests].map((test) => ({
    test,
    loaded: new Set(loadedWith(imports, [test], ["value", "late"])),
  })).sort((a, b) => a.loaded.size - b.loaded.size);
  return (module) => {
    const [, room, ...path] = module.split("/");
    const stem = `/${path.at(-1)!.replace(/\.ts$/, "_")}`;
    const chosen = loads.filter(({ test, loaded }) =>
      test.startsWith(`tests/${room}/`) && loaded.has(module) || test.endsWith(`${stem}test.ts`)
    ).map(({ test }) => test);
    const own = chosen.filter((test) => test.includes(stem));
    return [...own, ...chosen.filter((test) => !own.includes(test))];
  };
}
