import { formatCount } from "../../src/ground/words/numbers.ts";

/** Look at the odd seeds. */
export interface Look {
  /** ISO date. */
  date: string;
  /** The commit whose rules were looked at; several if a run was stopped and went on with others. */
  commit: string;
  /** The seeds from here. */
  from: number;
  /** The seeds up to here, this one not among them. */
  to: number;
  /** Number of networks. */
  networks: number;
}

/**
 * Returns how often seeds were looked at, in words: `once`, or `once (166 networks) or 4 times (51)`.
 */
export function looksAt(looks: readonly Look[], seeds: readonly number[]): string {
  const byCount = Map.groupBy(
    seeds,
    (seed) => looks.filter(({ from, to }) => from <= seed && seed < to).length,
  );
  const times = (count: number) => count === 1 ? "once" : `${count} times`;
  const groups = [...byCount].sort(([a], [b]) => a - b);
  if (groups.length === 1) return times(groups[0][0]);
  return groups.map(([count, { length }], i) =>
    `${times(count)} (${i === 0 ? formatCount(length, "network") : length})`
  ).join(" or ");
}

/** The looks so far. */
export async function readLooks(file: URL): Promise<Look[]> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The last commit that changed the rules, or anything else in `src`; "-dirty" if more has changed since. */
export async function commitOfRules(): Promise<string> {
  const git = async (...args: string[]) => {
    const cwd = new URL("../../", import.meta.url);
    const { stdout } = await new Deno.Command("git", { args: [...args, "--", "src"], cwd })
      .output();
    return new TextDecoder().decode(stdout).trim();
  };
  const commit = await git("log", "-1", "--format=%h");
  return await git("status", "--porcelain") === "" ? commit : `${commit}-dirty`;
}

/** Returns how many networks were judged by the rules of which commit, in words. */
export function rulesOf(commits: readonly string[]): string {
  const groups = [...Map.groupBy(commits, (commit) => commit)];
  if (groups.length === 1) return `by the rules of commit ${groups[0][0]}`;
  const counts = groups.map(([commit, { length }]) => `${commit} (${length})`);
  return `by the rules of commits ${counts.join(" and ")}`;
}

/** Records another look. */
export async function addLook(
  file: URL,
  look: Omit<Look, "date">,
): Promise<Look[]> {
  const date = new Date().toISOString().slice(0, 19) + "Z";
  const looks = [...await readLooks(file), { date, ...look }];
  await Deno.writeTextFile(file, `${JSON.stringify(looks, null, 2)}\n`);
  return looks;
}
