import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/ground/words/input_error.ts";
import { readTrainingLog, trainingLine } from "../../src/training/read_training_log.ts";
import { renderTraining } from "../../src/training/text/render_training.ts";
import { TrainingLog } from "../../src/training/training_log.ts";
import { judgeTraining } from "../../src/training/judge_training.ts";
import { healthyLog, SICK } from "./sick_logs.ts";
import { assertRefused, parts } from "../assert_refused.ts";
import { fences, readDocument } from "../docs/markdown.ts";

Deno.test("readTrainingLog() reads CSV under the names of other frameworks", () => {
  const text =
    "global_step,train/loss,grad_norm,lr,val_loss,note\n2,nan,inf,0.1,,x\n1,2.5,1,0.1,3,y\n";
  assertEquals(readTrainingLog(text), [
    { step: 1, loss: 2.5, gradientNorm: 1, learningRate: 0.1, validationLoss: 3 },
    { step: 2, loss: NaN, gradientNorm: Infinity, learningRate: 0.1, validationLoss: null },
  ]);
  assertEquals(readTrainingLog("\uFEFFloss\tlr\n1\t2\n"), [{ step: 1, loss: 1, learningRate: 2 }]);
});

Deno.test("readTrainingLog() reads JSON lines, with the numbers that Python writes", () => {
  const text =
    '{"step": 1, "loss": NaN, "grad_norm": -Infinity, "name": "NaN, here"}\n\n{"loss": 1}\n';
  assertEquals(readTrainingLog(text), [
    { step: 1, loss: NaN, gradientNorm: -Infinity },
    { step: 2, loss: 1 },
  ]);
});

Deno.test("trainingLine() writes what readTrainingLog() reads", () => {
  for (const { rows } of Object.values(SICK)) {
    assertEquals(readTrainingLog(rows.map(trainingLine).join("")), rows);
  }
});

Deno.test("readTrainingLog() names the row that is not part of a log", () => {
  const refused = (text: string, ...[place, found, expected]: Parameters<typeof parts>) =>
    assertRefused(() => readTrainingLog(text, "log"), parts(`log${place}`, found, expected));
  const columns = "a column named loss, train_loss_step, train_loss, training_loss, train/loss, " +
    "train_loss_epoch, or another given as loss";
  refused("step,accuracy\n1,0.5\n", "", "a log of step, accuracy", columns);
  refused("loss\nabc\n", ", row 1: loss", '"abc"', "a number");
  refused('{"loss": [1], "step": 2}\n', ", row 1: loss", "an array of 1 item", "a number");
  refused('[{"loss": 1}, 3]', ", row 2", "3", "an object of JSON");
  refused('{"loss": 1}\n3\n', ", line 2", "3", "an object of JSON");
  refused('{"loss": 1, "step": "inf"}\n', ", row 1: step", "Infinity", "a number");
  for (const empty of ["", "step,loss\n", "[]", "{}"]) refused(empty, "", "without rows", columns);
  const { place, found } = assertThrows(
    () => readTrainingLog('{"loss": 1}\n{"loss"\n'),
    InputError,
  );
  assertEquals([place, found.slice(0, 10)], ["log, line 2", "not JSON ("]);
  const given = () => readTrainingLog("loss\n1\n", "log", { loss: "d" });
  assertRefused(given, parts("log", "a log of loss", "a column named d"));
});

Deno.test("renderTraining() names the cause first, with its fix", () => {
  const { rows } = SICK["rate-too-high diverges"];
  const text = renderTraining(rows, judgeTraining(rows));
  assertEquals(text.split("\n").slice(0, 3), [
    "30 steps, loss 2 to 3.4",
    "step 20, warning rate-too-high: The learning rate of 0.01 is too high: the loss is 1.7 times that of the first step.",
    "Fix: Lower the learning rate by a factor of 3 to 10, and start again from the weights before training, or from the last healthy checkpoint.",
  ]);
});

Deno.test("readTrainingLog() reads semicolons, decimal commas, byte order marks and signed infinities", () => {
  const losses = (text: string) => readTrainingLog(text).map(({ loss }) => loss);
  assertEquals(losses("step;loss\n1;2,5\n2;1.5\n"), [2.5, 1.5]);
  assertEquals(losses('\uFEFF{"loss": 2.5}\n{"loss": "+inf"}\n'), [2.5, Infinity]);
  assertEquals(losses("\uFEFFstep,loss\n1,2.5\n2,-inf\n"), [2.5, -Infinity]);
  assertEquals(losses("step\tloss\n1\t2.5\n"), [2.5]);
});

Deno.test("readTrainingLog() keeps gaps and repeated steps, in their order", () => {
  const rows = readTrainingLog("step,loss\n50,1\n1,3\n1,2\n1000,nan\n");
  assertEquals(rows.map(({ step, loss }) => `${step} ${loss}`), ["1 3", "1 2", "50 1", "1000 NaN"]);
});

Deno.test("readTrainingLog() knows each column that the guide's callbacks for Python write", () => {
  const written = fences(readDocument("docs/watch_a_training.md"))
    .filter(({ language }) => language === "py")
    .map(({ text }) => {
      const [row] = text.match(/row = \{[^}]*\}/)!;
      const columns = [...row.matchAll(/"(\w+)": /g)].map(([, name], i) => `"${name}": ${i + 1}`);
      return Object.keys(readTrainingLog(`{${columns.join(", ")}}\n`)[0]);
    });
  assertEquals(written, [
    ["step", "loss", "updateRatio", "learningRate"],
    ["step", "loss", "gradientNorm", "updateRatio", "learningRate"],
  ]);
});

Deno.test("readTrainingLog() reads JSON: rows, log_history of Hugging Face, and a history of Keras", () => {
  const rows = [{ step: 1, loss: 2 }, { step: 2, loss: NaN }];
  const lines = '{"step": 1, "loss": 2}, {"step": 2, "loss": NaN}';
  assertEquals(readTrainingLog(`[${lines}]`), rows);
  assertEquals(readTrainingLog(`{"global_step": 2,\n"log_history": [${lines}]}`), rows);
  assertEquals(readTrainingLog('{"loss": [2, NaN], "val_loss": [3]}'), [
    { step: 1, loss: 2, validationLoss: 3 },
    { step: 2, loss: NaN, validationLoss: null },
  ]);
});

Deno.test("readTrainingLog() takes one column for each signal, in any case, and the loss that is named", () => {
  const losses = (text: string, loss?: string) =>
    readTrainingLog(text, "log", loss === undefined ? {} : { loss }).map((row) => row.loss);
  // The last row of Hugging Face holds the mean of the training.
  assertEquals(losses('{"loss": 3}\n{"train_loss": 9}\n{"loss": 1}\n'), [3, undefined, 1]);
  assertEquals(losses("Step,Train_Loss,loss\n1,9,3\n2,9,1\n"), [3, 1]);
  assertEquals(losses("loss,train_loss\n,3\n,1\n"), [3, 1]);
  assertEquals(losses("step,loss_d,loss_g\n1,2,3\n", "Loss_G"), [3]);
  assertEquals(readTrainingLog("loss,valid_loss,lr-Adam\n1,2,3\n"), [
    { step: 1, loss: 1, validationLoss: 2, learningRate: 3 },
  ]);
});

Deno.test("readTrainingLog() joins the rows that Lightning writes for a step", () => {
  const text = "epoch,lr-SGD,step,train_loss_epoch,train_loss_step,val_loss\n" +
    ",0.1,9,,,\n0,,9,,2,\n0,,9,,,3\n0,,9,8,,\n1,,19,,1,\n";
  const [first, second, ...others] = readTrainingLog(text);
  assertEquals([first.step, first.loss, first.validationLoss, first.learningRate], [9, 2, 3, 0.1]);
  assertEquals([second.step, second.loss, others.length], [19, 1, 0]);
});

Deno.test("readTrainingLog() counts rows whose steps begin again with each epoch", () => {
  const steps = (text: string) => readTrainingLog(text).map(({ step, loss }) => [step, loss]);
  const table = "epoch,step,loss\n0,0,9\n0,1,8\n1,0,7\n1,1,6\n";
  assertEquals(steps(table), [[1, 9], [2, 8], [3, 7], [4, 6]]);
  // A training that goes on from a checkpoint repeats steps of its epoch.
  assertEquals(steps("epoch,step,loss\n0,5,9\n0,6,8\n0,5,7\n"), [[5, 9], [5, 7], [6, 8]]);
});

Deno.test("readTrainingLog() leaves out an unfinished last line, and no other", () => {
  const losses = (text: string) => readTrainingLog(text).map(({ loss }) => loss);
  assertEquals(losses('{"loss": 2}\n{"loss": 1}\n{"lo'), [2, 1]);
  assertThrows(() => losses('{"loss": 2}\n{"lo\n{"loss": 1}'), InputError, "line 2");
  assertEquals(losses("loss,lr\n2,0.1\n1,0.1\n1."), [2, 1]);
  assertEquals(losses("loss,lr\n2,0.1\n1\n"), [2, 1]);
});

Deno.test("readTrainingLog() takes NA, None and null for no value", () => {
  const rows = readTrainingLog("loss,val_loss\n3,NA\n2,None\n1,null\n0,n/a\n9,5\n");
  assertEquals(rows.map(({ validationLoss }) => validationLoss), [null, null, null, null, 5]);
});

Deno.test("readTrainingLog() reads quoted cells, also with separators and line breaks", () => {
  const rows = readTrainingLog('step,"loss",note\n1,"2.5","a, b"\n2,"1.5","two\nlines"\n3,1,c\n');
  assertEquals(rows.map(({ step, loss }) => [step, loss]), [[1, 2.5], [2, 1.5], [3, 1]]);
});

Deno.test("a log of a million rows is read and judged in the time of its rows, and in little memory", () => {
  const timeOf = (rows: number) => {
    const lines = healthyLog(rows).map(({ step, loss, updateRatio, gradientNorm }) =>
      `${step},${loss},${updateRatio},${gradientNorm}\n`
    );
    const text = `step,loss,update_ratio,grad_norm\n${lines.join("")}`;
    const started = performance.now();
    judgeTraining(readTrainingLog(text));
    return performance.now() - started;
  };
  timeOf(2_000);
  // The first rows of a log take longer than others: work that walks back to them would take 100 times as long.
  assert(timeOf(40_000) < 40 * timeOf(4_000) + 500);
});

Deno.test("a log keeps the first and the latest values of a signal, and finds those before a step", () => {
  const log = new TrainingLog();
  const rows = Array.from({ length: 20_000 }, (_, i) => ({ step: i + 1, loss: i }));
  for (const row of rows) log.add(row);
  assert(log.column("loss").length < 3_000);
  assertEquals(log.until("loss", 3).map(({ value }) => value), [0, 1, 2]);
  assertEquals(log.last("loss", 1_024).map(({ step }) => step)[0], 18_977);
  assertEquals(log.before("loss", 5_000, 2), [{ step: 4_999, value: 4_998 }, {
    step: 5_000,
    value: 4_999,
  }]);
});
