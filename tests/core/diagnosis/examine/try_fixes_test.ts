import { assertEquals } from "@std/assert";
import { type Cause, type Diagnosis, verdictOn } from "../../../../src/core/diagnosis/diagnosis.ts";
import type { FixSubject } from "../../../../src/core/diagnosis/examine/apply_fixes.ts";
import type { Added } from "../../../../src/core/diagnosis/examine/complete_fixes.ts";
import { figureOf, isGone, tryFixes } from "../../../../src/core/diagnosis/examine/try_fixes.ts";
import type { Fix } from "../../../../src/core/diagnosis/fix.ts";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { flat, makeMeasurements } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";

/** A fix that sets the rate of the optimizer: the one that a plain object can show. */
const set = (to: number): Fix => ({ kind: "learning-rate", from: 0, to });
const rebuild: Fix = { kind: "rebuild", what: "Build it anew." };

/** A cause with as many findings as given. */
function cause(
  kind: string,
  fixes: Fix[],
  { severity = "error", findings = 1, rule = "bias-init", layers = [] as string[] }: {
    severity?: Finding["severity"];
    findings?: number;
    rule?: string;
    layers?: string[];
  } = {},
): Cause {
  const found = finding("dense_1", { rule, kind, severity });
  return {
    kind,
    severity,
    layers,
    message: kind,
    consequences: [],
    findings: Array(findings).fill(found),
    fixes,
  };
}

const judged = (causes: Cause[]): Diagnosis => ({ verdict: verdictOn(causes), causes, notes: [] });

/**
 * Tries the fixes of causes on a model of which `after` says what is left once the rates of its
 * optimizer were these, one after the other.
 */
async function tried(
  causes: Cause[],
  after: Record<string, Cause[]>,
  { warnings = false, added }: { warnings?: boolean; added?: Added[] } = {},
) {
  const optimizer = { rates: [] as number[], learningRate: 0 };
  const model = {
    optimizer: {
      get learningRate() {
        return optimizer.learningRate;
      },
      set learningRate(rate: number) {
        const undone = optimizer.rates.at(-2) ?? 0;
        if (rate === undone) optimizer.rates.pop();
        else optimizer.rates.push(rate);
        optimizer.learningRate = rate;
      },
    },
  };
  const subject = { model, batch: { inputs: [] } } as unknown as FixSubject;
  const measurements = makeMeasurements();
  const seen: string[] = [];
  let last = null as string | null;
  const treatment = await tryFixes(
    {} as never,
    subject,
    { measurements, diagnosis: judged(causes) },
    {
      warnings,
      examine() {
        const now = optimizer.rates.join(" ");
        seen.push(now);
        return Promise.resolve({ measurements, diagnosis: judged(after[now] ?? causes) });
      },
      complete() {
        last = optimizer.rates.join(" ");
        const trials = { fixedTrial: { skipped: "no time", seconds: 1 }, trains: true };
        return Promise.resolve(added === undefined ? null : { added, ...trials });
      },
    },
  );
  assertEquals([optimizer.rates, optimizer.learningRate], [[], 0]);
  return {
    seen,
    last,
    fixes: treatment.fixes.map((fix) => fix.kind === "learning-rate" ? fix.to : fix.kind),
    causes: treatment.diagnosis.causes.map(({ kind, fixes, tried }) =>
      [kind, fixes.length, ...tried === undefined ? [] : [tried.worked, tried.errors, tried.left]]
        .join(" ")
    ),
    after: treatment.after.verdict,
    isMeasured: treatment.diagnosis.after !== undefined,
  };
}

Deno.test("tryFixes() tries the fixes of an error in turn, up to one that works", async () => {
  const one = cause("one", [set(1), set(2), set(3)]);
  assertEquals(await tried([one], { "2": [] }), {
    seen: ["1", "2"],
    last: "2",
    fixes: [2],
    causes: ["one 1 true 1 0"],
    after: "healthy",
    isMeasured: true,
  });
});

Deno.test("tryFixes() keeps only the fixes that need another model if all others were in vain", async () => {
  const one = cause("one", [set(1), rebuild]);
  assertEquals(await tried([one], {}), {
    seen: ["1"],
    last: null,
    fixes: [],
    causes: ["one 1 false 1 1"],
    after: "sick",
    isMeasured: false,
  });
  const untried = await tried([cause("one", [rebuild])], {});
  assertEquals([untried.seen, untried.causes], [[], ["one 1"]]);
});

Deno.test("tryFixes() lists fixes that were added last, and calls only the last of all enough", async () => {
  const one = cause("one", [set(1)]);
  const mild = cause("mild", [rebuild, set(2)], { severity: "warning" });
  const after = { "1": [mild] };
  const of = async (...added: Added[]) => {
    const { fixes, causes } = await tried([one, mild], after, { added });
    return [fixes, causes];
  };
  assertEquals(await of(), [[1], ["one 1 true 1 0", "mild 2"]]);
  const ofMild = { cause: mild, fix: set(2) };
  assertEquals(await of(ofMild), [[1, 2], ["one 1 true 1 1", "mild 1 true 1 0"]]);
  // A rate is for no cause of its own.
  const rate = { cause: null, fix: set(3) };
  assertEquals(await of(rate), [[1, 3], ["one 2 true 1 0", "mild 2"]]);
  assertEquals(await of(ofMild, rate), [[1, 2, 3], ["one 1 true 1 1", "mild 2 true 1 0"]]);
});

Deno.test("tryFixes() stacks fixes, and lists causes that one uncovers with it", async () => {
  const one = cause("one", [set(1)]);
  const hidden = cause("hidden", [set(2)]);
  const two = cause("two", [set(3)]);
  const { fixes, causes, seen } = await tried([one, two], {
    "1": [hidden],
    "1 2": [],
    "3": [one],
  });
  assertEquals([seen, fixes], [["1", "1 2"], [1, 2]]);
  assertEquals(causes, ["one 2 true 2 0", "two 1"]);
});

Deno.test("tryFixes() stops after four fixes", async () => {
  const all = [1, 2, 3, 4, 5].map((i) => cause(`cause ${i}`, [set(i)]));
  const { fixes, after } = await tried(all, {
    "1": all.slice(1),
    "1 2": all.slice(2),
    "1 2 3": all.slice(3),
    "1 2 3 4": all.slice(4),
    "1 2 3 4 5": [],
  });
  assertEquals([fixes, after], [[1, 2, 3, 4], "sick"]);
});

Deno.test("tryFixes() keeps a fix if fewer errors are left, or as many and fewer warnings", async () => {
  const one = (findings = 2) => cause("one", [set(1)], { findings });
  const warning = (findings: number) =>
    cause("warning", [rebuild], { severity: "warning", findings });
  const works = async (before: Cause[], after: Cause[]) =>
    (await tried(before, { "1": after })).fixes.length === 1;
  const other = (findings: number) => cause("other", [rebuild], { findings });
  assertEquals(await works([one()], [other(1)]), true);
  assertEquals(await works([one()], [other(2)]), false);
  assertEquals(await works([one(), warning(2)], [other(2), warning(1)]), true);
  assertEquals(await works([one(), warning(1)], [other(2), warning(1)]), false);
  assertEquals(await works([one(), warning(1)], [other(1), warning(9)]), true);
  assertEquals(await works([one(), warning(2)], [other(3)]), false);
  // Its own cause must be gone.
  assertEquals(await works([one()], [one(1)]), false);
});

Deno.test("tryFixes() tries the fixes of warnings only if asked, and not those that it uncovered", async () => {
  const warning = cause("warning", [set(1)], { severity: "warning" });
  assertEquals((await tried([warning], { "1": [] })).seen, []);
  assertEquals((await tried([warning], { "1": [] }, { warnings: true })).seen, ["1"]);
  const built = cause("warning", [rebuild, set(1)], { severity: "warning" });
  assertEquals((await tried([built], { "1": [] }, { warnings: true })).seen, []);
  const error = cause("error", [set(2)]);
  const { seen, fixes } = await tried([error], { "2": [warning], "2 1": [] }, { warnings: true });
  assertEquals([seen, fixes], [["2"], [2]]);
  // Only fixes of errors are printed together.
  const both = await tried([error, warning], { "2": [warning], "2 1": [] }, { warnings: true });
  assertEquals([both.seen, both.fixes], [["2", "2 1"], [2]]);
});

Deno.test("tryFixes() tries standing warnings of a sick network once its errors are gone", async () => {
  const standing = cause("standing", [set(1)], { severity: "warning", rule: "symmetry" });
  const error = cause("error", [set(2)]);
  const after = { "2": [standing], "2 1": [] };
  const { seen, fixes } = await tried([error, standing], after);
  assertEquals([seen, fixes], [["2", "2 1"], [2, 1]]);
  assertEquals((await tried([error, standing], {})).seen, ["2"]);
  assertEquals((await tried([standing], { "1": [] })).seen, []);
  // It counts even if another warning appears, but not another error.
  const more = (severity: Finding["severity"]) =>
    tried([error, standing], {
      "2": [standing],
      "2 1": [cause("more", [rebuild], { severity, findings: 3 })],
    });
  assertEquals((await more("warning")).fixes, [2, 1]);
  assertEquals((await more("error")).fixes, [2]);
});

Deno.test("tryFixes() normalises inputs first if all fixes together then work", async () => {
  // A model of plain objects has no such input, so that the fix changes nothing.
  const input = cause("input", [
    { kind: "normalize-input", input: "x", index: 0, mean: 1, std: 1 },
    set(9),
  ]);
  const one = cause("one", [set(1)]);
  assertEquals((await tried([one, input], { "1": [input], "1 9": [] })).seen, ["1", "1 9"]);
});

Deno.test("isGone() says if no error and nothing as severe of its kind is left in its layers", () => {
  const about = (severity: Finding["severity"], layers: string[], kind = "one") =>
    cause(kind, [], { severity, layers });
  const gone = (before: Cause, ...after: Cause[]) => isGone(before, judged(after));
  const error = about("error", ["a", "b"]);
  const warning = about("warning", ["a"]);
  assertEquals(gone(error), true);
  assertEquals(gone(error, about("error", ["b", "c"])), false);
  assertEquals(gone(error, about("error", ["c"])), true);
  assertEquals(gone(error, about("error", [])), false);
  assertEquals(gone(error, about("error", ["a"], "two")), true);
  assertEquals(gone(error, warning), true);
  assertEquals([gone(warning, warning), gone(warning, error)], [false, false]);
});

Deno.test("figureOf() shows the figure that moved most, of a finding as severe as the cause", () => {
  const deltas = (...sizes: number[]) =>
    makeMeasurements(sizes.map((size): Partial<LayerMeasurements> => ({
      activations: { ...flat(1, 640), std: size },
      preActivationGradients: size < 0 ? null : flat(size, 640),
    })));
  const found = (layer: string, severity: Finding["severity"] = "error") =>
    finding(layer, { rule: "activation-scale", severity });
  const shown = (findings: Finding[], before: number[], after: number[]) => {
    const figure = figureOf({ ...cause("one", []), findings }, deltas(...before), deltas(...after));
    return figure === null ? null : [figure.layer, figure.before, figure.after];
  };
  const both = [found("dense_1"), found("dense_2")];
  assertEquals(shown(both, [1, 1], [2, 3]), ["dense_2", 1, 3]);
  assertEquals(shown(both, [1, 1], [0.1, 3]), ["dense_1", 1, 0.1]);
  assertEquals(shown(both, [1, 1], [1, 1]), ["dense_1", 1, 1]);
  assertEquals(shown(both, [1, 1], [1, 1.5]), ["dense_2", 1, 1.5]);
  assertEquals(shown(both, [0.5, 4], [1, 5]), ["dense_1", 0.5, 1]);
  // From 0 every figure has moved beyond measure.
  assertEquals(shown(both, [0, 0], [1, 2]), ["dense_1", 0, 1]);
  assertEquals(shown([found("dense_1", "warning"), both[1]], [1, 1], [9, 2]), ["dense_2", 1, 2]);
  assertEquals(shown(both, [NaN, 1], [9, 2]), ["dense_2", 1, 2]);
  assertEquals(shown(both, [1, 1], [9, Infinity]), ["dense_1", 1, 9]);
  assertEquals(shown([found("gone")], [1], [2]), null);
  assertEquals(shown([finding("dense_1", { rule: "no-such-rule" })], [1], [2]), null);
});
