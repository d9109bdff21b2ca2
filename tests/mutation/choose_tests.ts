import type { Import } from "../read_imports.ts";

/** Sizes of the rounds: few tests at first, as the nearest often notice; at most 30, so that a change costs seconds. */
const ROUNDS = [2, 4, 8, 16];

/** Returns the number of steps from a file to each that can be reached from it. */
function stepsFrom(file: string, next: Map<string, string[]>): Map<string, number> {
  const steps = new Map([[file, 0]]);
  for (const [reached, count] of steps) {
    for (const other of next.get(reached) ?? []) {
      if (!steps.has(other)) steps.set(other, count + 1);
    }
  }
  return steps;
}

/**
 * Returns a function that chooses the tests for a changed module: those named after it, then those
 * that load it, directly or not. Tests of its room come first, tests that run commands last; then
 * the nearest; at the same distance the tests that load least, which are fast and about little
 * else. Tests are run in rounds, as Deno keeps no order within a run.
 *
 * @param imports Imports of `src/` and `tests/`, as paths from the root.
 */
export function testChoice(imports: readonly Import[]): (module: string) => string[][] {
  const imported = new Map<string, string[]>();
  const importers = new Map<string, string[]>();
  for (const { from, to, kind } of imports) {
    if (kind === "type") continue;
    imported.set(from, [...imported.get(from) ?? [], to]);
    importers.set(to, [...importers.get(to) ?? [], from]);
  }
  const tests = [...imported.keys()].filter((from) => /_test\.ts$/.test(from));
  const loads = new Map(tests.map((test) => [test, stepsFrom(test, imported).size]));
  return (module) => {
    const path = module.split("/");
    // Tests have the folders of what they test; rooms of the core are a folder further down.
    const room = path.slice(1, ["core", "ground"].includes(path[1]) ? 3 : 2).join("/");
    const stem = `/${path.at(-1)!.replace(/\.ts$/, "_")}`;
    const distances = stepsFrom(module, importers);
    const rank = (test: string) => [
      test.endsWith(`${stem}test.ts`) ? 0 : 1,
      test.startsWith("tests/cli/") ? 1 : 0,
      test.startsWith(`tests/${room}/`) ? 0 : 1,
      distances.get(test) ?? 0,
      loads.get(test)!,
    ];
    const chosen = tests
      .filter((test) => distances.has(test) || test.endsWith(`${stem}test.ts`))
      .map((test) => ({ test, rank: rank(test) }))
      .sort((a, b) => {
        const differing = a.rank.findIndex((value, i) => value !== b.rank[i]);
        return differing === -1 ? 0 : a.rank[differing] - b.rank[differing];
      })
      .map(({ test }) => test);
    return ROUNDS.map((size) => chosen.splice(0, size)).filter((round) => round.length > 0);
  };
}
