import type { Fault } from "../faults.ts";
import { type DataEdits, KIND, type Plan } from "../plan.ts";
import { tenTo } from "../sensible.ts";

const show = (figure: number) => figure.toPrecision(3);

/** Tokens are looked up, so none of these faults applies to them. */
const hasNumbers = ({ task }: Plan) => task !== "tokens";

function inputs(plan: Plan, edit: DataEdits["inputs"]): void {
  plan.data.inputs = { ...plan.data.inputs, ...edit };
}

function targets(plan: Plan, edit: DataEdits["targets"]): void {
  plan.data.targets = { ...plan.data.targets, ...edit };
}

/** Faults of the examples. The inputs alone change: what an autoencoder is to put out stays. */
export const DATA_FAULTS: readonly Fault[] = [
  {
    name: "inputs scaled",
    weight: 2,
    fits: hasNumbers,
    apply(plan, random) {
      const size = tenTo(random, 0.5, 4);
      const scale = random.uniform() < 0.6 ? size : 1 / size;
      inputs(plan, { scale: scale * (plan.data.inputs?.scale ?? 1) });
      return `x ${show(scale)}`;
    },
  },
  {
    name: "inputs far from zero",
    weight: 1.5,
    fits: hasNumbers,
    apply(plan, random) {
      const offset = tenTo(random, 0, 3);
      inputs(plan, { offset });
      return `+ ${show(offset)}`;
    },
  },
  {
    name: "constant inputs",
    weight: 0.5,
    fits: hasNumbers,
    apply(plan) {
      inputs(plan, { constant: true });
      return "every example has the inputs of the first";
    },
  },
  {
    name: "one feature out of scale",
    weight: 1.2,
    fits: ({ task }) => ["friedman", "moons", "circles", "parity", "adding"].includes(task),
    apply(plan, random) {
      const feature = tenTo(random, 1, 5);
      inputs(plan, { feature });
      return `x ${show(feature)}`;
    },
  },
  {
    name: "targets out of scale",
    weight: 4,
    fits: ({ task }) => KIND[task] === "numbers",
    apply(plan, random) {
      const scale = tenTo(random, -3, 5);
      targets(plan, { scale });
      return `x ${show(scale)}`;
    },
  },
  {
    name: "targets far from zero",
    weight: 2.5,
    fits: ({ task }) => KIND[task] === "numbers",
    apply(plan, random) {
      const offset = tenTo(random, 0.3, 3);
      targets(plan, { offset });
      return `+ ${show(offset)}`;
    },
  },
];
