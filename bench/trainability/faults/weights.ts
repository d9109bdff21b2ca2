import type { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import type { Fault } from "../faults.ts";
import type { Plan, WeightEdit } from "../plan.ts";
import { pick, tenTo } from "../sensible.ts";

const always = () => true;
const show = (figure: number) => figure.toPrecision(3);

/** A factor as likely to be large as small, `least` to `most` powers of ten from 1. */
function factor(random: SeededRandom, least: number, most: number): number {
  const size = tenTo(random, least, most);
  return random.uniform() < 0.5 ? size : 1 / size;
}

const edit = (plan: Plan, ...edits: WeightEdit[]) => plan.edits.push(...edits);

/** Faults of the weights that a network starts from. */
export const WEIGHT_FAULTS: readonly Fault[] = [
  {
    name: "kernels scaled",
    weight: 3,
    fits: always,
    apply(plan, random) {
      // Per layer, or as a whole: the deeper, the less a layer needs.
      const by = random.uniform() < 0.5
        ? factor(random, 0.15, 2.5)
        : factor(random, 0.5, 8) ** (1 / plan.depth);
      edit(plan, { role: "kernel", do: "multiply", by });
      return `x ${show(by)}`;
    },
  },
  {
    name: "one kernel scaled",
    weight: 2,
    fits: always,
    apply(plan, random) {
      const by = factor(random, 0.3, 4);
      const at = random.uniform();
      edit(plan, { role: "kernel", at, do: "multiply", by });
      return `x ${show(by)} at ${show(at)}`;
    },
  },
  {
    name: "head scaled",
    weight: 1.5,
    fits: always,
    apply(plan, random) {
      const by = factor(random, 0.3, 4);
      edit(plan, { role: "head", do: "multiply", by });
      return `x ${show(by)}`;
    },
  },
  {
    name: "kernels drawn by another rule",
    weight: 3,
    fits: always,
    apply(plan, random) {
      const std = pick(random, [0.01, 0.02, 0.05, 0.1, 0.3, 1]);
      edit(plan, { role: "kernel", do: "normal", std });
      return `normal, std ${std}`;
    },
  },
  {
    name: "constant kernels",
    weight: 1.5,
    fits: always,
    apply(plan, random) {
      const value = pick(random, [0, 0.01, 0.1, 1]);
      const at = random.uniform() < 0.5 ? undefined : random.uniform();
      edit(plan, { role: "kernel", ...at === undefined ? {} : { at }, do: "fill", with: value });
      return `${value}${at === undefined ? "" : ` at ${show(at)}`}`;
    },
  },
  {
    name: "constant head",
    weight: 0.5,
    fits: always,
    apply(plan, random) {
      const value = pick(random, [0, 0.1]);
      edit(plan, { role: "head", do: "fill", with: value });
      return `${value}`;
    },
  },
  {
    name: "biases below zero",
    weight: 1.5,
    fits: always,
    apply(plan, random) {
      const value = -tenTo(random, -1, 1);
      edit(plan, { role: "bias", do: "fill", with: value });
      return show(value);
    },
  },
  {
    name: "biases above zero",
    weight: 0.7,
    fits: always,
    apply(plan, random) {
      const value = tenTo(random, -1, 1.5);
      edit(plan, { role: "bias", do: "fill", with: value });
      return show(value);
    },
  },
  {
    name: "random biases",
    weight: 1.5,
    fits: always,
    apply(plan, random) {
      const std = tenTo(random, -1.3, 1.3);
      edit(plan, { role: "bias", do: "normal", std });
      return `std ${show(std)}`;
    },
  },
  {
    name: "recurrent kernel scaled",
    weight: 6,
    fits: ({ family }) => family === "recurrent",
    apply(plan, random) {
      const by = factor(random, 0.1, 1.5);
      edit(plan, { role: "recurrent", do: "multiply", by });
      return `x ${show(by)}`;
    },
  },
  {
    name: "embedding scaled",
    weight: 7,
    fits: ({ task }) => task === "tokens",
    apply(plan, random) {
      const std = random.uniform() < 0.1 ? 0 : tenTo(random, -3, 2);
      edit(plan, { role: "embedding", do: "normal", std });
      return `std ${show(std)}`;
    },
  },
  {
    name: "queries and keys scaled",
    weight: 6,
    fits: ({ family }) => family === "attention",
    apply(plan, random) {
      const by = random.uniform() < 0.15 ? 0 : factor(random, 0.3, 2);
      edit(plan, { role: "query and key", do: "multiply", by });
      return `x ${show(by)}`;
    },
  },
  {
    name: "gains of the normalisation",
    weight: 1.5,
    fits: ({ normalization }) => normalization !== "none",
    apply(plan, random) {
      const value = random.uniform() < 0.2 ? 0 : factor(random, 0.3, 2);
      edit(plan, { role: "gamma", do: "fill", with: value });
      return show(value);
    },
  },
  {
    name: "one weight is no number",
    weight: 0.4,
    fits: always,
    apply(plan, random) {
      const poison = pick(random, ["NaN", "Infinity"] as const);
      edit(plan, { role: "kernel", at: random.uniform(), do: "poison", with: poison });
      return poison;
    },
  },
];
