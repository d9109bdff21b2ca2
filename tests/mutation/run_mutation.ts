/**
 * `deno task mutate`: do the tests notice when the code is changed? Exchanges one operator or constant at a time
 * in a copy of the project, at places drawn from a seed, and runs the tests of the module
 * (`choose_tests.ts`) until one fails.
 *
 * | flag            | meaning                                 | default                     |
 * | --------------- | --------------------------------------- | --------------------------- |
 * | `--count N`     | how many places in each folder          | 40                          |
 * | `--seed N`      | which places                            | 0                           |
 * | `--folders A,B` | folders of src/                         | those of {@linkcode FOLDERS} |
 * | `--jobs N`      | how many are tried at the same time     | 2                           |
 *
 * A change that cannot matter is listed in `excused.json`, with the reason. Exits with 1 if the tests of any
 * folder notice fewer than 90 % of the others.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Chance } from "../fuzz/chance.ts";
import { modulesIn, readImports } from "../read_imports.ts";
import { testChoice } from "./choose_tests.ts";
import excused from "./excused.json" with { type: "json" };
import { changedLine, type Mutant, mutantsOf, mutate } from "./mutants.ts";

/** Folders of src/ that are changed by default. `diagnosis` includes `examine`. */
const FOLDERS = ["rules", "measure", "theory", "model", "diagnosis", "compare", "gate"];
/** The share of changes that the tests of each folder must notice. */
const LEAST = 0.9;
/** Tests that take so many times as long as all of their room do without a change have noticed it, as an endless loop. */
const SLOWER = 3;
/** They may always take this long. */
const LEAST_SECONDS = 60;
/** What the tests of a room may take without any change. */
const HEALTHY_SECONDS = 600;

const args = parseArgs(Deno.args, { string: ["count", "seed", "folders", "jobs"] });
const count = Number(args.count ?? 40);
const seed = Number(args.seed ?? 0);
const jobs = Number(args.jobs ?? 2);
const folders: string[] = args.folders?.split(",") ?? FOLDERS;
const root = new URL("../../", import.meta.url);

interface Place {
  file: string;
  /** The line with the change made. */
  line: string;
  text: string;
  mutant: Mutant;
}

async function placesIn(folder: string): Promise<Place[]> {
  const urls = (await Array.fromAsync(modulesIn(new URL(`src/${folder}/`, root)))).sort();
  return (await Promise.all(urls.map(async (url) => {
    const text = await Deno.readTextFile(url);
    const file = url.href.replace(root.href, "");
    return mutantsOf(text)
      .map((mutant) => ({ file, line: changedLine(text, mutant), text, mutant }));
  }))).flat();
}

function draw(places: Place[]): Place[] {
  const chance = new Chance(seed, "mutation", 0);
  const left = [...places];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(chance.integer(0, left.length - 1), 1)[0],
  );
}

/** Files that git tracks, in a folder of their own. */
async function copyProject(): Promise<string> {
  const copy = await Deno.makeTempDir();
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$0"`, copy],
    cwd: root,
  }).output();
  if (!success) throw new Error("the project could not be copied");
  return copy;
}

const CODE = ["src/", "tests/"];
const testsOf = testChoice(await readImports(root, CODE));

/** How tests ended. */
type End = "passed" | "failed" | "too slow";

/** Runs rounds of tests, up to the first that does not pass. */
async function runRounds(copy: string, rounds: string[][], mostSeconds: number): Promise<End> {
  for (const tests of rounds) {
    const end = await run(copy, tests, mostSeconds);
    if (end !== "passed") return end;
  }
  return "passed";
}

async function run(copy: string, tests: string[], mostSeconds: number): Promise<End> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--no-check", "--fail-fast", ...tests],
    cwd: copy,
    stdout: "null",
    stderr: "null",
    env: { CI: "true", NO_COLOR: "1" },
  }).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), mostSeconds * 1000);
  const { success, signal } = await process.status;
  clearTimeout(timer);
  return success ? "passed" : signal === "SIGKILL" ? "too slow" : "failed";
}

const mostSeconds = new Map<string, number>();
const outcomes = new Map(
  folders.map((folder) => [folder, { "excused": 0, "passed": 0, "failed": 0, "too slow": 0 }]),
);

async function work(copy: string, queue: Place[]): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { file, line, text, mutant } = next;
    const folder = file.split("/")[1];
    const outcome = outcomes.get(folder)!;
    if ((excused as Record<string, Record<string, string>>)[file]?.[line] !== undefined) {
      outcome.excused++;
      continue;
    }
    await Deno.writeTextFile(`${copy}/${file}`, mutate(text, mutant));
    const end = await runRounds(copy, testsOf(file), mostSeconds.get(folder)!);
    await Deno.writeTextFile(`${copy}/${file}`, text);
    outcome[end]++;
    if (end === "passed") {
      console.log(`${file}:${mutant.line}: no test notices ${mutant.was} -> ${mutant.is}: ${line}`);
    }
  }
}

const copies = await Promise.all(Array.from({ length: jobs }, copyProject));
try {
  for (const folder of folders) {
    const start = performance.now();
    if (await run(copies[0], [`tests/${folder}`], HEALTHY_SECONDS) !== "passed") {
      throw new Error(
        `the tests of ${folder} fail without any change, see deno test -A tests/${folder}`,
      );
    }
    const seconds = (performance.now() - start) / 1000;
    mostSeconds.set(folder, Math.max(LEAST_SECONDS, SLOWER * seconds));
  }
  const queue = (await Promise.all(folders.map(placesIn))).flatMap(draw);
  await Promise.all(copies.map((copy) => work(copy, queue)));
} finally {
  for (const copy of copies) await Deno.remove(copy, { recursive: true });
}

let isEnough = true;
for (const [folder, { excused, passed, failed, "too slow": slow }] of outcomes) {
  const noticed = failed + slow;
  const judged = noticed + passed;
  console.log(
    `seed ${seed}, ${folder}: the tests notice ${noticed} of ${judged}, ` +
      `${(100 * noticed / judged).toFixed(1)} %, ${slow} of them by never ending; ` +
      `${excused} cannot matter`,
  );
  if (noticed < LEAST * judged) isEnough = false;
}
Deno.exit(isEnough ? 0 : 1);
