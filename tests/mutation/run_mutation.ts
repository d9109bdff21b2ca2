/**
 * `deno task mutate`: do the tests notice when the code is changed? Exchanges one operator or constant at a time
 * in a copy of the project, at places drawn from a seed, and runs the tests of the module
 * (`choose_tests.ts`) until one fails.
 *
 * | flag            | meaning                            | default                     |
 * | --------------- | ---------------------------------- | --------------------------- |
 * | `--count N`     | number of places in each folder    | 40                          |
 * | `--seed N`      | seed that the places are drawn by  | 0                           |
 * | `--folders A,B` | folders of src/, `keras` or `core/rules` | all rooms but {@linkcode LEFT_OUT} |
 * | `--all`         | tests of both tiers                | those of the first          |
 * | `--jobs N`      | number of changes tried at a time  | 2                           |
 *
 * A change that cannot matter is listed in `excused.json`, with the reason. Exits with 1 if the tests of any
 * folder notice fewer than 90 % of the others.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { stripAnsiCode } from "@std/fmt/colors";
import { Chance } from "../fuzz/chance.ts";
import { modulesIn, readImports } from "../read_imports.ts";
import { isFirstTier } from "../tiers.ts";
import { testChoice } from "./choose_tests.ts";
import excused from "./excused.json" with { type: "json" };
import { changedLine, type Mutant, mutantsOf, mutate } from "./mutants.ts";

/** Rooms that are not changed: the doors hand arguments on, and `pages` is what people look at. */
const LEFT_OUT = ["cli", "entry", "notebook", "pages"];
/** Folders of `src/` whose folders are rooms. */
const HOLD_ROOMS = ["core", "ground"];
/** Share of changes that the tests of each folder must notice. */
const LEAST = 0.9;
/** Tests have noticed a change, as an endless loop, if they take this many times as long as without it. */
const SLOWER = 5;
/** Seconds that the tests of a round may take before the one that runs is tried alone. */
const LEAST_SECONDS = 120;
/** Seconds that a test may always take alone. */
const LEAST_ALONE = 20;

const args = parseArgs(Deno.args, {
  string: ["count", "seed", "folders", "jobs"],
  boolean: ["all"],
});
const count = Number(args.count ?? 40);
const seed = Number(args.seed ?? 0);
const jobs = Number(args.jobs ?? 2);
const root = new URL("../../", import.meta.url);
const foldersIn = (path: string) =>
  [...Deno.readDirSync(new URL(path, root))].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort();
const rooms = foldersIn("src/").filter((name) => !LEFT_OUT.includes(name)).flatMap((name) =>
  HOLD_ROOMS.includes(name) ? foldersIn(`src/${name}/`).map((room) => `${name}/${room}`) : [name]
);
const folders: string[] = args.folders?.split(",") ?? rooms;

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
const testsOf = testChoice((await readImports(root, CODE)).filter(({ from }) => {
  return args.all || isFirstTier(new URL(from, root));
}));

/** End of a run of tests. */
interface End {
  how: "passed" | "failed" | "too slow";
  /** Tests that failed, or the one that ran when the time was up. */
  tests: string[];
  /** Tests that had not begun when the time was up. */
  left: string[];
}

/** Returns how many processes share a processor, at least 1: a test takes that much longer. */
const crowding = () => Math.max(1, Deno.loadavg()[0] / navigator.hardwareConcurrency);

/** Runs tests for at most some seconds of an idle machine. */
async function run(copy: string, tests: string[], mostSeconds: number): Promise<End> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--no-check", "--fail-fast", ...tests],
    cwd: copy,
    stdout: "piped",
    stderr: "null",
    // With colours, since some tests are about them.
    env: { CI: "true" },
  }).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), mostSeconds * 1000 * crowding());
  const { success, signal, stdout } = await process.output();
  clearTimeout(timer);
  if (success) return { how: "passed", tests, left: [] };
  const said = stripAnsiCode(new TextDecoder().decode(stdout));
  if (signal === "SIGKILL") {
    const begun = [...said.matchAll(/^running \d+ tests? from \.\/(.+)$/gm)].map(([, test]) =>
      test
    );
    const left = tests.filter((test) => !begun.includes(test));
    return { how: "too slow", tests: begun.length === 0 ? tests : begun.slice(-1), left };
  }
  const failed = tests.filter((test) => said.includes(` => ./${test}:`));
  return { how: "failed", tests: failed, left: [] };
}

const healthySeconds = new Map<string, number>();

/** Returns the seconds that these tests take on an idle machine without a change; throws if one fails. */
async function measureHealthy(copy: string, tests: string[]): Promise<number> {
  let seconds = 0;
  for (const test of tests) {
    if (!healthySeconds.has(test)) {
      const start = performance.now(), share = crowding();
      if ((await run(copy, [test], 600)).how !== "passed") {
        throw new Error(`a test fails without any change, see deno test -A ${test}`);
      }
      healthySeconds.set(test, (performance.now() - start) / 1000 / share);
    }
    seconds += healthySeconds.get(test)!;
  }
  return seconds;
}

/** Runs the tests of a changed module, up to the first round that does not pass. */
async function tryMutant(copy: string, { file, text, mutant }: Place): Promise<End> {
  const runChanged = async (tests: string[], mostSeconds: number) => {
    await Deno.writeTextFile(`${copy}/${file}`, mutate(text, mutant));
    const end = await run(copy, tests, mostSeconds);
    await Deno.writeTextFile(`${copy}/${file}`, text);
    return end;
  };
  const rounds = testsOf(file);
  for (let tests = rounds.shift(); tests !== undefined; tests = rounds.shift()) {
    let end = await runChanged(tests, LEAST_SECONDS);
    if (end.how === "passed") continue;
    const seconds = SLOWER * await measureHealthy(copy, end.tests);
    if (end.how === "too slow") {
      // The tests before it may have taken the time, and those after it have not begun.
      if (end.left.length > 0 && end.left.length < tests.length) rounds.unshift(end.left);
      end = await runChanged(end.tests, Math.max(LEAST_ALONE, seconds));
    }
    if (end.how !== "passed") return end;
  }
  return { how: "passed", tests: [], left: [] };
}

const isExcused = ({ file, line }: Place) =>
  (excused as Record<string, Record<string, string>>)[file]?.[line] !== undefined;

/** Tries the changes of a folder, and returns true if its tests notice enough of them. */
async function judgeFolder(folder: string, copies: string[]): Promise<boolean> {
  const drawn = draw(await placesIn(folder));
  const queue = drawn.filter((place) => !isExcused(place));
  const ends = { "passed": 0, "failed": 0, "too slow": 0 };
  const judged = queue.length;
  await Promise.all(copies.map(async (copy) => {
    for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
      const { how, tests } = await tryMutant(copy, place);
      ends[how]++;
      const { file, line, mutant: { line: number, was, is } } = place;
      const by = tests.length === 0 ? "" : ` by ${tests.join(", ")}`;
      const says = how === "passed" ? "NOT NOTICED" : `noticed${by}`;
      console.log(`${file}:${number}: ${was} -> ${is} is ${says}: ${line}`);
    }
  }));
  const noticed = judged - ends.passed;
  console.log(
    `seed ${seed}, ${folder}: the tests notice ${noticed} of ${judged}, ` +
      `${(100 * noticed / judged).toFixed(1)} %, ${ends["too slow"]} of them by never ending; ` +
      `${drawn.length - judged} cannot matter`,
  );
  return noticed >= LEAST * judged;
}

const copies = await Promise.all(Array.from({ length: jobs }, copyProject));
let isEnough = true;
try {
  for (const folder of folders) {
    if (!await judgeFolder(folder, copies)) isEnough = false;
  }
} finally {
  for (const copy of copies) await Deno.remove(copy, { recursive: true });
}
Deno.exit(isEnough ? 0 : 1);
