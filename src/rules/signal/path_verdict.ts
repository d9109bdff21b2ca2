import { atLeast, atMost } from "../expected.ts";
import type { Verdict } from "../finding.ts";
import { describePath, type SignalStep } from "../network/signal_path.ts";
import { figure, layerName, NOTHING, say } from "../say.ts";
import type { Sentence } from "../sentence.ts";

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
