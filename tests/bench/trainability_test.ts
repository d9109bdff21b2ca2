import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { buildNetwork } from "../../bench/trainability/build_network.ts";
import { readLines } from "../../bench/trainability/lines.ts";
import { FAMILIES } from "../../bench/trainability/plan.ts";
import {
  planOf,
  POPULATION_SIZE,
  POPULATION_VERSION,
} from "../../bench/trainability/population.ts";
import { looksAt, rulesOf } from "../../bench/trainability/looks.ts";
import { parsePart, seedsOf } from "../../bench/trainability/seeds.ts";
import { areaUnderCurve, showShare } from "../../bench/trainability/statistics.ts";
import { type Judged, renderTable } from "../../bench/trainability/table.ts";
import { outcomeOf, truthAsCompiled, type TruthLine } from "../../bench/trainability/truth.ts";
import { train, trainFixed } from "../../bench/trainability/train.ts";
import { verdictOf } from "../../bench/trainability/verdict.ts";
import { writeTruth } from "../../bench/trainability/write_truth.ts";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import { RULES } from "../../src/core/rules/rules.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

/** Networks that train in no time: with one learning rate each, or frozen as a whole. */
const QUICK = [119, 203, 251];

/** A network that learns too late with Adam at 0.001, and soon at a higher rate. */
const LATE = 3461;

const RUN = new URL("../../bench/trainability/run.ts", import.meta.url).pathname;

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    // References take a while to train, and these scores are about theirs.
    const references = [
      { family: "dense", task: "parity", score: 1, scores: [1, 1] },
      { family: "dense", task: "friedman", score: 0.95, scores: [0.95, 0.95] },
    ];
    const lines = references.map((line) => `${JSON.stringify(line)}\n`).join("");
    await Deno.writeTextFile(`${folder}/references.jsonl`, lines);
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function runBench(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", RUN, ...args] });
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

function judged(
  { seed, progress, red = false, faults = [], causes = [], fixed = null }: {
    seed: number;
    progress: number;
    red?: boolean;
    faults?: string[];
    causes?: string[];
    fixed?: number | null;
  },
): Judged {
  return {
    truth: {
      seed,
      version: POPULATION_VERSION,
      family: "dense",
      task: "digits",
      faults,
      adam: { "0.001": [progress] },
      sgd: { "0.1": [0] },
      best: { adam: progress, sgd: 0 },
      seconds: 1,
    },
    verdict: {
      seed,
      question: "drawn",
      findings: red ? [{ rule: "symmetry", severity: "error", layer: null, measured: null }] : [],
      scores: { red: Number(red) },
      peers: { other: red ? [] : ["rule"] },
      tried: [],
      verdict: red ? "sick" : "healthy",
      causes,
      fixes: [],
    },
    fixed,
  };
}

Deno.test("planOf() depends on its seed alone, and has every family, sensible and faulty", () => {
  const plans = Array.from({ length: POPULATION_SIZE }, (_, seed) => planOf(seed));
  for (const seed of [3, 500, 3]) assertEquals(planOf(seed), plans[seed]);
  for (const family of FAMILIES) {
    const own = plans.filter((plan) => plan.family === family);
    assert(own.some(({ faults }) => faults.length === 0), family);
    assert(own.some(({ faults }) => faults.length > 0), family);
  }
  const sensible = plans.filter(({ faults }) => faults.length === 0).length / plans.length;
  assert(sensible > 0.35 && sensible < 0.45, `${sensible}`);
});

Deno.test("buildNetwork() draws the same weights from a plan each time", async () => {
  await using engine = await startEngine();
  const weights = async (seed: number) => {
    const model = await buildNetwork(engine.tf, planOf(seed));
    const values = model.getWeights().map((weight) => [...weight.dataSync()]);
    model.optimizer.dispose();
    model.dispose();
    return values;
  };
  const first = await weights(QUICK[0]);
  assertEquals(await weights(QUICK[0]), first);
  assertNotEquals(await weights(QUICK[1]), first);
});

Deno.test("writeTruth() goes on where it ended, and writes a cut line anew", async () => {
  await withFolder(async (folder) => {
    await using engine = await startEngine();
    const before = engine.tf.memory().numTensors;
    const files = { truth: `${folder}/truth.jsonl`, references: `${folder}/references.jsonl` };
    await writeTruth(engine.tf, QUICK, files);
    assertEquals(engine.tf.memory().numTensors, before);
    const lines = await readLines<TruthLine>(files.truth);
    assertEquals(lines.map(({ seed }) => seed), QUICK);
    const [rate, , frozen] = lines;
    assertEquals(Object.keys(rate.adam), ["adam 0.000015"]);
    assertEquals(rate.sgd, undefined);
    // Frozen as a whole it stays what it was, at every check.
    assertEquals(new Set(Object.values(frozen.adam).flat()).size, 1);

    const text = await Deno.readTextFile(files.truth);
    await Deno.writeTextFile(files.truth, text.slice(0, -20));
    const written: number[] = [];
    await writeTruth(engine.tf, QUICK, files, ({ seed }) => written.push(seed));
    assertEquals(written, [QUICK[2]]);
    const again = await readLines<TruthLine>(files.truth);
    const timeless = (all: TruthLine[]) => all.map((line) => ({ ...line, seconds: 0 }));
    assertEquals(timeless(again), timeless(lines));
  });
});

Deno.test("trainFixed() trains with fixes, also of head and loss, and with none that needs another model", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const { fixes } = await verdictOf(engine.tf, 66);
  assertEquals(fixes.map(({ kind }) => kind), ["rescale", "dropout"]);
  const training = { name: "adam", rate: 1e-3, enough: () => true } as const;
  const [scaled] = await trainFixed(engine.tf, planOf(66), training, fixes) ?? [];
  const [drawn] = await train(engine.tf, planOf(66), training);
  assertNotEquals(scaled, drawn);
  const ending = { layer: "head", activation: "sigmoid", loss: "meanSquaredError" };
  const head: Fix = { kind: "head", ...ending };
  assertNotEquals(await trainFixed(engine.tf, planOf(66), training, [...fixes, head]), [scaled]);
  const rebuild: Fix = { kind: "rebuild", what: "Widen it." };
  assertEquals(await trainFixed(engine.tf, planOf(66), training, [rebuild]), null);
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("verdictOf() judges by this tool's rules and by those of others", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const verdict = await verdictOf(engine.tf, 14);
  assertEquals(engine.tf.memory().numTensors, before);
  assertEquals(verdict.seed, 14);
  assertEquals(Object.keys(verdict.peers).length, 7);
  assert(Object.values(verdict.scores).every(Number.isFinite));
});

Deno.test("truthAsCompiled() takes the rate of 0.001, and blames it if another one trains", () => {
  const { truth } = judged({ seed: 0, progress: 0.9, faults: ["dropout: 0.9"] });
  const at = (compiled: number, best: number) => {
    const adam = { "0.001": [0, compiled], "0.01": [0.1, best] };
    const { best: { adam: progress }, faults, sgd } = truthAsCompiled({
      ...truth,
      adam,
      best: { adam: best, sgd: 0 },
    });
    assertEquals(sgd, undefined);
    return [progress, ...faults];
  };
  const rate = "learning rate: adam at 0.001";
  assertEquals(at(0.59, 0.6), [0.59, "dropout: 0.9", rate]);
  assertEquals(at(0.6, 0.7), [0.6, "dropout: 0.9"]);
  assertEquals(at(0.5, 0.59), [0.5, "dropout: 0.9"]);
  // If the optimizer is part of the draw, it trained with that one alone.
  const { sgd: _, ...own } = truth;
  assertEquals(truthAsCompiled(own), own);
});

Deno.test("verdictOf() asks for any rate that learns if no optimizer was drawn, or for the compiled one", async () => {
  await using engine = await startEngine();
  const before = engine.tf.memory().numTensors;
  const [own] = QUICK;
  const drawn = await verdictOf(engine.tf, LATE, "drawn");
  const compiled = await verdictOf(engine.tf, LATE);
  assertEquals([drawn.question, compiled.question], ["drawn", "compiled"]);
  // At 0.003 it learns in 53 steps, at 0.001 in 113.
  assertEquals([drawn.verdict, compiled.verdict], ["weak", "sick"]);
  assertEquals((await verdictOf(engine.tf, own, "drawn")).question, "compiled");
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("outcomeOf() has its borders at 0.6 and 0.15", () => {
  assertEquals([0.6, 0.599, 0.15, 0.149, -1].map(outcomeOf), [
    "trains",
    "slow",
    "slow",
    "fails",
    "fails",
  ]);
});

Deno.test("areaUnderCurve() counts pairs, and ties half", () => {
  assertEquals(areaUnderCurve([3, 2], [1, 0]), 1);
  assertEquals(areaUnderCurve([1], [1, 0]), 0.75);
  assertEquals(areaUnderCurve([], [1]), null);
});

Deno.test("showShare() gives the share with its interval", () => {
  assertEquals(showShare(29, 87), "33 % [24, 44]");
  assertEquals(showShare(0, 0), "-");
});

Deno.test("renderTable() counts who is red and what became of it", () => {
  const all = [
    judged({ seed: 0, progress: 0.9 }),
    judged({ seed: 2, progress: 0.7, red: true, faults: ["head and loss: tanh"] }),
    judged({ seed: 4, progress: 0.3, red: true, faults: ["too deep: 30"], causes: ["gain"] }),
    judged({
      seed: 6,
      progress: 0.1,
      red: true,
      faults: ["one kernel scaled: x 90"],
      causes: ["input"],
      fixed: 0.9,
    }),
    judged({ seed: 8, progress: 0, faults: ["dropout: 0.9"] }),
  ];
  // At the rate that it is compiled with, the first one fails, and that is not noticed.
  const compiled = [judged({ seed: 0, progress: 0.1 }), ...all.slice(1)];
  const table = renderTable({ drawn: all, compiled }, {
    seeds: "made up",
    rules: "by some rules",
    looks: null,
  });
  const rowOf = (start: string) => table.split("\n").find((line) => line.startsWith(start));
  // One of three reds fails and one is slow; one of two failing networks is red, and one of two
  // that train.
  const figures = "1/1/1 | 33 % [6, 79] | 67 % [21, 94] | 50 % [9, 91] | 50 % [9, 91]";
  assertEquals(rowOf("| symmetry |"), `| symmetry | ${figures} | 1/1/1 |`);
  assertEquals(
    rowOf("| all |"),
    "| all | 5 | 1/1/1 | - | 1/0/1 | 33 % [6, 79] | 67 % [21, 94] | 50 % [9, 91] | 50 % [9, 91] |",
  );
  assertStringIncludes(rowOf("| sensible |")!, "| 1 | - | - | 1/0/0 |");
  assertStringIncludes(rowOf("| what a pass can see |")!, "| 4 | 1/1/1 |");
  assertStringIncludes(rowOf("| all, by SGD |")!, "| 5 | 0/0/3 | - | 0/0/2 |");
  assertStringIncludes(rowOf("| other |")!, "| 1/0/1 |");
  assertStringIncludes(table, "Rules are tuned on these networks.");
  assertStringIncludes(table, "- 8 (dense, digits; progress 0): dropout: 0.9");
  assertEquals(
    rowOf("| the first cause names a fault |"),
    "| the first cause names a fault | 1 of 2: 50 % [9, 91] |",
  );
  assertStringIncludes(table, "- 6 (one kernel scaled: x 90): input");
  assertEquals(
    rowOf("| with these the network trains |"),
    "| with these the network trains | 1 of 1: 100 % [21, 100] |",
  );
  const share = "1 of 2: 50 % [9, 91]";
  assertEquals(
    rowOf("| failing ones that are SICK |"),
    `| failing ones that are SICK | 92 % | ${share} | 1 of 3: 33 % [6, 79] |`,
  );
  assertEquals(
    rowOf("| failing ones that are HEALTHY |"),
    `| failing ones that are HEALTHY | none | ${share} | 2 of 3: 67 % [21, 94] |`,
  );
  assertEquals(
    rowOf("| ones that train and are SICK |"),
    `| ones that train and are SICK | 1.5 % | ${share} | 1 of 1: 100 % [21, 100] |`,
  );
  const reported = renderTable({ drawn: all, compiled }, {
    seeds: "",
    rules: "by some rules",
    looks: "once",
  });
  assert(!reported.includes("Where it is wrong"));
  assertStringIncludes(reported, "These networks were looked at once.");
});

Deno.test("rulesOf() says by which rules networks were judged", () => {
  assertEquals(rulesOf(["a", "a"]), "by the rules of commit a");
  assertEquals(rulesOf(["a", "b", "a"]), "by the rules of commits a (2) and b (1)");
});

Deno.test("looksAt() counts the looks at each seed", () => {
  const look = (from: number, to: number) => ({ date: "", commit: "", networks: 0, from, to });
  const looks = [look(3, 6), look(0, 4), look(3, 4)];
  assertEquals([looksAt(looks, [5]), looksAt(looks, [0, 2]), looksAt(looks, [3])], [
    "once",
    "once",
    "3 times",
  ]);
  assertEquals(looksAt(looks, [2, 3, 5, 6]), "0 times (1 network) or once (2) or 3 times (1)");
});

Deno.test("seedsOf() has the even seeds first, and shards have each seed once", () => {
  assertEquals(seedsOf(1, 7, null), [2, 4, 6, 1, 3, 5]);
  const parts = [1, 2, 3].flatMap((index) => seedsOf(0, 100, { index, count: 3 }));
  assertEquals(parts, seedsOf(0, 100, null));
  assertEquals(parsePart("2/4"), { index: 2, count: 4 });
});

Deno.test("bench:trainability writes a table of even seeds, and notes each look at odd ones", async () => {
  await withFolder(async (folder) => {
    const lines = [14, 16, 203].map((seed) => judged({ seed, progress: 0.9 }).truth);
    await Deno.writeTextFile(
      `${folder}/truth_1_of_2.jsonl`,
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    const even = await runBench("--verdict-only", "--data", folder);
    assertEquals(even.code, 0, even.err);
    assertStringIncludes(even.out, "2 networks, even seeds from 0 to 699");
    assertStringIncludes(even.out, "Rules are tuned on these networks.");
    assertEquals(await Deno.readTextFile(`${folder}/table_even.md`) + "\n", even.out);
    const odd = await runBench("--verdict-only", "--odd", "--data", folder);
    assertStringIncludes(odd.out, "1 networks, odd seeds");
    assertStringIncludes(odd.out, "looked at once");
    const [look] = JSON.parse(await Deno.readTextFile(`${folder}/looks.json`));
    assertEquals(look.networks, 1);
    // Only a look at the reserved seeds says how right the rules are.
    const { seeds, networks, rules } = JSON.parse(await Deno.readTextFile(`${folder}/rules.json`));
    assertEquals(seeds, "odd seeds from 0 to 699");
    assertEquals(networks.trains + networks.slow + networks.fails, 1);
    assertEquals(Object.keys(rules).sort(), RULES.map(({ name }) => name).sort());
  });
});

Deno.test("bench:trainability says in one line what is wrong with an option", async () => {
  const cases = [
    [["--shard", "5/4"], "--shard is 5/4, expected i/n with 1 <= i <= n"],
    [["--from", "x"], "--from is x, expected a whole number"],
    [["--even"], "unknown option --even"],
    [["digits"], "unexpected argument digits"],
  ] as const;
  for (const [args, message] of cases) {
    const { code, err } = await runBench(...args);
    assertEquals(code, 2);
    assertEquals(err.split("\n")[0], message);
  }
});
