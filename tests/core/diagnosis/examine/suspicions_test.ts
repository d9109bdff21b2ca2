import { assert, assertEquals, assertMatch } from "@std/assert";
import { startEngine } from "../../../../src/engine/start/start_engine.ts";
import { searchRates, trainingRate } from "../../../../src/core/diagnosis/examine/search_rates.ts";
import { isStanding } from "../../../../src/core/diagnosis/examine/standing_warnings.ts";
import {
  type Failed,
  heldBack,
  suspicionsOf,
} from "../../../../src/core/diagnosis/examine/suspicions.ts";
import type { Cause } from "../../../../src/core/diagnosis/diagnosis.ts";
import type {
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../../../../src/core/measure/measurements.ts";
import type { LearningRates } from "../../../../src/core/probe/rate_search.ts";
import type { Trial } from "../../../../src/core/probe/trial.ts";
import { flat, headed, makeMeasurements, withInput } from "../../../networks/measurements.ts";
import { makeAttempt, makeTrial } from "../../../networks/probes.ts";
import { finding } from "../../../networks/sample.ts";

const TRIAL = finding(null, { rule: "trial", kind: "no-progress" });
const RATE = finding(null, { rule: "trial", kind: "learning-rate" });

const fails = makeTrial({ verdict: "fails", attempts: [makeAttempt({ verdict: "fails" })] });

const suspected = (measurements: Measurements, given: Partial<Failed> = {}) =>
  suspicionsOf({
    finding: TRIAL,
    trial: fails,
    rates: null,
    measurements,
    known: [],
    found: [],
    ...given,
  });

/** Kinds of what is suspected, with the layers. */
const kinds = (measurements: Measurements, given: Partial<Failed> = {}) =>
  suspected(measurements, given).map(({ kind, layers }) => [kind, ...layers].join(" "));

/** A cause that the pass warned of. */
const warned = (kind: string, layer: string | null, over: Partial<Cause> = {}): Cause => ({
  kind,
  severity: "warning",
  layers: [],
  message: "",
  consequences: [],
  findings: [finding(layer, { rule: "init-scale", kind, severity: "warning" })],
  fixes: [{ kind: "rebuild", what: kind }, { kind: "rebuild", what: "again" }],
  ...over,
});

Deno.test("suspicionsOf() tries each fix of the causes of the pass first, and none of their kind again", () => {
  const dropping = makeMeasurements([{ kind: "passesOn", dropout: 0.5 }]);
  const known = [warned("bias", "dense_1")];
  const found = suspected(dropping, { known });
  assertEquals(found.map(({ kind, fix }) => [kind, fix.kind]), [
    ["bias", "rebuild"],
    ["bias", "rebuild"],
    ["dropout", "dropout"],
  ]);
  assertEquals(found.map((one) => one.known === known[0]), [true, true, false]);
  assertEquals(kinds(dropping, { known: [warned("dropout", null)] }), ["dropout", "dropout"]);
});

Deno.test("suspicionsOf() looks behind a rate that learns soon only for what were errors, and settings", () => {
  const optimizer = { name: "Adam", learningRate: 50, settings: { clipnorm: 1e-5 } };
  const measurements = makeMeasurements([{ kind: "passesOn", dropout: 0.5 }], { optimizer });
  const known = [warned("bias", "dense_1"), warned("scale", "dense_1")];
  const error = (over: object) => finding("dense_1", { rule: "init-scale", kind: "bias", ...over });
  const kindsOf = (
    error: Failed["found"][number],
    steps = 40,
    about = RATE,
  ) => [
    ...new Set(kinds(measurements, {
      finding: about,
      trial: makeTrial({ attempts: [makeAttempt({ steps })] }),
      known,
      found: [error],
    })),
  ];
  assertEquals(kindsOf(error({})), ["optimizer-settings", "bias"]);
  for (
    const over of [
      { severity: "warning" },
      { rule: "bias-init" },
      { kind: "other" },
      { layer: "dense_2" },
    ]
  ) assertEquals(kindsOf({ ...error({}), ...over } as never), ["optimizer-settings"]);
  assertEquals(kindsOf(error({}), 81), ["optimizer-settings", "bias", "scale", "dropout dense_1"]);
  assertEquals(kindsOf(error({}), 40, TRIAL), ["bias", "scale", "dropout dense_1"]);
});

Deno.test("suspicionsOf() suspects penalties whose gradient is as large as that of the loss", () => {
  const of = (
    gradientRatio: number | null,
    penalty: number | undefined = 1,
    best: 0 | null = 0,
  ) => {
    const attempts = [makeAttempt({ penalty: { first: 0, last: 0, gradientRatio } })];
    const trial = makeTrial({ verdict: "fails", attempts, best });
    return suspected(makeMeasurements([{ penalty }, {}]), { trial });
  };
  const [{ layers, message, fix }] = of(3);
  assertEquals(layers, ["dense_1"]);
  assertMatch(message, /^The penalties of dense_1 .* 3 times that of the loss/);
  assertEquals(fix, { kind: "penalties", layers: ["dense_1"], by: 30 });
  assertEquals([of(1).length, of(0.9).length, of(null).length], [1, 0, 0]);
  assertEquals([of(3, 0).length, of(3, undefined, null).length], [0, 0]);
});

/** Dropout layers of these rates and entries for each of 32 examples. */
const drops = (...rates: [rate: number | undefined, entries: number | null][]) =>
  suspected(makeMeasurements(rates.map(([dropout, entries], i) => ({
    name: `drop_${i}`,
    kind: "passesOn",
    activation: null,
    weights: [],
    dropout,
    activations: entries === null ? null : { ...flat(1, 32), count: 32 * entries },
  }))));

Deno.test("suspicionsOf() suspects dropout, or layers that are too narrow for theirs", () => {
  const [{ kind, layers, message, fix }] = drops([0.5, 20], [0.3, 20], [0, 20], [undefined, 20]);
  assertEquals([kind, layers], ["dropout", ["drop_0", "drop_1"]]);
  assertEquals(
    message,
    "Dropout takes too much: drop_0, drop_1 drop 0.3 to 0.5 of the entries.",
  );
  assertEquals(fix, { kind: "dropout", layers, rate: 0 });
  assertEquals(
    drops([0.5, 20])[0].message,
    "Dropout takes too much: drop_0 drops 0.5 of the entries.",
  );
  assertEquals(drops([0, 1]), []);
  // Of 7 entries of which each is kept half of the time, none is left in 1 of 128 examples.
  assertEquals([drops([0.5, 7])[0].kind, drops([0.5, 6])[0].kind], ["dropout", "narrow"]);
  assertEquals(drops([0.5, 7], [0.5, 7])[0].kind, "narrow");
  assertEquals(drops([0.5, null])[0].kind, "dropout");
  assertEquals(
    drops([0.5, 2])[0].message,
    "The network is too narrow for its dropout: drop_0 drops 0.5 of the entries, and of 25 % of " +
      "the examples nothing is left in some layer.",
  );
  const recurrent = makeMeasurements([{ kind: "recurrent", dropout: 0.5 }]);
  assertEquals(suspected(recurrent), []);
});

/** Why an input with these figures is suspected, or nothing. */
function whyInput(
  values: Partial<TensorStatistics>,
  given: Partial<InputMeasurements> = {},
): string {
  const measurements = withInput({ ...flat(1, 640), ...values }, given);
  return suspected(measurements).map(({ message }) => message.split(": ")[1]).join();
}

Deno.test("suspicionsOf() suspects inputs whose mean or deviation is off", () => {
  const off = (mean: number, std: number) => whyInput({ mean, std }) !== "";
  assertEquals([off(0, 1), off(2, 1), off(2.1, 1), off(-2.1, 1)], [false, false, true, true]);
  assertEquals(off(3, 4), false);
  assertEquals([off(0, 10), off(0, 10.1), off(0, 0.1), off(0, 0.09)], [false, true, false, true]);
  assertEquals(whyInput({ mean: 30, std: 5 }), "its mean is 30 and its standard deviation 5.");
  assertEquals(
    whyInput({ mean: 30, std: 5 }, { spread: 0.009 }),
    "only 0.009 of its second moment differs between examples.",
  );
  assertEquals(
    whyInput({ mean: 30, std: 5 }, { spread: 0.01 }),
    "its mean is 30 and its standard deviation 5.",
  );
  const features = { count: 20, constant: 0, largestOffset: 11, largestStd: 1, smallestStd: 1 };
  assertEquals(whyInput({}, { features }), "its features are of different scales.");
});

Deno.test("suspicionsOf() passes over inputs that cannot be normalised", () => {
  for (
    const [values, given] of [
      [{}, { dtype: "int32" }],
      [{}, { lookedUp: true }],
      [{ nonFinite: 1 }, {}],
      [{ std: 0 }, {}],
      [{ std: NaN }, {}],
    ] as const
  ) assertEquals(whyInput({ mean: 30, ...values }, given), "");
});

Deno.test("suspicionsOf() suspects targets out of scale, and rows of sigmoids", () => {
  const layers: Partial<LayerMeasurements>[] = Array(3).fill({ activation: "sigmoid" });
  assertEquals(kinds(makeMeasurements(layers)), [
    "activation dense_1 dense_2 dense_3",
    "activation dense_1 dense_2 dense_3",
    "activation dense_1 dense_2 dense_3",
  ]);
  assertEquals(kinds(headed("meanSquaredError", { targets: [0, 200, 300] })), ["targets"]);
});

Deno.test("heldBack() names the settings that keep steps small, if they are on", () => {
  const of = (settings: Record<string, number | boolean>, name = "Adam") =>
    heldBack(makeMeasurements([{}], { optimizer: { name, learningRate: 1, settings } } as never));
  const [{ message, fix, without }] = of({
    clipnorm: 1e-5,
    weightDecay: 0,
    useEma: true,
    beta1: 1,
  });
  assertMatch(message, /with a clipnorm of 1e-5 and an average of the weights; it does without\.$/);
  assertMatch(JSON.stringify(fix), /Compile .* without a clipnorm of 1e-5 and an average/);
  assertEquals(without, { clipnorm: 0, useEma: false });
  const all = { weightDecay: 1, clipnorm: 1, globalClipnorm: 1, clipvalue: 1, useEma: true };
  assertEquals(of(all)[0].without, {
    weightDecay: 0,
    clipnorm: 0,
    globalClipnorm: 0,
    clipvalue: 0,
    useEma: false,
  });
  assertEquals(of({ clipnorm: 0, useEma: false }), []);
  assertEquals(heldBack(makeMeasurements()), []);
});

Deno.test("isStanding() says which warnings a memorised batch says nothing about", () => {
  const measurements = makeMeasurements();
  const of = (rule: string, kind: string, layer = "dense_1", measured = 2) =>
    isStanding(finding(layer, { rule, kind, measured }), measurements);
  assertEquals([of("output-head", "any"), of("symmetry", "any")], [true, true]);
  assertEquals([of("architecture", "no-activation"), of("architecture", "narrow")], [true, false]);
  assertEquals(of("bias-init", "too-large"), false);
  assertEquals(isStanding(finding("dense_1", { rule: "architecture" }), measurements), false);
  // A head's kernel must be 10 times too large.
  assertEquals(of("init-scale", "too-large"), true);
  assertEquals(
    [9.9, 10].map((measured) => of("init-scale", "too-large", "head", measured)),
    [false, true],
  );
  assertEquals(of("architecture", "no-activation", "head"), true);
});

const tried = (
  learningRate: number,
  verdict: Trial["verdict"],
  given = false,
  optimizer = "Adam",
) => ({ optimizer, learningRate, verdict, given }) as unknown as LearningRates["rates"][number];

/** A search over these rates that suggests one. */
const search = (
  rates: LearningRates["rates"],
  suggested: LearningRates["suggested"],
) => ({ rates, suggested }) as LearningRates;

Deno.test("trainingRate() takes the suggested rate of the compiled optimizer, if the network learns by it", () => {
  const adam = { optimizer: "Adam", learningRate: 0.01 };
  const given = tried(50, "fails", true);
  const rate = (verdict: Trial["verdict"]) =>
    trainingRate(search([given, tried(0.01, "fails", false, "SGD"), tried(0.01, verdict)], adam));
  assertEquals([rate("learns"), rate("slow"), rate("fails")], [0.01, 0.01, null]);
  assertEquals(trainingRate(search([tried(0.01, "learns")], adam)), null);
  assertEquals(trainingRate(search([given], null)), null);
  assertEquals(trainingRate(null), null);
  assertEquals(trainingRate({ skipped: "", seconds: 1 }), null);
});

Deno.test("searchRates() searches none unless it is asked to, or the compiled rate is at fault", async () => {
  const rate = finding(null, { rule: "learning-rate" });
  const subject = new Proxy({}, {
    get() {
      throw new Error("searched");
    },
  }) as never;
  const of = async (
    trial: Trial | null,
    { findings = [rate], shown = null, asked = false }: {
      findings?: Failed["found"][number][];
      shown?: typeof RATE | null;
      asked?: boolean;
    } = {},
  ) => {
    const options = { mode: "auto", asked } as const;
    try {
      const { rates } = await searchRates(subject, { trial, findings, shown }, options);
      return rates;
    } catch (error) {
      return (error as Error).message;
    }
  };
  assertEquals(await of(makeTrial()), "searched");
  assertEquals(await of(makeTrial({ verdict: "slow" })), "searched");
  assertEquals(await of(makeTrial(), { findings: [], shown: RATE }), "searched");
  assertEquals(await of(makeTrial(), { findings: [], shown: TRIAL }), null);
  assertEquals(await of(makeTrial(), { findings: [] }), null);
  assertEquals(await of(makeTrial(), { findings: [{ ...rate, severity: "warning" }] }), null);
  assertEquals(await of(makeTrial(), { findings: [{ ...rate, rule: "init-scale" }] }), null);
  assertEquals(await of(fails), null);
  assertEquals(await of(null), null);
  assertEquals(await of({ skipped: "", seconds: 1 } as never), null);
  assertEquals(await of(null, { asked: true }), "searched");
});

Deno.test("searchRates() keeps a search in which no rate learns only if it was asked for", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [4], useBias: false })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const batch = { inputs: tf.zeros([16, 4]), targets: tf.ones([16, 1]) };
  const subject = { model, batch, objective: "meanSquaredError" as const };
  const found = {
    trial: makeTrial(),
    findings: [finding(null, { rule: "learning-rate" })],
    shown: null,
  };
  const search = async (asked: boolean) =>
    (await searchRates(subject, found, { mode: "auto", asked })).rates;
  assert(await search(true) !== null);
  assertEquals(await search(false), null);
  tf.disposeVariables();
  tf.dispose(batch);
});
