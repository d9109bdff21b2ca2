import type { Finding } from "../../rules/finding.ts";
import { type Change, sayChanges } from "../../rules/say_changes.ts";
import { enoughWeaker, weakerThanFlat } from "../../rules/task/regularization.ts";
import { formatCount } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { foundBy, layersOf } from "./shared.ts";

/**
 * Returns a change since the baseline, however many figures of however many layers show it: a new
 * initialiser moves every one of them.
 */
export function baseline(patient: Patient): Suspect[] {
  const states = foundBy("baseline", patient)
    .filter(({ kind, figures }) =>
      (kind === "figure" || kind === "share") && figures?.now !== undefined &&
      figures.stored !== undefined
    );
  if (states.length === 0) return [];
  const said = sayChanges(states.map(changeOf), patient.measurements.layers);
  return [{
    kind: "baseline",
    layers: layersOf(states, patient),
    message: `Against the baseline, ${said.join("; ")}.`,
    states,
    explains: () => false,
    fixes: [{ kind: "rebuild", what: states[0].fix }],
  }];
}

function changeOf({ layer, kind, figures }: Finding): Change {
  const { now, stored } = figures!;
  return {
    layer: layer!,
    subject: subjectOf(now.unit),
    isShare: kind === "share",
    before: stored.value,
    after: now.value,
  };
}

/** Returns the plural name of the values that a figure is about. */
function subjectOf(unit: string): string {
  const [, gradient, part] = /^rms\((gradient of )?(.*)\)$/s.exec(unit) ?? [];
  if (gradient !== undefined) return "gradients";
  if (part === "delta") return "deltas";
  if (part !== undefined) return part === "bias" ? "biases" : `${part}s`;
  return unit === "std(a)" ? "activations" : unit;
}

const FIXED_DROPOUT_RATE = 0.2;
/**
 * Share of the entries that layers of dropout keep together with a fix: a chain of 17 layers of
 * `bench/trainability` (seed 3675) that fails at 0.002 trains as well as its reference at 0.2.
 */
const FIXED_DROPOUT_KEPT = 0.2;

/** Factors by which to weaken penalties, by the kind of the finding, from its figure. */
const WEAKER: Readonly<Record<string, (measured: number) => number>> = {
  penalties: enoughWeaker,
  flattening: weakerThanFlat,
};

/** Returns dropout and penalties that leave little to learn from, as far as one pass can tell. */
export function regularization(patient: Patient): Suspect[] {
  return foundBy("regularization", patient).map((finding): Suspect => {
    const layers = layersOf([finding], patient);
    const weaker = WEAKER[finding.kind ?? ""];
    return {
      kind: weaker === undefined ? "dropout" : "penalties",
      layers,
      message: finding.message,
      states: [finding],
      // A pass drops nothing, and its objective has no penalties.
      explains: () => false,
      fixes: weaker === undefined
        ? lowered(patient, finding.fix)
        : [{ kind: "penalties", layers, by: weaker(finding.measured!) }],
    };
  });
}

/**
 * Returns a lower rate for every dropout layer above it, the lower the more of them there are;
 * recurrent layers have no separate rate to lower.
 */
function lowered({ measurements: { layers } }: Patient, fix: string): Fix[] {
  const all = layers.filter(({ kind, dropout }) => kind === "passesOn" && (dropout ?? 0) > 0);
  const together = Math.floor(100 * (1 - FIXED_DROPOUT_KEPT ** (1 / all.length))) / 100;
  const rate = Math.min(FIXED_DROPOUT_RATE, together);
  const dropping = all.filter(({ dropout }) => dropout! > rate).map(({ name }) => name);
  return dropping.length > 0
    ? [{ kind: "dropout", layers: dropping, rate }]
    : [{ kind: "rebuild", what: fix }];
}

/**
 * Returns a learning rate that the compiled optimizer cannot work with, or that has not learned in a
 * trial where another one has.
 */
export function learningRate(patient: Patient): Suspect[] {
  return [...outrun(patient), ...unusable(patient)];
}

/**
 * Returns the rate that another one outruns. Layers or units that are drawn alike come first: they are
 * never meant, at any rate.
 */
function outrun(patient: Patient): Suspect[] {
  if (foundBy("symmetry", patient).length > 0) return [];
  const states = foundBy("trial", patient).filter(({ kind, severity }) =>
    kind === "learning-rate" && severity === "warning"
  );
  return states.map((finding) => ({
    kind: "learning-rate",
    layers: [],
    message: finding.message,
    states: [finding],
    explains: () => false,
    fixes: [{ kind: "rebuild", what: finding.fix }],
  }));
}

function unusable(patient: Patient): Suspect[] {
  const { optimizer } = patient.measurements;
  const from = optimizer?.learningRate ?? null;
  if (from === null) return [];
  return foundBy("learning-rate", patient).flatMap((finding): Suspect[] => {
    const { advised } = finding.figures ?? {};
    if (advised === undefined) return [];
    return [{
      kind: "learning-rate",
      layers: [],
      message: finding.message,
      states: [finding],
      // A pass takes no step.
      explains: () => false,
      fixes: [{ kind: "learning-rate", from, to: advised.value }],
    }];
  });
}

/** Returns a model without trainable weights, or layers that were frozen at their random start. */
export function frozen(patient: Patient): Suspect[] {
  return [...whole(patient), ...untrained(patient)];
}

function untrained(patient: Patient): Suspect[] {
  return foundBy("gradients-flow", patient).filter(({ kind }) => kind === "frozen-untrained")
    .map((finding) => {
      const names = layersOf([finding], patient);
      return {
        kind: "frozen",
        layers: names,
        message: finding.message,
        states: [finding],
        explains: () => false,
        // The intention is unknown; training them is only one way.
        fixes: [{ kind: "rebuild", what: finding.fix }, { kind: "unfreeze", layers: names }],
      };
    });
}

function whole(patient: Patient): Suspect[] {
  const { layers } = patient.measurements;
  const holding = layers.filter(({ weights }) => weights.length > 0);
  const weights = holding.flatMap(({ weights }) => weights);
  if (weights.length === 0 || weights.some(({ trainable }) => trainable)) return [];
  const names = holding.map(({ name }) => name);
  return [{
    kind: "frozen",
    layers: names,
    message:
      `None of the model's weights is trainable (${formatCount(weights.length, "weight")}), so ` +
      `training changes nothing.`,
    states: foundBy("gradients-flow", patient).filter(({ layer }) => layer === null),
    explains: () => false,
    fixes: [{ kind: "unfreeze", layers: names }],
  }];
}
