import type { Chance } from "../chance.ts";
import { activateRow } from "./activate_scalars.ts";
import type { Evaluation, LayerPlan, RowNotes, Sizes } from "./layer_plan.ts";
import { dense, note, weight } from "./plain_layers.ts";
import { pick, type Scalar, type Scalars, scalars } from "./scalar_tape.ts";

/** Step of a cell for one example: returns its new states, the output first. */
type Step = (evaluation: Evaluation, x: Scalar[], states: Scalar[][]) => Scalar[][];

/** x kernel + h recurrent + bias, for the columns from `from` on. */
function sums({ tape, weights: [kernel, recurrent, bias] }: Evaluation, units: number, at: {
  x: Scalar[];
  h: Scalar[];
  part: number;
}): Scalar[] {
  return Array.from({ length: units }, (_, unit) => {
    const column = at.part * units + unit;
    return tape.dot(
      [...at.x, ...at.h],
      [
        ...at.x.map((_, i) => pick(kernel, i, column)),
        ...at.h.map((_, i) => pick(recurrent, i, column)),
      ],
      [bias.at[column]],
    );
  });
}

/** Applies an activation that has a row of its own, and belongs to the layer's z where it says so. */
function inPart(evaluation: Evaluation, part: string, z: Scalar[], how: {
  activation: string;
  isLayers: boolean;
}): Scalar[] {
  const row: RowNotes = evaluation.row(part);
  const a = activateRow(evaluation.tape, z, how.activation);
  row.z.push(...z);
  row.a.push(...a);
  if (how.isLayers) evaluation.row("").z.push(...z);
  return a;
}

const TANH = { activation: "tanh", isLayers: true };
const GATE = { activation: "sigmoid", isLayers: true };

const CELLS: Record<string, { gates: number; states: number; step(units: number): Step }> = {
  simpleRNN: {
    gates: 1,
    states: 1,
    step: (units) => (evaluation, x, [h]) => {
      const z = sums(evaluation, units, { x, h, part: 0 });
      evaluation.row("").z.push(...z);
      return [activateRow(evaluation.tape, z, "tanh")];
    },
  },
  gru: {
    gates: 3,
    states: 1,
    step: (units) => (evaluation, x, [h]) => {
      const { tape } = evaluation;
      const [z, r] = [0, 1].map((part) =>
        inPart(evaluation, "/gates", sums(evaluation, units, { x, h, part }), GATE)
      );
      const kept = h.map((one, i) => tape.mul(one, r[i]));
      const sum = sums(evaluation, units, { x, h: kept, part: 2 });
      const candidate = inPart(evaluation, "/candidate", sum, TANH);
      return [candidate.map((one, i) => {
        const other = tape.apply(z[i], (gate) => 1 - gate, () => -1);
        return tape.add(tape.mul(z[i], h[i]), tape.mul(other, one));
      })];
    },
  },
  lstm: {
    gates: 4,
    states: 2,
    step: (units) => (evaluation, x, [h, c]) => {
      const { tape } = evaluation;
      const part = (at: number) => sums(evaluation, units, { x, h, part: at });
      const [i, f, o] = [0, 1, 3].map((at) => inPart(evaluation, "/gates", part(at), GATE));
      const candidate = inPart(evaluation, "/candidate", part(2), TANH);
      const cell = c.map((one, unit) =>
        tape.add(tape.mul(f[unit], one), tape.mul(i[unit], candidate[unit]))
      );
      const out = inPart(evaluation, "/cell_output", cell, { ...TANH, isLayers: false });
      return [out.map((one, unit) => tape.mul(o[unit], one)), cell];
    },
  },
};

/** Number of times that a step applies the activations of a part, a call each. */
const CALLS: Record<string, Record<string, number>> = {
  simpleRNN: {},
  gru: { "/candidate": 1, "/gates": 2 },
  lstm: { "/candidate": 1, "/cell_output": 1, "/gates": 3 },
};

/** A recurrent layer; inputs after the first are its initial states. */
export function recurrent(
  chance: Chance,
  name: string,
  inputs: Sizes[],
  { units = chance.integer(1, 3), kind = chance.one(Object.keys(CELLS)) } = {},
): LayerPlan {
  const [steps, width] = inputs[0];
  const { gates, states, step } = CELLS[kind];
  const returnSequences = chance.happens(0.5), returnState = chance.happens(0.4);
  const goBackwards = chance.happens(0.2);
  const output = returnSequences ? [steps, units] : [units];
  const parts = returnState ? Array.from({ length: states }, () => [units]) : [];
  const advance = step(units);
  return {
    name,
    inputs,
    outputs: [output, ...parts],
    trainable: chance.happens(0.85),
    ...inputs.length > 1 ? { states } : {},
    weights: [
      weight(chance, "kernel", [width, gates * units], { spread: 0.6 }),
      weight(chance, "recurrent_kernel", [units, gates * units], { spread: 0.6 }),
      weight(chance, "bias", [gates * units], { spread: 0.3 }),
    ],
    make: (tf) =>
      tf.layers[kind as "lstm"]({
        name,
        units,
        returnSequences,
        returnState,
        goBackwards,
        ...kind === "simpleRNN" ? {} : { recurrentActivation: "sigmoid" },
      }),
    evaluate(evaluation, [x, ...initial]) {
      const { tape } = evaluation;
      const [examples] = x.shape;
      const hidden: Scalar[][][] = [], final: Scalar[][][] = [];
      for (let example = 0; example < examples; example++) {
        let now = Array.from({ length: states }, (_, state) =>
          Array.from(
            { length: units },
            (_, unit) => initial.length > 0 ? pick(initial[state], example, unit) : tape.make(0),
          ));
        hidden.push([]);
        for (let t = 0; t < steps; t++) {
          const at = goBackwards ? steps - 1 - t : t;
          const given = Array.from({ length: width }, (_, i) => pick(x, example, at, i));
          now = advance(evaluation, given, now);
          hidden[example].push(now[0]);
        }
        final.push(now);
      }
      for (const [part, calls] of Object.entries(CALLS[kind])) {
        evaluation.row(part).calls += calls * steps;
      }
      const y = scalars(
        [examples, ...output],
        (index) =>
          tape.copy(
            returnSequences ? hidden[index[0]][index[1]][index[2]] : final[index[0]][0][index[1]],
          ),
      );
      const row = evaluation.row("");
      row.calls++;
      row.a.push(...y.at);
      const states_ = parts.map((_, state): Scalars =>
        // The last output is the state h.
        state === 0 && !returnSequences
          ? y
          : scalars([examples, units], ([example, unit]) => final[example][state][unit])
      );
      return [y, ...states_];
    },
  };
}

/** A dense layer for each step, as a call of its own. */
export function timeDistributed(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const [steps, width] = sizes;
  const inner = dense(chance, "each", [[width]]);
  return {
    ...inner,
    name,
    inputs: [sizes],
    outputs: [[steps, ...inner.outputs[0]]],
    inner: "/each",
    make: (tf) => tf.layers.timeDistributed({ name, layer: inner.make(tf) }),
    evaluate(evaluation, [x]) {
      const [examples] = x.shape;
      const results = Array.from({ length: steps }, (_, t) => {
        const given = scalars([examples, width], ([example, i]) => pick(x, example, t, i));
        return inner.evaluate({ ...evaluation, row: () => evaluation.row("/each") }, [given])[0];
      });
      return [scalars(
        [examples, steps, ...inner.outputs[0]],
        ([example, t, unit]) => evaluation.tape.copy(pick(results[t], example, unit)),
      )];
    },
  };
}

export function globalAveragePooling1d(_: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const [steps, width] = sizes;
  return {
    name,
    inputs: [sizes],
    outputs: [[width]],
    weights: [],
    trainable: true,
    make: (tf) => tf.layers.globalAveragePooling1d({ name }),
    evaluate(evaluation, [x]) {
      const { tape } = evaluation;
      const y = scalars([x.shape[0], width], ([example, i]) => {
        const all = Array.from({ length: steps }, (_, t) => pick(x, example, t, i));
        return tape.scale(tape.add(...all), 1 / steps);
      });
      note(evaluation, null, y.at);
      return [y];
    },
  };
}
