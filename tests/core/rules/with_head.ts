import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { initialLoss } from "../../../src/core/rules/task/initial_loss.ts";
import { outputHead } from "../../../src/core/rules/task/output_head.ts";
import { type Head, withHead } from "../../networks/measurements.ts";

export function loss(given: Head, options?: RuleOptions) {
  return initialLoss.run(withHead(given), options);
}

export function head(given: Head) {
  return outputHead.run(withHead(given)).map(({ severity, expected }) =>
    `${severity}: ${expected.text}`
  );
}
