import type { AssertionDocumentation } from "./rule.ts";

/**
 * Returns an example of a network that passes an assertion about its head, its targets or its loss.
 */
export function regressionExample(assertion: string): AssertionDocumentation["example"] {
  const title = "A network that passes";
  return {
    title,
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { ${assertion} } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const objective = "meanSquaredError";
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model, { objective });
      ${assertion}(await measure(model, batch, { objective }));
      model.dispose();
    `,
  };
}
