import type { Measurements } from "../../src/measure/measurements.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { initialLoss } from "../../src/rules/task/initial_loss.ts";
import { outputHead } from "../../src/rules/task/output_head.ts";
import { makeTarget } from "../networks/dense_network.ts";
import { makeHead, makeMeasurements, makeWeight } from "../networks/measurements.ts";

export interface Given {
  loss: string;
  value?: number;
  activation?: string;
  units?: number;
  targets?: number[] | null;
  examples?: number;
}

/** A model with one head of `units` units under a loss. */
export function withHead(given: Given): Measurements {
  const { loss, value = 1, activation = "softmax", units = 10, targets = null, examples = 32 } =
    given;
  const weights = [makeWeight({ name: "head/kernel", shape: [20, units] })];
  const head = makeHead({ depth: 1, activation, shape: [examples, units], weights });
  const measurements = makeMeasurements([], {
    layers: [head],
    objective: { name: loss, value },
  });
  const all = targets === null ? [] : [makeTarget(Float64Array.from(targets), examples)];
  return { ...measurements, batch: { ...measurements.batch, examples, targets: all } };
}

export function loss(given: Given, options?: RuleOptions) {
  return initialLoss.check(withHead(given), options);
}

export function head(given: Given) {
  return outputHead.check(withHead(given)).map(({ severity, expected }) =>
    `${severity}: ${expected.text}`
  );
}
