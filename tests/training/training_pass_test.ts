import { assertEquals } from "@std/assert";
import type { LayerMeasurements, TensorStatistics } from "../../src/core/measure/measurements.ts";
import { TrainingJudge } from "../../src/training/judge_training.ts";
import {
  attentionSignals,
  hasMoved,
  progressOf,
  type TrainingPass,
} from "../../src/training/training_pass.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../networks/measurements.ts";
import { healthyLog } from "./sick_logs.ts";

/** A pass after 5 steps, in which nothing is wrong but that the loss has not fallen. */
const pass = (
  { growth = 1, updateRatio = 1e-3, ...edit }: Partial<TrainingPass> & {
    growth?: number | null;
    updateRatio?: number | null;
  },
): TrainingPass => ({
  step: 5,
  loss: { before: 2.3, now: 2.3 },
  progress: [
    { layer: "conv1", weight: "conv1/kernel", growth: 1, updateRatio: null },
    { layer: "fc", weight: "fc/kernel", growth, updateRatio },
  ],
  errors: "none",
  hasNonFinite: false,
  ...edit,
});

function seen(edit: Parameters<typeof pass>[0], optimizer = "") {
  const judge = new TrainingJudge({ optimizer });
  for (const row of healthyLog(5, () => ({ loss: 2.3, learningRate: 0.1 }))) judge.add(row);
  return judge.see(pass(edit));
}

Deno.test("a full pass shows steps that overturn a kernel, kernels that have grown, and NaN", () => {
  const kinds = (edit: Parameters<typeof pass>[0]) =>
    seen(edit).map(({ rule, kind, layer, threshold }) => [rule, kind, layer, threshold]);
  const rose = { before: 2.3, now: 12.1 };
  assertEquals(kinds({ updateRatio: 0.3 }), []);
  assertEquals(kinds({ updateRatio: 0.31 }), [["rate-too-high", "step", "fc", "mostPassUpdate"]]);
  assertEquals(kinds({ growth: 10 }), []);
  assertEquals(kinds({ growth: 10.1 }), [["rate-too-high", "grown", "fc", "mostPassGrowth"]]);
  // In a network that training broke, less growth is enough.
  assertEquals(kinds({ growth: 2, loss: rose, errors: "new" }), []);
  const broken = [["rate-too-high", "grown", "fc", "mostBrokenGrowth"]];
  assertEquals(kinds({ growth: 2.1, loss: rose, errors: "new" }), broken);
  assertEquals(kinds({ growth: 9, loss: rose, errors: "old" }), []);
  assertEquals(kinds({ growth: 9, errors: "new" }), []);
  const gone = [["rate-too-high", "broken", "fc", undefined]];
  assertEquals(kinds({ updateRatio: NaN, growth: 20 }), gone);
  assertEquals(kinds({ growth: NaN, updateRatio: 5 }), gone);
  assertEquals(kinds({ hasNonFinite: true }), [["rate-too-high", "broken", null, undefined]]);
});

Deno.test("a full pass finds nothing where no kernel is known, or the network learns", () => {
  assertEquals(seen({ growth: null, updateRatio: null }), []);
  assertEquals(seen({ progress: [] }), []);
  assertEquals(seen({ growth: 20, loss: { before: 2, now: 1.79 } }), []);
  assertEquals(seen({ growth: 20, loss: { before: 2, now: 1.81 } }).length, 1);
  assertEquals(seen({ growth: 20, loss: null }).length, 1);
});

Deno.test("a rate that is too high is an error if the rules find one, and its fix the usual rate", () => {
  const [{ severity, message, fix }] = seen({ updateRatio: 1112, errors: "new" }, "Adam");
  assertEquals(severity, "error");
  assertEquals(
    message,
    "The learning rate of 0.1 is too high: the last step changed fc/kernel by 1112 times its own size.",
  );
  assertEquals(
    fix,
    "Lower it to 0.001, the usual rate of Adam, and start again from the weights before training, " +
      "or from the last healthy checkpoint.",
  );
  const [unknown] = seen({ updateRatio: 1112 });
  assertEquals(unknown.severity, "warning");
  assertEquals(unknown.fix.startsWith("Lower the learning rate by a factor"), true);
});

Deno.test("an error in the rows explains a full pass after it", () => {
  const judge = new TrainingJudge();
  for (const row of healthyLog(30, ({ step }) => step === 30 ? { loss: NaN } : {})) judge.add(row);
  assertEquals(judge.findings.map(({ rule }) => rule), ["not-finite"]);
  assertEquals(judge.see(pass({ hasNonFinite: true })), []);
});

Deno.test("progressOf() tells a kernel that is no number from one that training has made small", () => {
  const grown = (values: Partial<TensorStatistics>) => {
    const of = (values: TensorStatistics) =>
      makeMeasurements([{ weights: [makeWeight({ values })] }]);
    const now = of({ ...statisticsOf([1, 1]), ...values });
    return progressOf(of(statisticsOf([2, 2])), now, { updates: new Map() })[0].growth;
  };
  assertEquals(grown({}), 0.5);
  // The rms is of the finite entries, of which there may be none.
  assertEquals(grown({ nonFinite: 2, rms: 0 }), NaN);
  assertEquals(grown({ nonFinite: 1 }), NaN);
});

Deno.test("attentionSignals() takes scores that a mask or NaN has not spoiled, and none of other layers", () => {
  const [layer] = makeMeasurements([{ weights: [] }]).layers;
  const attention = { entropy: 0.25 } as NonNullable<LayerMeasurements["attention"]>;
  const signals = (scores: Partial<TensorStatistics> | null) =>
    attentionSignals({
      ...layer,
      attention,
      preActivations: scores === null ? null : { ...statisticsOf([1, 2]), ...scores },
    });
  const rows: [scores: Partial<TensorStatistics> | null, logit: number | null][] = [
    [{ maxAbs: 40 }, 40],
    [{ maxAbs: 99_999_999 }, 99_999_999],
    // A mask adds -1e9, or the least number of float32.
    [{ maxAbs: 1e8 }, null],
    [{ maxAbs: 40, nonFinite: 1 }, null],
    [{ maxAbs: 1e9, nonFinite: 1 }, null],
    [null, null],
  ];
  for (const [scores, attentionLogit] of rows) {
    assertEquals(signals(scores), { attentionEntropy: 0.25, attentionLogit });
  }
  assertEquals(attentionSignals({ ...layer, preActivations: statisticsOf([1, 2]) }), {});
});

Deno.test("hasMoved() tells that some kernel has changed or grown", () => {
  const moved = (growth: number | null, updateRatio: number | null) =>
    hasMoved([
      { layer: "a", weight: "a/kernel", growth: 1, updateRatio: 0 },
      { layer: "b", weight: "b/kernel", growth, updateRatio },
    ]);
  assertEquals([moved(1, 0), moved(null, null), moved(1, null), moved(null, 0)], [
    false,
    false,
    false,
    false,
  ]);
  assertEquals([moved(1.5, 0), moved(1, 1e-3), moved(NaN, null), moved(null, 1)], [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(hasMoved([]), false);
});
