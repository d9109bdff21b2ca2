import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { renderJunit } from "../../../src/gate/text/render_junit.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "../../networks/sample.ts";
import { RULES, sampleCause, sampleWarning, sickRun } from "../../core/text/sample_causes.ts";
import { gateResult, gateRun } from "./sample_gate.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  textNodeName: "text",
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});
const parse = (xml: string) => parser.parse(xml).testsuites;

Deno.test("renderJunit() makes a suite of a pass and a test case of a rule", () => {
  const result = gateResult([sickRun({}, [sampleWarning()])], { rules: RULES });
  const { testsuite, ...all } = parse(renderJunit(result));
  assertEquals(all, { name: "gradient-health", tests: "4", failures: "1", errors: "0" });
  const [suite] = testsuite;
  assertEquals([suite.name, suite.file], ["digits, seed 3", "models/digits.ts"]);
  assertEquals([suite.tests, suite.failures, suite.errors, suite.skipped], ["4", "1", "0", "1"]);
  const [scale, saturated, bias, dead] = suite.testcase;
  assertEquals([scale.classname, scale.name], ["digits, seed 3", "init-scale"]);
  assertEquals(scale.file, "models/digits.ts");
  const message = "The kernels of dense_1, dense_2 are about 81 times too large.";
  assertEquals(scale.failure.message, `${message} Fix: Draw them smaller.`);
  assertEquals(
    scale.failure.text,
    `${message}
Fix: Draw them smaller.
Tried: the model is then HEALTHY; l2 of delta of dense_1: 0 before, 5.6 after.
As a result: saturated activations in dense_1, dense_2.
error dense_1: 99 % of the entries of dense_1 are saturated.
error dense_1: 99 % of the entries of dense_1 are saturated.
error dense_2: 99 % of the entries of dense_2 are saturated.`,
  );
  assertEquals(saturated.failure, undefined);
  assertEquals(saturated.skipped.message, `Follows from init-scale: ${message}`);
  assertEquals([bias.failure, bias.skipped], [undefined, undefined]);
  assertStringIncludes(bias["system-out"], "warning dense_2");
  assertEquals([dead.failure, dead.skipped, dead.name], [undefined, undefined, "dead-units"]);
});

Deno.test("renderJunit() passes every test case of a healthy model", () => {
  const xml = renderJunit(gateResult([gateRun([])], { rules: RULES }));
  assertStringIncludes(xml, 'tests="4" failures="0" errors="0" skipped="0"');
});

Deno.test("renderJunit() makes one failure of a rule however many causes it states", () => {
  const second = sampleCause([finding("dense_2", { rule: "init-scale" })], { layers: ["dense_2"] });
  const result = gateResult([sickRun({}, [second])], { rules: RULES });
  const [{ testcase: [{ failure }], failures }] = parse(renderJunit(result)).testsuite;
  assertEquals(failures, "1");
  assertStringIncludes(failure.message, "(and 1 more cause)");
  assertStringIncludes(failure.text, "\n2. The kernels");
});

Deno.test("renderJunit() tells a pass that could not be made from one that fails", () => {
  const run = gateRun([], { measurements: null, error: "models/digits.ts: gone" });
  const { testsuite: [suite], errors } = parse(renderJunit(gateResult([run])));
  assertEquals([errors, suite.failures], ["1", "0"]);
  assertEquals([suite.tests, suite.errors, suite.skipped], ["1", "1", "0"]);
  const { message, text } = suite.testcase[0].error;
  assertEquals([message, text], ["models/digits.ts: gone", "models/digits.ts: gone"]);
});

Deno.test("renderJunit() has test cases for the configuration and for too many warnings", () => {
  const findings = [finding(null, { rule: "unused-suppression", severity: "warning" })];
  const xml = renderJunit(gateResult([gateRun([])], { findings, maxWarnings: 0 }));
  const [, configuration, warnings] = parse(xml).testsuite;
  assertEquals(configuration.testcase[0].name, "unused-suppression");
  const { message, text } = warnings.testcase[0].failure;
  assertEquals([message, text], Array(2).fill("1 finding is a warning, and none is allowed"));
  const { tests, failures, errors, skipped } = warnings;
  assertEquals([tests, failures, errors, skipped], ["1", "1", "0", "0"]);
  assertEquals(warnings.testcase[0].name, "max-warnings");
});

Deno.test("renderJunit() fails a rule of the configuration once, and counts its other errors", () => {
  const failed = (count: number) => {
    const findings = Array.from(
      { length: count },
      (_, i) => finding(null, { rule: "unused-suppression", message: `Error ${i + 1}.`, fix: "" }),
    );
    const { testsuite } = parse(renderJunit(gateResult([gateRun([])], { findings })));
    const { message, text } = testsuite[1].testcase[0].failure;
    return [message, text.split("\n").length];
  };
  assertEquals(failed(1), ["Error 1.", 1]);
  assertEquals(failed(2), ["Error 1. (and 1 more)", 2]);
  assertEquals(failed(4), ["Error 1. (and 3 more)", 4]);
});

Deno.test("renderJunit() says why a finding is suppressed", () => {
  const run = gateRun([finding("dense_1", { severity: "note", suppressed: "known" })]);
  assertStringIncludes(renderJunit(gateResult([run])), "Suppressed: known");
});

Deno.test("renderJunit() is well-formed XML whatever a layer is called", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const xml = renderJunit(result);
      assertEquals(XMLValidator.validate(xml), true);
      // Nothing but what XML 1.0 has, and no line that a name brought.
      assert(!/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(xml), xml);
      const { testsuite = [], tests } = parse(xml);
      const cases = testsuite.flatMap((suite: { testcase?: unknown[] }) => suite.testcase ?? []);
      assertEquals(String(cases.length), tests);
      const elements = new Set([...xml.matchAll(/<([a-z-]+)/g)].map(([, name]) => name));
      for (const name of elements) assert(ELEMENTS.includes(name), name);
    }),
    { numRuns: 200 },
  );
});

const ELEMENTS = [
  "testsuites",
  "testsuite",
  "testcase",
  "failure",
  "error",
  "skipped",
  "system-out",
];
