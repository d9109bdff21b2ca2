import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../core/model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { RIGHT, WRONG } from "./scale_models.ts";

const WIDTHS = [32, 64, 128, 256];
const SIZES = [`--widths=${WIDTHS}`, "--seeds=2", "--quiet"];

async function withProofs(body: (folder: string) => Promise<void>) {
  await withFolder(async (folder) => {
    for (const [name, code] of Object.entries({ right: RIGHT, wrong: WRONG })) {
      await Deno.writeTextFile(`${folder}/${name}.js`, code);
      const out = ["--out", `${folder}/${name}.json`];
      await runCommand(["scale", `${folder}/${name}.js`, ...SIZES, ...out]);
    }
    await body(folder);
  });
}

Deno.test("report and check take the proof of scale, and say what the verdict is worth", async () => {
  await withProofs(async (folder) => {
    const run = (command: string, model: string, proof: string) =>
      runCommand([
        command,
        `${folder}/${model}.js`,
        `--proof=${folder}/${proof}.json`,
        "--quiet",
        "--trial=off",
        "--columns=200",
      ]);
    for (const command of ["report", "check"]) {
      const right = await run(command, "right", "right");
      assertStringIncludes(right.stdout, "Judged on a sibling of width 32: slopes flat to +-0.");
      assertStringIncludes(right.stdout, " up to width 256, so larger siblings keep its scale.");
      assertEquals(right.code, 0, right.stdout + right.stderr);
      const wrong = await run(command, "wrong", "wrong");
      assertStringIncludes(wrong.stdout, "which does not keep its scale up to width 256");
      assertStringIncludes(wrong.stdout, "1. The scale of `hidden` over width 32 to 256: ");
      assertEquals(wrong.code, command === "check" ? 1 : 0, wrong.stdout + wrong.stderr);
    }
    const sgd = RIGHT.replace("tf.train.adam(0.01)", "tf.train.sgd(0.1)");
    await Deno.writeTextFile(`${folder}/sgd.js`, sgd);
    const stale = await run("check", "right", "wrong");
    assertEquals(stale.code, 2);
    assertStringIncludes(stale.stderr, "is about other layers, weights or another batch");
    const { stderr } = await run("report", "sgd", "right");
    assertMatch(
      stderr,
      /about Adam at a rate of 0\.01, expected SGD at a rate of .*, by which .*sgd\.js is trained/,
    );
  });
});

Deno.test("a proof in a report is written and read again", async () => {
  await withProofs(async (folder) => {
    const out = `${folder}/report.json`;
    const flags = ["--quiet", "--trial=off", "--format=json", "--out", out];
    await runCommand(["report", `${folder}/right.js`, `--proof=${folder}/right.json`, ...flags]);
    const { sibling } = JSON.parse(await Deno.readTextFile(out));
    assertEquals([sibling.width, sibling.depth, sibling.largest], [32, null, {
      width: 256,
      depth: null,
    }]);
    assert(sibling.steepest < 0.25);
    assertEquals(sibling.faults, []);
    const { code, stderr } = await runCommand(["diff", out, out, "--quiet"]);
    assertEquals(code, 0, stderr);
  });
});

Deno.test("the configuration gates the scale of a model, by siblings or by a proof", async () => {
  await withProofs(async (folder) => {
    const check = async (model: object, more: object = {}) => {
      const config = `${folder}/gradient-health.json`;
      await Deno.writeTextFile(config, JSON.stringify({ models: [model], ...more }));
      return await runCommand(["check", "--config", config, "--quiet", "--trial=off"]);
    };
    const scale = { widths: WIDTHS, seeds: 2 };
    assertEquals((await check({ path: "right.js", scale })).code, 0);
    const wrong = await check({ path: "wrong.js", scale });
    assertEquals(wrong.code, 1, wrong.stdout + wrong.stderr);
    assertStringIncludes(wrong.stdout, "The scale of `hidden`");
    assertEquals((await check({ path: "wrong.js", proof: "wrong.json" })).code, 1);
    const rules = { "scale-free": "warn" };
    assertEquals((await check({ path: "wrong.js", proof: "wrong.json" }, { rules })).code, 0);
    const both = await check({ path: "wrong.js", proof: "wrong.json", scale });
    assertEquals(both.code, 2);
    assertStringIncludes(both.stderr, "models[0] has scale and proof, expected one of them");
  });
});

Deno.test("a part of a proof, and a study of rates, are refused", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/right.js`, RIGHT);
    const model = `${folder}/right.js`;
    const out = ["--out", `${folder}/proof.json`];
    await runCommand(["scale", model, ...SIZES, "--shard=1/2", ...out]);
    await assertRefuses(["report", `--proof=${folder}/proof.json`, "--quiet"], [
      "MODEL is missing, expected a module with createModel({ tf, seed, width, depth })",
    ]);
    await assertRefuses(["report", model, `--proof=${folder}/proof.json`, "--quiet"], [
      "has 4 of 8 points, expected a whole study",
    ]);
    const rates = ["--widths=8,16", "--seeds=1", "--rates", "--quiet", "--force"];
    await runCommand(["scale", model, ...rates, ...out]);
    await assertRefuses(["report", model, `--proof=${folder}/proof.json`, "--quiet"], [
      "expected one that scale wrote without --rates",
    ]);
  });
});
