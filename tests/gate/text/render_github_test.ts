import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { renderGithub } from "../../../src/gate/text/render_github.ts";
import { anyGateResult } from "./arbitrary_gate.ts";
import { finding } from "../../networks/sample.ts";
import { sampleCause, sampleWarning, sickRun } from "../../core/text/sample_causes.ts";
import { gateResult, gateRun } from "./sample_gate.ts";

const locate = (file: string, layer: string | null) => ({ file, line: layer === null ? null : 7 });

/** Reads a line as GitHub's runner does, which unescapes properties and message in this order. */
function parse(line: string) {
  const [, kind, list, message] = line.match(/^::([a-z]+) ([^]*?)::([^]*)$/)!;
  const unescape = (text: string) =>
    text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%3A", ":")
      .replaceAll("%2C", ",").replaceAll("%25", "%");
  const properties = Object.fromEntries(
    list.split(",").map((part) => part.split("=", 2)).map(([key]) => {
      const value = list.split(",").find((part) => part.startsWith(`${key}=`))!;
      return [key, unescape(value.slice(key.length + 1))];
    }),
  );
  return { kind, message: unescape(message), ...properties } as Record<string, string>;
}

const lines = (text: string) => text === "" ? [] : text.slice(0, -1).split("\n");

Deno.test("renderGithub() annotates file and line, a command a cause", () => {
  const result = gateResult([sickRun({}, [sampleWarning()])]);
  const commands = lines(renderGithub(result, locate)).map(parse);
  assertEquals(commands.map(({ kind, title }) => [kind, title]), [
    ["error", "digits is sick"],
    ["warning", "digits: warning"],
  ]);
  assertEquals(commands[0], {
    kind: "error",
    file: "models/digits.ts",
    line: "7",
    title: "digits is sick",
    message: `The kernels of dense_1, dense_2 are about 81 times too large.
Fix: Draw them smaller.
Tried: the model is then HEALTHY; l2 of delta of dense_1: 0 before, 5.6 after.
As a result: saturated activations in dense_1, dense_2.
Broken rules: init-scale, saturated-activations.`,
  });
});

Deno.test("renderGithub() says nothing of a healthy model, nor of what is only noted", () => {
  const note = finding("dense_1", { severity: "note", message: "No verdict: too narrow." });
  assertEquals(renderGithub(gateResult([gateRun([note])]), locate), "");
});

Deno.test("renderGithub() leaves out the line where nobody knows it", () => {
  const unknown = (file: string) => ({ file, line: null });
  const [command] = lines(renderGithub(gateResult([sickRun()]), unknown)).map(parse);
  assertEquals([command.file, command.line], ["models/digits.ts", undefined]);
});

Deno.test("renderGithub() puts all layers and seeds of a cause into one annotation", () => {
  const runs = [...[3, 4].map((seed) => sickRun({ seed })), gateRun([], { seed: 5 })];
  const commands = lines(renderGithub(gateResult(runs), locate)).map(parse);
  assertEquals(commands.length, 1);
  assertStringIncludes(commands[0].message, "too large. Found in 2 of 3 seeds: 3, 4.\nFix");
});

Deno.test("renderGithub() never has more than ten of a kind, and says how many there were", () => {
  const of = (count: number) => {
    const causes = Array.from({ length: count - 1 }, () => sampleCause([finding("a")]));
    return lines(renderGithub(gateResult([sickRun({}, causes)]), locate)).map(parse);
  };
  assertEquals([of(10).length, of(11).length, of(30).length], [10, 10, 10]);
  assertEquals(of(10)[9].title, "digits is sick, cause 10 of 10");
  assertStringIncludes(of(30)[9].message, "21 more of these");
});

Deno.test("renderGithub() says what could not be measured, and nothing of what is suppressed", () => {
  const accepted = (layer: string) => finding(layer, { severity: "note", suppressed: "known" });
  const runs = [
    gateRun([], { measurements: null, error: "gone", model: "a" }),
    ...[3, 4].map((seed) => gateRun([accepted("dense_1"), accepted("dense_2")], { seed })),
  ];
  const commands = lines(renderGithub(gateResult(runs), locate)).map(parse);
  assertEquals(commands.map(({ kind, title, message }) => [kind, title, message]), [
    ["error", "a, seed 3: not measured", "gone"],
  ]);
});

Deno.test("renderGithub() annotates the configuration with what is said of it", () => {
  const findings = [finding("", { rule: "unused-suppression", layer: null })];
  const [line] = lines(renderGithub(gateResult([], { findings }), locate));
  assertEquals(parse(line).file, "gradient-health.json");
});

Deno.test("renderGithub() says that there are too many warnings", () => {
  const result = gateResult([gateRun([finding("a", { severity: "warning" })])], { maxWarnings: 0 });
  assertEquals(parse(lines(renderGithub(result, locate))[0]).title, "too many warnings");
});

Deno.test("renderGithub() lets no name add a command or a property", () => {
  fc.assert(
    fc.property(anyGateResult, (result) => {
      const commands = lines(renderGithub(result, locate));
      for (const line of commands) {
        assert(/^::(error|warning|notice) (file=|title=)/.test(line), line);
        assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line), line);
        const names = line.slice(0, line.indexOf("::", 2)).replace(/^::\w+ /, "").split(",")
          .map((part) => part.split("=")[0]);
        for (const name of names) assert(["file", "line", "title"].includes(name), line);
        assertEquals(new Set(names).size, names.length);
      }
      const kinds = commands.map((line) => line.match(/^::(\w+)/)![1]);
      for (const kind of ["error", "warning", "notice"]) {
        assert(kinds.filter((other) => other === kind).length <= 10);
      }
    }),
    { numRuns: 200 },
  );
});
