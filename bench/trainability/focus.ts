import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { OPTIMIZERS } from "./optimizers.ts";
import { type Head, KIND, type Plan } from "./plan.ts";
import { between, pick, sensiblePlan, tenTo } from "./sensible.ts";

/** A small population about one question: sensible networks, each with one thing at a strength that is drawn. */
export interface Focus {
  /** The first of its seeds, which no other population has. */
  from: number;
  /** Number of its seeds. */
  size: number;
  /** Returns true if the question applies to a sensible network. */
  fits(plan: Plan): boolean;
  /** Puts in what is asked about. Returns it in words. */
  apply(plan: Plan, random: SeededRandom): string;
}

const show = (figure: number) => figure.toPrecision(3);

/** The populations by name. Like the large one, none is to be changed after its truth was trained. */
export const FOCUSES: Readonly<Record<string, Focus>> = {
  targets: {
    from: 100_000,
    size: 120,
    fits: ({ task }) => KIND[task] === "numbers",
    apply(plan, random) {
      const scale = random.uniform() < 0.7 ? tenTo(random, -4, 5) : 1;
      const offset = scale === 1 || random.uniform() < 0.3 ? scale * tenTo(random, -0.3, 3) : 0;
      plan.data.targets = { scale, offset };
      return `x ${show(scale)} + ${show(offset)}`;
    },
  },
  features: {
    from: 101_000,
    size: 80,
    fits: ({ task, family }) =>
      family === "dense" && ["friedman", "moons", "circles", "parity"].includes(task),
    apply(plan, random) {
      const feature = tenTo(random, 0.5, 5);
      plan.data.inputs = { feature };
      return `x ${show(feature)}`;
    },
  },
  embeddings: {
    from: 102_000,
    size: 60,
    fits: ({ task }) => task === "tokens",
    apply(plan, random) {
      const std = tenTo(random, -3, 2);
      plan.edits.push({ role: "embedding", do: "normal", std });
      return `std ${show(std)}`;
    },
  },
  matrices: {
    from: 103_000,
    size: 60,
    fits: ({ task, family, attention }) =>
      family === "attention" && attention === "whole" && task !== "rows",
    apply(plan, random) {
      const size = tenTo(random, 0.3, 3);
      const by = random.uniform() < 0.7 ? size : 1 / size;
      plan.edits.push({ role: "custom", do: "multiply", by });
      return `x ${show(by)}`;
    },
  },
  rates: {
    from: 104_000,
    size: 160,
    fits: ({ task, family }) =>
      ["dense", "residual"].includes(family) && !["digits", "rows"].includes(task),
    apply(plan, random) {
      const name = pick(random, OPTIMIZERS.filter((name) => !["adam", "sgd"].includes(name)));
      plan.optimizer = { name, rate: Number(tenTo(random, -5, 1.5).toPrecision(2)) };
      return `${name} at ${plan.optimizer.rate}`;
    },
  },
  attention: {
    from: 105_000,
    size: 120,
    fits: ({ task, family }) => family === "attention" && task !== "rows",
    apply(plan, random) {
      plan.attention = "heads";
      plan.depth = between(random, 1, 6);
      plan.style = pick(random, ["pre", "pre", "post", "no skips", "normalized chain"]);
      if (
        plan.style === "no skips" || plan.style !== "normalized chain" && random.uniform() < 0.3
      ) {
        plan.normalization = "none";
      }
      const by = random.uniform() < 0.75 ? tenTo(random, -4, 1.5) : 1;
      if (by !== 1) plan.edits.push({ role: "query and key", do: "multiply", by });
      return `${plan.depth} blocks, ${plan.style}, normalization ${plan.normalization}, x ${
        show(by)
      }`;
    },
  },
  heads: {
    from: 106_000,
    size: 120,
    fits: ({ task }) => task !== "pictures",
    apply(plan, random) {
      const kind = KIND[plan.task];
      const heads: Record<typeof kind, readonly Head[]> = {
        classes: [
          { activation: "relu", loss: "categoricalCrossentropy" },
          { activation: "tanh", loss: "categoricalCrossentropy" },
          { activation: "relu", loss: "softmaxCrossEntropy" },
          { activation: "tanh", loss: "softmaxCrossEntropy" },
        ],
        binary: [
          { activation: "relu", loss: "binaryCrossentropy" },
          { activation: "tanh", loss: "binaryCrossentropy" },
          { activation: "relu", loss: "sigmoidCrossEntropy" },
        ],
        numbers: [
          { activation: "relu", loss: "meanSquaredError" },
          { activation: "tanh", loss: "meanSquaredError" },
          { activation: "sigmoid", loss: "meanSquaredError" },
        ],
      };
      plan.head = pick(random, heads[kind]);
      return `${plan.head.activation} under ${plan.head.loss}`;
    },
  },
};

/** The network of a seed of one of the populations; `null` for a seed that none has. */
export function focusPlan(seed: number): Plan | null {
  const found = Object.entries(FOCUSES).find(([, { from, size }]) =>
    seed >= from && seed < from + size
  );
  if (found === undefined) return null;
  const [name, { fits, apply }] = found;
  const random = new SeededRandom(seed, `trainability ${name}`);
  let plan = sensiblePlan(seed, random);
  while (!fits(plan)) plan = sensiblePlan(seed, random);
  plan.faults.push(`${name}: ${apply(plan, random)}`);
  return plan;
}
