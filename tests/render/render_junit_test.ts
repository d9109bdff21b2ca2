import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { renderJunit } from "../../src/render/render_junit.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "./sample.ts";
import { gateResult, gateRun, someFindings } from "./sample_gate.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  textNodeName: "text",
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});
const parse = (xml: string) => parser.parse(xml).testsuites;

Deno.test("renderJunit() makes a suite of a pass and a test case of a rule", () => {
  const { testsuite, ...all } = parse(renderJunit(gateResult([gateRun(someFindings)])));
  assertEquals(all, { name: "gradient-health", tests: "2", failures: "1", errors: "0" });
  const [suite] = testsuite;
  assertEquals([suite.name, suite.file], ["digits, seed 3", "models/digits.ts"]);
  assertEquals([suite.tests, suite.failures, suite.errors, suite.skipped], ["2", "1", "0", "0"]);
  const [saturated, dead] = suite.testcase;
  assertEquals([saturated.classname, saturated.name], ["digits, seed 3", "saturated-activations"]);
  assertEquals(saturated.file, "models/digits.ts");
  assertEquals(saturated.failure.message, "99 % of dense_1 < 100 %.");
  assertStringIncludes(saturated.failure.text, "error dense_1: 99 % of dense_1");
  assertStringIncludes(saturated.failure.text, "Scale it.");
  assertStringIncludes(saturated["system-out"], "warning dense_2");
  assertEquals([dead.failure, dead.name], [undefined, "dead-units"]);
  assertStringIncludes(dead["system-out"], "note dense_2");
});

Deno.test("renderJunit() makes one failure of a rule however many layers it fails", () => {
  const run = gateRun([finding("dense_1"), finding("dense_2")]);
  const [{ testcase: [{ failure }] }] = parse(renderJunit(gateResult([run]))).testsuite;
  assertStringIncludes(failure.message, "(and 1 more)");
  assertEquals(failure.text.split("\n").length, 2);
});

Deno.test("renderJunit() tells a pass that could not be made from one that fails", () => {
  const run = gateRun([], { measurements: null, error: "models/digits.ts: gone" });
  const { testsuite: [suite], errors } = parse(renderJunit(gateResult([run])));
  assertEquals([errors, suite.failures], ["1", "0"]);
  const { message, text } = suite.testcase[0].error;
  assertEquals([message, text], ["models/digits.ts: gone", "models/digits.ts: gone"]);
});

Deno.test("renderJunit() has test cases for the configuration and for too many warnings", () => {
  const findings = [finding(null, { rule: "unused-suppression", severity: "warning" })];
  const xml = renderJunit(gateResult([gateRun([])], { findings, maxWarnings: 0 }));
  const [, configuration, warnings] = parse(xml).testsuite;
  assertEquals(configuration.testcase[0].name, "unused-suppression");
  const { message, text } = warnings.testcase[0].failure;
  assertEquals([message, text], Array(2).fill("1 warning exceeds maxWarnings (0)"));
});

Deno.test("renderJunit() says why a finding is suppressed", () => {
  const run = gateRun([finding("dense_1", { severity: "note", ...{ suppressed: "known" } })]);
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

const ELEMENTS = ["testsuites", "testsuite", "testcase", "failure", "error", "system-out"];
