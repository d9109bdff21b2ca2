import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import type { Fans } from "../theory/fans.ts";
import { initializerStd } from "../theory/initializer_std.ts";
import { between } from "./expected.ts";
import type { Verdict } from "./judge.ts";
import { figure, say, weightName } from "./say.ts";

/** Limits for the scale of a kernel. */
export interface KernelScale {
  /** Fans of the kernel, from which LeCun's scale follows. */
  own: Fans;
  /** Smallest and largest standard deviation allowed. */
  range: readonly [low: number, high: number];
  /** Threshold that sets the range. */
  threshold: string;
  severity: Verdict["severity"];
}

/** Reports a kernel whose standard deviation is out of range, as a factor of LeCun's. */
export function kernelScaleVerdict(
  layer: LayerMeasurements,
  { name, values: { std } }: WeightMeasurements,
  { own, range: [low, high], threshold, severity }: KernelScale,
): Verdict {
  const target = initializerStd("lecun", own);
  const expected = between(low / target, high / target);
  const weight = weightName(name, layer.name);
  const figures = {
    std: figure(std, "std(kernel)"),
    factor: figure(std / target, "std(kernel) / std that the scheme draws"),
    target: figure(target, "std(kernel)"),
  };
  return {
    severity,
    kind: std > high ? "too-large" : "too-small",
    layer: layer.name,
    measured: std / target,
    expected,
    threshold,
    figures,
    message:
      say`The standard deviation of ${weight} is ${figures.std}, ${figures.factor} times what LeCun
      initialisation draws for its shape (${figures.target}); expected ${expected} times (${threshold}).`,
    advice: say`Draw ${weight} with a standard deviation of ${figures.target}.`,
  };
}
