import type { RuleOptions } from "../../src/rules/rule.ts";
import { initialLoss } from "../../src/rules/task/initial_loss.ts";
import { outputHead } from "../../src/rules/task/output_head.ts";
import { type Head, withHead } from "../networks/measurements.ts";

export function loss(given: Head, options?: RuleOptions) {
  return initialLoss.run(withHead(given), options);
}

export function head(given: Head) {
  return outputHead.run(withHead(given)).map(({ severity, expected }) =>
    `${severity}: ${expected.text}`
  );
}
