/**
 * `deno task mutate`: do the tests notice when the code is changed? Exchanges one operator or constant at a time
 * in a copy of the project, at places drawn from a seed, and runs the tests of the same folder on each.
 *
 * | flag            | meaning                               | default                     |
 * | --------------- | ------------------------------------- | --------------------------- |
 * | `--count N`     | how many places                       | 200                         |
 * | `--seed N`      | which places                          | 0                           |
 * | `--folders A,B` | folders of src/                       | checks,measure,theory,model |
 * | `--jobs N`      | how many are tried at the same time   | 2                           |
 *
 * A change that cannot matter is listed in `excused.json`, with the reason. Exits with 1 if the tests notice
 * fewer than 90 % of the others.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Chance } from "../fuzz/chance.ts";
import excused from "./excused.json" with { type: "json" };
import { mutantsOf, mutate } from "./mutants.ts";

/** The share of changes that the tests must notice. */
const LEAST = 0.9;
/** A change that makes the tests this slow has been noticed. */
const MOST_SECONDS = 300;

const args = parseArgs(Deno.args, { string: ["count", "seed", "folders", "jobs"] });
const count = Number(args.count ?? 200);
const seed = Number(args.seed ?? 0);
const jobs = Number(args.jobs ?? 2);
const folders = (args.folders ?? "checks,measure,theory,model").split(",");
const root = new URL("../../", import.meta.url).pathname;

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}${folder}`)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts") && name !== "mod.ts") yield `${folder}/${name}`;
  }
}

const files =
  (await Promise.all(folders.map((name: string) => Array.fromAsync(sources(`src/${name}`)))))
    .flat().sort();
const places = (await Promise.all(
  files.map(async (file) =>
    mutantsOf(await Deno.readTextFile(`${root}${file}`)).map((mutant) => ({ file, mutant }))
  ),
)).flat();

const chance = new Chance(seed, "mutation", 0);
const chosen: typeof places = [];
while (chosen.length < Math.min(count, places.length)) {
  const [one] = places.splice(chance.integer(0, places.length - 1), 1);
  chosen.push(one);
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

/** Where the tests of a folder are; documentation examples of the file count too. */
const testsOf = (file: string) => `tests/${file.split("/")[1]}`;

async function isNoticed(copy: string, file: string): Promise<boolean> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--no-check", "--fail-fast", testsOf(file)],
    cwd: copy,
    stdout: "null",
    stderr: "null",
    env: { CI: "true", NO_COLOR: "1" },
  }).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), MOST_SECONDS * 1000);
  const { success } = await process.status;
  clearTimeout(timer);
  return !success;
}

type Outcome = "noticed" | "passed over" | "excused";
const outcomes: Outcome[] = [];

/** What stands at a place, for the list of those that cannot matter. */
const describe = (file: string, line: string, was: string, is: string) =>
  `${file}: ${was} -> ${is} in ${line.trim()}`;

async function work(copy: string): Promise<void> {
  for (let next = chosen.shift(); next !== undefined; next = chosen.shift()) {
    const { file, mutant } = next;
    const text = await Deno.readTextFile(`${root}${file}`);
    const line = text.split("\n")[mutant.line - 1];
    const what = describe(file, line, mutant.was, mutant.is);
    if (Object.hasOwn(excused, what)) {
      outcomes.push("excused");
      continue;
    }
    await Deno.writeTextFile(`${copy}/${file}`, mutate(text, mutant));
    const noticed = await isNoticed(copy, file);
    await Deno.writeTextFile(`${copy}/${file}`, text);
    outcomes.push(noticed ? "noticed" : "passed over");
    if (!noticed) console.log(`passed over, line ${mutant.line}: ${what}`);
  }
}

const copies = await Promise.all(Array.from({ length: jobs }, copyProject));
try {
  for (const folder of folders) {
    const healthy = await isNoticed(copies[0], `src/${folder}/`);
    if (healthy) throw new Error(`the tests of ${folder} fail without any change`);
  }
  await Promise.all(copies.map(work));
} finally {
  for (const copy of copies) await Deno.remove(copy, { recursive: true });
}
const number = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
const judged = outcomes.length - number("excused");
const share = number("noticed") / judged;
console.log(
  `${outcomes.length} changes (seed ${seed}): ${
    number("excused")
  } cannot matter, the tests notice ` +
    `${number("noticed")} of the other ${judged}, ${(100 * share).toFixed(1)} %`,
);
Deno.exit(share < LEAST ? 1 : 0);
