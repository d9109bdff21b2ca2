import type { Case, RuleFigure } from "../rule.ts";
import { noVerdict, type Verdict } from "../finding.ts";
import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import {
  atLeast,
  atMost,
  figure,
  layerName,
  layerNames,
  NOTHING,
  say,
  type Sentence,
} from "../say.ts";
import { isSoftmax } from "../network/heads.ts";
import { networkOf } from "../network/network.ts";
import { describePath, type SignalStep } from "../network/signal_path.ts";

/** Limits of the signal of the first layer relative to that of the last. */
interface PathLimits<Error extends string, Warning extends string> {
  /** True to judge a loss of signal, false to judge growth. */
  isLoss: boolean;
  /** Thresholds for an error and for a warning. */
  names: [Error, Warning];
  /** Values of all thresholds. */
  thresholds: Readonly<Record<Error | Warning, number>>;
  /** Returns the rest of the verdict for a ratio beyond a threshold. */
  judge(ratio: number, threshold: Error | Warning): Pick<Verdict, "severity" | "kind" | "fix">;
}

/** Judges how the signal changes from the last layer of a path down to the first. */
export function pathVerdict<Error extends string, Warning extends string>(
  path: SignalStep[],
  { isLoss, names, thresholds, judge }: PathLimits<Error, Warning>,
): Verdict[] {
  const first = path[0];
  const last = path[path.length - 1];
  const isBeyond = ({ signal }: SignalStep, limit: number) =>
    isLoss ? signal / last.signal < limit : signal / last.signal > limit;
  const threshold = names.find((name) => isBeyond(first, thresholds[name]));
  if (threshold === undefined) return [];
  const limit = thresholds[threshold];
  const ratio = first.signal / last.signal;
  const expected = isLoss ? atLeast(limit) : atMost(limit);
  const figures = {
    ratio: figure(ratio, "l2 of delta / l2 of delta of the last layer"),
    first: figure(first.signal, "l2 of delta"),
    last: figure(last.signal, "l2 of delta"),
  };
  const { severity, kind, fix } = judge(ratio, threshold);
  const undone = undoneWords(first.scale === 1 && last.scale === 1);
  return [{
    severity,
    kind,
    layer: first.layer.name,
    layers: path.filter((step) => isBeyond(step, limit)).map(({ layer }) => layer.name),
    measured: ratio,
    expected,
    threshold,
    figures,
    message: say`The gradient ${isLoss ? say`shrinks` : say`grows`} on its way down: ${
      layerName(first.layer.name)
    } receives ${figures.ratio} ${isLoss ? say`of` : say`times`} the signal that ${
      layerName(last.layer.name)
    } receives (l2 of delta ${figures.first} against ${figures.last}${undone}), ${
      describePath(path)
    };
      expected ${expected} (${threshold}).`,
    fix,
  }];
}

/** Says that a figure is given without the trained scale of a branch, unless there is none. */
export function undoneWords(isPlain: boolean): Sentence {
  return isPlain ? NOTHING : say`, without the trained scale of its branch`;
}

/** Case, divided by whether the objective sends the layers a signal. */
interface SoftmaxUnderSum<Name extends string> {
  /** Warning about the layers that only lead to softmax heads, if there are any. */
  warnings: Verdict[];
  /** The case without those layers. */
  heard: Case<Name>;
}

/**
 * Splits off the layers that only lead to softmax heads under the objective "sum". The outputs of
 * an example then add up to 1 whatever the weights are, so the gradient is 0 except for rounding,
 * and no rule about gradients can judge these layers. Another head may still send a signal, also to
 * layers that it shares.
 */
export function softmaxUnderSum<Name extends string>(subject: Case<Name>): SoftmaxUnderSum<Name> {
  const { layers, measurements, network } = subject;
  const { silent, heard: rest } = networkOf(network.measurements);
  if (!layers.some((layer) => silent.has(layer))) return { warnings: [], heard: subject };
  const heard = {
    ...subject,
    layers: layers.filter((layer) => !silent.has(layer)),
    measurements: rest.measurements,
    network: rest,
  };
  const softmaxes = [...silent].filter((layer) => layer.role === "output" && isSoftmax(layer));
  const said = warning(softmaxes, [...silent], measurements);
  return { warnings: [heard.layers.length > 0 ? said : { ...said, unjudged: true }], heard };
}

function warning(
  softmaxes: LayerMeasurements[],
  silent: LayerMeasurements[],
  { layers }: Measurements,
): Verdict {
  const [head] = softmaxes;
  const isAll = silent.length === layers.length;
  const names = silent.map(({ name }) => name);
  const verdict = {
    severity: "warning" as const,
    kind: "softmax-under-sum",
    layer: head.name,
    measured: null,
    expected: "an objective that depends on the weights",
    fix:
      'Measure a loss with targets instead of the sum: objective: "categoricalCrossentropy", or ' +
      "--objective categoricalCrossentropy on the command line.",
  };
  if (isAll) {
    return {
      ...verdict,
      message: say`No verdict: ${layerName(head.name)} ends in a softmax, whose outputs add up to
        1, so the objective "sum" is constant and its gradient is 0 whatever the weights are.`,
    };
  }
  const ends = softmaxes.map(({ name }) => name);
  return {
    ...verdict,
    layers: names,
    message: say`No verdict for ${layerNames(names, layers)}: ${layerNames(ends, layers)} ${
      ends.length === 1 ? say`ends` : say`end`
    } in a softmax, whose outputs add up to 1, so the objective "sum" sends no gradient down that way
      whatever the weights are.`,
    fix: `${verdict.fix} The other layers are judged.`,
  };
}

/** Figure of the rules about signals: the size of each layer's delta. */
export const DELTA_NORM: RuleFigure = {
  title: "l2 of delta",
  scale: "log",
  of: ({ preActivationGradients: delta }) => delta?.l2 ?? null,
};

/** Returns the note of a rule about gradients if one of them is not finite, else `null`. */
export function brokenGradient(path: readonly SignalStep[]): Verdict | null {
  const broken = path.find(({ layer }) => layer.preActivationGradients!.nonFinite > 0);
  if (broken === undefined) return null;
  const note = noVerdict(
    "broken-gradient",
    say`the delta of ${layerName(broken.layer.name)} has NaN or infinite entries`,
    "a finite delta in every hidden layer",
    "See the rule non-finite first.",
  );
  return { ...note, unjudged: true };
}
