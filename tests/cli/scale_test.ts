import { assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../core/model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { RIGHT, WRONG } from "./scale_models.ts";

const SIZES = ["--widths=32,64,128,256", "--seeds=2", "--quiet"];

async function withModels(body: (folder: string) => Promise<void>) {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/right.js`, RIGHT);
    await Deno.writeTextFile(`${folder}/wrong.js`, WRONG);
    await body(folder);
  });
}

Deno.test("scale passes siblings that keep their scale, and fails others with a fix", async () => {
  await withModels(async (folder) => {
    const right = await runCommand(["scale", `${folder}/right.js`, ...SIZES]);
    assertEquals(right.code, 0, right.stdout + right.stderr);
    assertStringIncludes(right.stdout, "/right.js: scale-free\n");
    const wrong = await runCommand(["scale", `${folder}/wrong.js`, ...SIZES]);
    assertEquals(wrong.code, 1, wrong.stdout + wrong.stderr);
    assertStringIncludes(wrong.stdout, "Error in `hidden` over width 32 to 256: ");
    assertStringIncludes(wrong.stdout, "- hidden: learning rate x width^-1\n");
    assertStringIncludes(wrong.stdout, "tf.layers.rescaling({ scale: (width / 32) ** -1 })");
  });
});

Deno.test("merge joins the shards of scale into the bytes of the whole, and judges it", async () => {
  await withModels(async (folder) => {
    const file = (name: string) => `${folder}/${name}.json`;
    const scale = (...flags: string[]) =>
      runCommand(["scale", `${folder}/wrong.js`, ...SIZES, "--portable", ...flags]);
    assertEquals((await scale("--out", file("whole"))).code, 1);
    // A part alone is not judged.
    assertEquals((await scale("--shard=1/2", "--out", file("one"), "--jobs=2")).code, 0);
    assertEquals((await scale("--shard=2/2", "--out", file("two"))).code, 0);
    const merged = await runCommand([
      "merge",
      file("two"),
      file("one"),
      "--out",
      file("merged"),
    ]);
    assertEquals(merged.code, 1, merged.stderr);
    assertStringIncludes(merged.stdout, "/wrong.js: does not keep its scale\n");
    assertEquals(
      await Deno.readTextFile(file("merged")),
      await Deno.readTextFile(file("whole")),
    );
    const seeds = "--widths 32,64,128,256 --seeds 0,1";
    const command = `scale ${folder}/wrong.js ${seeds} --out ${file("merged")} --resume`;
    assertStringIncludes(merged.stderr, `To try a fix, with the flags of the parts: ${command}`);
    const fixed = await scale("--out", file("merged"), "--resume");
    assertStringIncludes(fixed.stdout, "- hidden: learning rate x width^-1\n");
  });
});

Deno.test("scale --resume goes on with a file that lacks points", async () => {
  await withModels(async (folder) => {
    const out = `${folder}/study.json`;
    const scale = (...flags: string[]) =>
      runCommand(["scale", `${folder}/right.js`, ...SIZES, "--out", out, ...flags]);
    assertEquals((await scale()).code, 0);
    const whole = await Deno.readTextFile(out);
    const lines = whole.split("\n");
    lines.splice(lines.findIndex((line) => line.startsWith('    {"index":')) + 2, 3);
    await Deno.writeTextFile(out, lines.join("\n"));
    await assertRefuses(["scale", `${folder}/right.js`, ...SIZES, "--out", out], ["--resume"]);
    const resumed = await scale("--resume");
    assertEquals(resumed.code, 0, resumed.stderr);
    assertEquals(await Deno.readTextFile(out), whole);
  });
});

Deno.test("scale writes the page or image that --out is named like, and a CSV of every step", async () => {
  await withModels(async (folder) => {
    const scale = (...flags: string[]) =>
      runCommand([
        "scale",
        `${folder}/right.js`,
        "--widths=8,16",
        "--seeds=1",
        "--quiet",
        ...flags,
      ]);
    for (const [name, begins] of [["a.html", "<!doctype html>"], ["a.svg", "<svg"]]) {
      const { stdout, stderr } = await scale("--out", `${folder}/${name}`);
      assertEquals([stdout, stderr], ["", ""]);
      assertEquals((await Deno.readTextFile(`${folder}/${name}`)).startsWith(begins), true, name);
    }
    const { stdout } = await scale("--format=csv");
    const [heading, ...rows] = stdout.trimEnd().split("\n").map((row) => row.split(","));
    const columns = ["width", "layer", "step", "activationSize"].map((name) =>
      heading.indexOf(name)
    );
    const seen = rows.map((row) => columns.map((column) => row[column]));
    const hidden = seen.filter(([, layer]) => layer === "hidden");
    assertEquals(
      hidden.map(([width, , step]) => `${width}/${step}`),
      [8, 16].flatMap((width) => [0, 1, 2, 3, 4, 5].map((step) => `${width}/${step}`)),
    );
    assertEquals(hidden.every(([, , , size]) => Number(size) > 0), true);
  });
});

Deno.test("scale refuses a single size, a file with a fixed size, and a module that ignores it", async () => {
  await withModels(async (folder) => {
    await assertRefuses(["scale", `${folder}/right.js`, "--widths=64"], ["two or more of either"]);
    // Its points would be shown nowhere.
    await assertRefuses(["scale", `${folder}/right.js`, ...SIZES, "--shard=1/2"], [
      "--shard is given without --out FILE, expected both",
    ]);
    await Deno.writeTextFile(
      `${folder}/fixed.js`,
      "export const createModel = ({ tf }) => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });",
    );
    await assertRefuses(["scale", `${folder}/fixed.js`, ...SIZES], ["use the `width`"]);
    await assertRefuses(["scale", `${folder}/model.json`, ...SIZES], [
      "has a fixed depth and width",
    ]);
  });
});
