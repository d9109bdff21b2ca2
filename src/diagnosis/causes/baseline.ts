import type { Finding } from "../../checks/finding.ts";
import { formatCount, formatNumber, formatPercent } from "../../words/numbers.ts";
import { formatLayers } from "../format_layers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, layersOf } from "./shared.ts";

/** So many kinds of figures are named; the rest is counted. */
const MOST = 3;
/** Factors of several layers that are this close are said as one. */
const ALIKE = 1.5;

/**
 * A change since the baseline, however many figures of however many layers show it: a new initialiser moves
 * every one of them. Weights are named first, because what else has moved follows from them.
 */
export function baseline(patient: Patient): Suspect[] {
  const states = foundBy("baseline", patient)
    .filter(({ kind, figures }) =>
      (kind === "figure" || kind === "share") && figures?.now !== undefined &&
      figures.stored !== undefined
    );
  if (states.length === 0) return [];
  const named = patient.measurements.layers;
  const groups = Map.groupBy(states, changeOf);
  const changes = [...groups].toSorted(([a], [b]) => rankOf(a) - rankOf(b));
  const rest = changes.slice(MOST).reduce((sum, [, found]) => sum + found.length, 0);
  const said = [
    ...changes.slice(0, MOST).map(([, found], i) => {
      const where = formatLayers(layersOf(found, patient), named);
      const same = i > 0 && where === formatLayers(layersOf(changes[0][1], patient), named);
      const subject = subjectOf(found[0].figures!.now.unit);
      return sayChange(found, same ? `their ${subject}` : `the ${subject} of ${where}`);
    }),
    ...rest === 0 ? [] : [`${formatCount(rest, "more figure")} moved`],
  ];
  return [{
    kind: "baseline",
    layers: layersOf(states, patient),
    message: `Against the baseline, ${said.join("; ")}.`,
    states,
    explains: () => false,
    cures: [{ kind: "rebuild", what: states[0].advice }],
  }];
}

/** What changes are said together: the same figure, moved the same way. */
function changeOf({ kind, figures }: Finding): string {
  const { now, stored } = figures!;
  const ratio = now.value / stored.value;
  const way = kind === "share" || !(ratio > 0 && ratio < Infinity)
    ? "other"
    : ratio < 1
    ? "smaller"
    : "larger";
  return `${subjectOf(now.unit)}, ${way}`;
}

/** What a figure is of, in the plural. */
function subjectOf(unit: string): string {
  const [, gradient, part] = /^rms\((gradient of )?(.*)\)$/s.exec(unit) ?? [];
  if (gradient !== undefined) return "gradients";
  if (part === "delta") return "deltas";
  if (part !== undefined) return part === "bias" ? "biases" : `${part}s`;
  return unit === "std(a)" ? "activations" : unit;
}

const LATER = ["gradients", "deltas", "activations", "saturated share", "dead share"];

/** Weights come first, whatever they are called. */
const rankOf = (change: string) => LATER.indexOf(change.slice(0, change.lastIndexOf(", ")));

function sayChange(found: Finding[], where: string): string {
  const { now, stored } = found[0].figures!;
  const factors = found.map(({ figures }) => figures!.now.value / figures!.stored.value)
    .map((ratio) => Math.max(ratio, 1 / ratio));
  if (found[0].kind === "share" || !factors.every((factor) => factor < Infinity)) {
    const show = found[0].kind === "share" ? formatPercent : formatNumber;
    const verb = found[0].kind === "share" ? "is" : "are";
    const first = found.length === 1 ? "" : ` in ${found[0].layer}`;
    return `${where} ${verb} ${show(now.value)}${first} and ${verb === "is" ? "was" : "were"} ${
      show(stored.value)
    }`;
  }
  const [least, most] = [Math.min(...factors), Math.max(...factors)];
  const mean = factors.reduce((product, factor) => product * factor ** (1 / factors.length), 1);
  const times = most / least < ALIKE
    ? formatNumber(mean)
    : `${formatNumber(least)} to ${formatNumber(most)}`;
  return `${where} are ${times} times ${now.value < stored.value ? "smaller" : "larger"}`;
}
