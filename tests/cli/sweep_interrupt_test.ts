import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../core/model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const ROOT = new URL("../../", import.meta.url);

/**
 * Starts a sweep and interrupts it once there is something in its folder; twice, as Ctrl-C arrives
 * under npx, which passes on what the terminal has sent already.
 *
 * @param isUnderWay Whether a file's name and size say that it has come so far. Default: the first
 * points are in its journal.
 */
async function interrupt(
  folder: string,
  args: string[],
  isUnderWay = (name: string, size: number) => name.endsWith(".journal") && size > 0,
): Promise<{ code: number; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("mod.ts", ROOT).href, "sweep", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const sizeOf = (name: string) => {
    try {
      return Deno.statSync(`${folder}/${name}`).size;
    } catch {
      // A temporary file that was there when the folder was read.
      return 0;
    }
  };
  const isReached = () =>
    [...Deno.readDirSync(folder)].some(({ name }) => isUnderWay(name, sizeOf(name)));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended && !isReached()) await pause();
  if (!ended) child.kill("SIGINT");
  await pause();
  try {
    child.kill("SIGINT");
  } catch {
    // It has ended at the first.
  }
  const { code, stderr } = await child.output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

const GRID = ["--depth=3", "--width=8", "--scale=0.1..10:10", "--seeds=2"];
/** The study that nothing interrupts, whose bytes depend on no number of jobs. */
let whole: ReturnType<typeof runCommand> | undefined;

for (const jobs of ["1", "2"]) {
  Deno.test(`sweep keeps what is done at Ctrl-C and goes on with it, with --jobs ${jobs}`, async () => {
    await withFolder(async (folder) => {
      const out = `${folder}/study.json`;
      const grid = [...GRID, `--jobs=${jobs}`];
      const { code, stderr } = await interrupt(folder, [...grid, "--out", out]);
      assertEquals(code, 130, stderr);
      assertStringIncludes(stderr, `interrupted: go on with --out ${out} --resume`);
      const { points, total } = JSON.parse(await Deno.readTextFile(out));
      assert(points.length > 0 && points.length < total, `${points.length} of ${total}`);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["study.json"]);

      const resumed = await runCommand(["sweep", ...grid, "--out", out, "--resume"]);
      assertEquals(resumed.code, 0, resumed.stderr);
      whole ??= runCommand(["sweep", ...GRID, "--jobs=1", "--quiet", "--format=json"]);
      const { stdout } = await whole;
      assertEquals(await Deno.readTextFile(out), stdout);
      // The same text as well, and nothing is measured a third time.
      const again = await runCommand(["sweep", ...grid, "--out", out, "--resume"]);
      assertEquals(again.stdout, resumed.stdout);
      assertEquals(await Deno.readTextFile(out), stdout);
    });
  });
}

/** A module that leaves a file when it is asked for the model of a seed, which never comes. */
async function writeHanging(folder: string, seed: number): Promise<string> {
  await Deno.writeTextFile(
    `${folder}/model.ts`,
    `export function createModel({ tf, seed }) {
  if (seed === ${seed}) {
    Deno.writeTextFileSync(${JSON.stringify(`${folder}/mark`)}, "");
    return new Promise((resolve) => setTimeout(resolve, 1e6));
  }
  return tf.sequential({
    layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [1], activation: "tanh" })),
  });
}
`,
  );
  return `${folder}/model.ts`;
}

for (const jobs of ["1", "2"]) {
  Deno.test(`sweep ends at Ctrl-C though a model does not come, with --jobs ${jobs}`, async () => {
    const asksForFirst = (name: string) => name === "mark";
    for (const [seed, kept, isUnderWay] of [[0, null, asksForFirst], [1, 1, undefined]] as const) {
      await withFolder(async (folder) => {
        const model = await writeHanging(folder, seed);
        const args = [model, "--scale=1", "--seeds=2", `--jobs=${jobs}`, `--out=${folder}/a.json`];
        const { code, stderr } = await interrupt(folder, args, isUnderWay);
        assertEquals(code, 130, stderr);
        const file = await Deno.readTextFile(`${folder}/a.json`).catch(() => null);
        assertEquals(file === null ? null : JSON.parse(file).points.length, kept);
      });
    }
  });
}

Deno.test("sweep says that it cannot end where a model never comes", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      "export const createModel = () => new Promise(() => {});\n",
    );
    await assertRefuses(
      ["sweep", `${folder}/model.ts`],
      `no result: the code of ${folder}/model.ts ended the process, or awaits`,
      { separate: true },
    );
  });
});

Deno.test("sweep reports a worker that died on stderr, and goes on", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `import process from "node:process";
export function createModel({ tf, seed }) {
  const mark = ${JSON.stringify(`${folder}/mark`)};
  if (seed === 1 && !Deno.readDirSync(${
        JSON.stringify(folder)
      }).some(({ name }) => name === "mark")) {
    Deno.writeTextFileSync(mark, "");
    process.exit(1);
  }
  return tf.sequential({
    layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [1], activation: "tanh" })),
  });
}
`,
    );
    const { code, stdout, stderr } = await runCommand([
      "sweep",
      `${folder}/model.ts`,
      "--scale=2",
      "--seeds=3",
      "--jobs=2",
      "--format=csv",
    ], { separate: true });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "warning: A worker died at point 1 (seed 1, scale 2)");
    assertEquals(stdout.trimEnd().split("\n").length, 3 * 2 + 1);
  });
});

Deno.test("sweep ends when the reader of its points has seen enough", async () => {
  // A thousand draws take minutes; the test runner would say so.
  const script = `"$DENO" run --no-check -A mod.ts sweep --seeds 1000 --format csv | head -n 1
echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: ROOT,
    env: { DENO: Deno.execPath(), NO_COLOR: "1" },
  }).output();
  const [heading, code] = new TextDecoder().decode(stdout).trim().split("\n");
  assert(heading.startsWith("index,seed,"));
  assertEquals(code, "0");
  const [, measured] = /(\d+) of 256000 points/.exec(new TextDecoder().decode(stderr)) ?? [];
  assert(Number(measured) > 0 && Number(measured) < 10_000, `${measured} points`);
});
