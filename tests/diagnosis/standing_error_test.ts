import { assertEquals } from "@std/assert";
import { makeFinding } from "../../src/checks/finding.ts";
import { weighTrial } from "../../src/diagnosis/weigh_trial.ts";
import { makeTrial } from "../checks/make_trial.ts";

Deno.test("weighTrial() leaves an offset of the inputs an error, though one batch was learned", () => {
  const severity = (kind: string) => {
    const found = makeFinding("input-normalized", {
      severity: "error",
      kind,
      layer: null,
      measured: 70,
      expected: "inputs near 0",
      message: "The inputs are far from 0.",
      advice: "Subtract their mean.",
    });
    return weighTrial([found], makeTrial())[0].severity;
  };
  assertEquals([severity("offset"), severity("constant")], ["error", "warning"]);
});
