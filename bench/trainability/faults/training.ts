import type { Fault } from "../faults.ts";
import { pick, tenTo } from "../sensible.ts";

/** Faults of neither weights nor data: what training does, or may not do. */
export const TRAINING_FAULTS: readonly Fault[] = [
  {
    name: "dropout",
    weight: 2,
    fits: () => true,
    apply(plan, random) {
      plan.dropout = Math.round(100 * (0.05 + 0.9 * random.uniform())) / 100;
      return `${plan.dropout}`;
    },
  },
  {
    name: "penalty",
    weight: 1.5,
    fits: () => true,
    apply(plan, random) {
      plan.l2 = Number(tenTo(random, -4, 2).toPrecision(2));
      return `l2 ${plan.l2}`;
    },
  },
  {
    name: "frozen",
    weight: 1.5,
    fits: () => true,
    apply(plan, random) {
      plan.frozen = pick(random, ["everything", "hidden layers", "head", "first layer"]);
      return plan.frozen;
    },
  },
  {
    name: "learning rate",
    weight: 1.5,
    fits: () => true,
    apply(plan, random) {
      const name = pick(random, ["adam", "sgd"] as const);
      const rate = name === "adam" ? tenTo(random, -6, 0.5) : tenTo(random, -5, 1.5);
      plan.optimizer = { name, rate: Number(rate.toPrecision(2)) };
      return `${name} at ${plan.optimizer.rate}`;
    },
  },
];
