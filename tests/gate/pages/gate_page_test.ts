import { assertEquals, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import type { Verdict } from "../../../src/core/diagnosis/diagnosis.ts";
import { renderGateBadge } from "../../../src/gate/pages/gate_page.ts";
import { TONES } from "../../../src/core/text/verdicts.ts";
import { carriesMarker } from "../../../src/ground/words/document.ts";
import { gateResult, gateRun } from "../text/sample_gate.ts";

const run = (model: string, verdict: Verdict) =>
  gateRun([], { model, diagnosis: { verdict, causes: [], notes: [] } });

Deno.test("renderGateBadge() counts the models of each verdict, in the colour of the worst", () => {
  const badge = renderGateBadge(
    gateResult([run("a", "healthy"), run("b", "healthy"), run("c", "weak")]),
  );
  assertEquals(XMLValidator.validate(badge), true);
  assertEquals(carriesMarker(badge, badge), true);
  assertStringIncludes(badge, "gradient health: 1 weak, 2 healthy");
  assertStringIncludes(badge, TONES.warning.light);
});

Deno.test("renderGateBadge() says which models are weights alone", () => {
  const file = (model: string) =>
    gateRun([], {
      model,
      diagnosis: {
        verdict: "unjudged",
        causes: [],
        notes: [],
        weightsOnly: { rules: 6, of: 22 },
      },
    });
  const said = (runs: Parameters<typeof gateResult>[0]) => renderGateBadge(gateResult(runs));
  const alone = said([file("a")]);
  assertStringIncludes(alone, "health: no finding, weights only<");
  assertStringIncludes(alone, TONES.unjudged.light);
  assertEquals(alone.includes(TONES.healthy.light), false);
  assertStringIncludes(
    said([file("a"), run("b", "healthy")]),
    "health: 1 no finding, 1 healthy, 1 of 2 by weights only<",
  );
});

Deno.test("renderGateBadge() has one word for one model, and says what was not measured", () => {
  assertStringIncludes(renderGateBadge(gateResult([run("a", "healthy")])), "health: healthy<");
  const lost = gateRun([], { model: "b", measurements: null, error: "gone" });
  const badge = renderGateBadge(gateResult([run("a", "healthy"), lost]));
  assertStringIncludes(badge, "1 not measured, 1 healthy");
  assertStringIncludes(badge, TONES.error.light);
});
