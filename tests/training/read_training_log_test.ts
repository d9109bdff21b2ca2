import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/words/input_error.ts";
import { readTrainingLog, trainingLine } from "../../src/training/read_training_log.ts";
import { renderTraining } from "../../src/training/render_training.ts";
import { judgeTraining } from "../../src/training/judge_training.ts";
import { SICK } from "./sick_logs.ts";
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

Deno.test("readTrainingLog() says which row is no log", () => {
  const refused = (text: string, ...[place, found, expected]: Parameters<typeof parts>) =>
    assertRefused(() => readTrainingLog(text, "log"), parts(`log${place}`, found, expected));
  const columns = "a column named loss, train_loss, training_loss, train/loss";
  refused("step,accuracy\n1,0.5\n", ": loss", "missing", columns);
  refused("loss\nabc\n", ", row 1: loss", '"abc"', "a number");
  refused('{"loss": [1]}\n', ", row 1: loss", "an array of 1 item", "a number");
  refused('{"loss": 1}\n3\n', ", line 2", "3", "an object of JSON");
  refused('{"loss": 1, "step": "inf"}\n', ", row 1: step", "Infinity", "a number");
  refused("", ": loss", "missing", columns);
  const { place } = assertThrows(() => readTrainingLog('{"loss": 1}\n{"loss"\n'), InputError);
  assertEquals(place, "log, line 2");
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
