import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { trainingLine } from "../../src/training/read_training_log.ts";
import type { TrainingStep } from "../../src/training/training_step.ts";
import { withFolder } from "../core/model/save_model.ts";
import { healthyLog, SICK } from "../training/sick_logs.ts";
import { runCommand } from "./run_command.ts";

Deno.test("watch judges a log, and exits with 1 if the training went wrong", async () => {
  await withFolder(async (folder) => {
    const good = `${folder}/good.jsonl`;
    const bad = `${folder}/bad.jsonl`;
    await Deno.writeTextFile(good, healthyLog(50).map(trainingLine).join(""));
    await Deno.writeTextFile(bad, SICK["not-finite backward"].rows.map(trainingLine).join(""));
    const healthy = await runCommand(["watch", good]);
    assertEquals(healthy.code, 0, healthy.stderr);
    assertStringIncludes(healthy.stdout, "No problems found.");
    const sick = await runCommand(["watch", bad]);
    assertEquals(sick.code, 1, sick.stderr);
    assertStringIncludes(sick.stdout, "step 30, error not-finite: A gradient is NaN or infinite");
    const lines = sick.stdout.split("\n");
    assert(lines.every((line) => line.length <= 80) && lines.some((line) => line.startsWith("  ")));
    const json = await runCommand(["watch", bad, "--format", "json"]);
    assertEquals(json.code, 1);
    assertEquals(JSON.parse(json.stdout)[0].rule, "not-finite");
  });
});

Deno.test("watch judges CSV as it judges JSON lines", async () => {
  await withFolder(async (folder) => {
    const { rows } = SICK["rate-too-low small"];
    const csv = `${folder}/log.csv`;
    const lines = `${folder}/log.jsonl`;
    const table = rows.map(({ step, loss, updateRatio }) => `${step},${loss},${updateRatio}`);
    await Deno.writeTextFile(csv, ["step,train_loss,update_ratio", ...table].join("\n"));
    const line = ({ step, loss, updateRatio }: TrainingStep) =>
      trainingLine({ step, loss, updateRatio });
    await Deno.writeTextFile(lines, rows.map(line).join(""));
    const ofTable = await runCommand(["watch", csv]);
    assertEquals(ofTable.code, 1, ofTable.stderr);
    assertStringIncludes(ofTable.stdout, "step 20, error rate-too-low");
    assertEquals((await runCommand(["watch", lines])).stdout, ofTable.stdout);
  });
});

Deno.test("watch rejects a file that is not a log", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/x.csv`, "a,b\n1,2\n");
    const { code, stderr } = await runCommand(["watch", `${folder}/x.csv`]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "x.csv is a log of a, b, expected a column named loss");
    const missing = await runCommand(["watch", `${folder}/y.csv`]);
    assertEquals([missing.code, missing.stderr], [
      2,
      `error: ${folder}/y.csv: there is no such file\n`,
    ]);
    await Deno.writeTextFile(`${folder}/z.txt`, 'a"\n1,2\n');
    const { stderr: text } = await runCommand(["watch", `${folder}/z.txt`]);
    assertStringIncludes(text, "expected CSV with a header, or JSON lines");
  });
});

Deno.test("watch --loss names the column of the loss", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/gan.csv`, "step,loss_d,loss_g\n1,2,3\n2,1,nan\n");
    const judged = (loss: string) => runCommand(["watch", `${folder}/gan.csv`, "--loss", loss]);
    assertEquals((await judged("loss_d")).stdout, "2 steps, loss 2 to 1\nNo problems found.\n");
    assertStringIncludes((await judged("loss_g")).stdout, "step 2, error not-finite");
  });
});

Deno.test("watch refuses devices, endless lines and endless rows at once", async () => {
  await withFolder(async (folder) => {
    const refused = async (path: string, ...texts: string[]) => {
      for (const [i, text] of texts.entries()) {
        await Deno.writeTextFile(path, text, { append: i > 0 });
      }
      const { code, stderr } = await runCommand(["watch", path]);
      assertEquals(code, 2, stderr);
      return stderr.replace(`${folder}/`, "").trimEnd();
    };
    for (const device of ["/dev/zero", "/dev/urandom"]) {
      const { code, stderr } = await runCommand(["watch", device]);
      const expected = `error: ${device} is a device, expected a file, a pipe, or - for stdin\n`;
      assertEquals([code, stderr], [2, expected]);
    }
    const line = "a".repeat(2 ** 20 - 9);
    assertEquals(
      await refused(`${folder}/a.csv`, "loss\n1\n", line, "a".repeat(10)),
      "error: a.csv is a file with more than 1 MB in line 3, expected a row in each line",
    );
    assertStringIncludes(await refused(`${folder}/b.csv`, "loss\n1\n", line), "a number");
    assertEquals(
      await refused(`${folder}/c.json`, "[".repeat(200)),
      "error: c.json is 100 brackets in a row, expected the rows of a log",
    );
    const rows = "1\n".repeat(1_000_000);
    assertEquals(
      await refused(`${folder}/d.csv`, "loss\n", rows, rows, "1\n"),
      "error: d.csv is a log of more than 2,000,000 rows, expected fewer, as of every tenth step",
    );
    const long = `{"loss": [${Array(1_000).fill(1)}], "lr": [1]}`;
    await Deno.writeTextFile(`${folder}/e.json`, long + " ".repeat(2 ** 20));
    assertEquals((await runCommand(["watch", `${folder}/e.json`])).stderr, "");
  });
});

Deno.test("watch says that the steps of a log fall, and that a step has many rows", async () => {
  await withFolder(async (folder) => {
    const noted = async (steps: number[]) => {
      const rows = steps.map((step, i) => `${step},${2 - i / 100}\n`).join("");
      await Deno.writeTextFile(`${folder}/x.csv`, `step,loss\n${rows}`);
      return (await runCommand(["watch", `${folder}/x.csv`])).stderr;
    };
    assertEquals(await noted([1, 2, 3, 4]), "");
    assertEquals(
      await noted([3, 2, 1, 4]),
      "note: The steps fall 2 times: the rows are judged in the order of their steps.\n",
    );
    assertEquals(await noted([1, 5, 5, 5, 5, 6]), "");
    assertEquals(
      await noted([1, 5, 5, 5, 5, 5, 6]),
      "note: Step 5 has 5 rows with different figures, which are judged as steps of their own.\n",
    );
  });
});
