import { assertEquals, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { withFolder } from "../core/model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const GRID = ["--depth=3", "--width=8", "--scale=0.1,1,10", "--seeds=2", "--quiet"];

/** Writes the shards of a study, some with as many jobs, and returns their paths. */
async function shards(folder: string, count: number, jobs = 1): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const out = `${folder}/part${i + 1}.json`;
      const { code, stderr } = await runCommand([
        "sweep",
        ...GRID,
        `--shard=${i + 1}/${count}`,
        "--out",
        out,
        `--jobs=${1 + i % jobs}`,
      ]);
      assertEquals(code, 0, stderr);
      return out;
    }),
  );
}

Deno.test("merge joins three shards into the bytes of the unsplit study", async () => {
  await withFolder(async (folder) => {
    const [parts, whole] = await Promise.all([
      shards(folder, 3, 2),
      runCommand(["sweep", ...GRID, "--out", `${folder}/whole.json`]),
    ]);
    const { code, stdout, stderr } = await runCommand([
      "merge",
      ...parts.toReversed(),
      "--out",
      `${folder}/merged.json`,
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(
      await Deno.readTextFile(`${folder}/merged.json`),
      await Deno.readTextFile(`${folder}/whole.json`),
    );
    assertEquals(stdout, whole.stdout);
    for (const format of ["json", "csv", "markdown", "summary"]) {
      const merged = await runCommand(["merge", ...parts, `--format=${format}`]);
      const shown = await runCommand(["merge", `${folder}/whole.json`, `--format=${format}`]);
      assertEquals(merged.stdout, shown.stdout);
    }
    const json = await runCommand(["merge", ...parts, "--format=json"]);
    assertEquals(json.stdout, await Deno.readTextFile(`${folder}/whole.json`));
  });
});

Deno.test("merge refuses missing and double points and foreign parts, and writes nothing", async () => {
  await withFolder(async (folder) => {
    const parts = await shards(folder, 3);
    const out = `${folder}/merged.json`;
    const old = await Deno.readTextFile(parts[1]);
    await Deno.writeTextFile(out, old);
    await assertRefuses(
      ["merge", parts[0], parts[2], "--out", out],
      [
        "8 of 24 points are in no part: point 8 (sigmoid, depth 3, width 8, seed 0, scale 10)",
        "not given: shard 2/3",
      ],
    );
    await assertRefuses(
      ["merge", ...parts, parts[1], "--out", out],
      "part2.json both have point 8 (sigmoid, depth 3, width 8, seed 0, scale 10)",
    );
    await assertRefuses(["merge", parts[0], "--format=json"], "16 of 24 points are in no part");
    const other = `${folder}/other.json`;
    await Deno.writeTextFile(
      other,
      (await Deno.readTextFile(parts[1])).replace(/"package": ".*?"/, '"package": "0.0.9"'),
    );
    await assertRefuses(
      ["merge", parts[0], other, parts[2], "--out", out],
      [
        "1 of 3 parts belongs to another study, expected that of the others: ",
        "other.json (they are of different versions",
        `"${configuration.version}" and "0.0.9"`,
      ],
    );
    assertEquals(await Deno.readTextFile(out), old);
    assertEquals([...Deno.readDirSync(folder)].length, 5);
  });
});

Deno.test("merge refuses parts that were computed with and without relaxed SIMD", async () => {
  await withFolder(async (folder) => {
    const [one] = await shards(folder, 2);
    const two = `${folder}/portable.json`;
    await runCommand(["sweep", ...GRID, "--shard=2/2", "--portable", "--out", two]);
    const { engine } = JSON.parse(await Deno.readTextFile(one));
    // On a machine without relaxed SIMD both are the same, and there is nothing to refuse.
    if (engine.relaxedSimd) await assertRefuses(["merge", one, two], "use --portable");
    else assertEquals((await runCommand(["merge", one, two])).code, 0);
  });
});

Deno.test("merge rejects a file that is not a study", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.json`, '{ "version": 1 }\n');
    await assertRefuses(["merge"], "FILE is missing, expected a file");
    await assertRefuses(["merge", `${folder}/a.json`], "expected a study as sweep writes it");
    await assertRefuses(["merge", `${folder}/b.json`], "b.json: there is no such file");
  });
});

Deno.test("merge shows a single whole study again", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/a.json`;
    const { stdout } = await runCommand(["sweep", ...GRID, "--out", out]);
    const again = await runCommand(["merge", out]);
    assertEquals(again.stdout, stdout);
    assertStringIncludes(stdout, "RESCALING STUDY");
  });
});
