import { criticalGain } from "../theory/critical_gain.ts";
import { gain } from "../theory/gain.ts";
import { initializerDeviation } from "../theory/initializer_deviation.ts";
import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatNumber } from "./format.ts";
import type { Verdict } from "./judge.ts";
import { kernelChain, type KernelLayer } from "./kernel_chain.ts";
import { rescaleAdvice } from "./rescale_advice.ts";
import type { Rule } from "./rule.ts";

/** A kernel of fewer entries has a standard deviation that says little of what it was drawn from. */
const MIN_ENTRIES = 32;

/** The rule `init-scale`: kernels drawn as large as a known initialiser draws them. */
export const initScale: Rule = defineRule(
  {
    name: "init-scale",
    assertion: "assertInitScale",
    problem: "kernels of the wrong scale",
    stage: "initial",
    summary:
      "Each kernel's standard deviation is near that of an initialiser that fits its shape " +
      "and activation.",
    formula:
      "1 / initScaleFactor <= std(kernel) / nearest of { gain / sqrt(fan-in) (He for relu, " +
      "LeCun for tanh and selu), Glorot, orthogonal times the gain, selu's critical 0.69 / " +
      "sqrt(fan-in) } <= initScaleFactor.",
    thresholds: ["initScaleFactor", "initScaleWarning"],
    source:
      "He et al. 2015; LeCun et al. 1998; Glorot & Bengio 2010; Saxe et al. 2014; the factors " +
      "after neuroscope.",
    misleads: "Made for untrained networks: training may move kernels further. A head, and the " +
      "end of a branch that is added to another, may be drawn small on purpose, so they are only judged " +
      "for being large; a kernel under a normalisation, and one of fewer than 32 entries, are not judged. " +
      "TensorFlow.js draws depthwise kernels as if each output added up all channels, too small by the " +
      "root of their number: what is found there is true.",
    fix: "Use heNormal with relu, leCunNormal with selu and tanh, or multiply the kernel.",
    falsePositives: falsePositives({ draws: 1600 }),
  },
  {
    title: "std of the kernel",
    scale: "log",
    of: ({ weights }) => weights.find(({ shape }) => shape.length >= 2)?.values.std ?? null,
  },
  ({ layers, measurements, thresholds }) => {
    const rescale = rescaleAdvice(layers, measurements.layers);
    return kernelChain(measurements.layers).flatMap((kernel): Verdict[] => {
      const { layer, added, normalized, kernel: { values, name } } = kernel;
      const skipped = normalized || values.count < MIN_ENTRIES || values.nonFinite > 0;
      if (skipped || !layers.includes(layer)) return [];
      const { nearest, scheme, target, targetScheme } = schemesOf(kernel);
      const size = layer.role === "output" || added
        ? values.std / nearest
        : Math.max(values.std / nearest, nearest / values.std);
      const fails = size > thresholds.initScaleFactor;
      if (!fails && !(size > thresholds.initScaleWarning)) return [];
      const threshold = fails ? "initScaleFactor" : "initScaleWarning";
      const limit = thresholds[threshold];
      // One target, that of the cure; an initialiser on this side of it widens the range.
      const off = values.std / target;
      const isBelow = values.std < nearest && nearest < target;
      const isAbove = values.std > nearest && nearest > target;
      const low = (isBelow ? nearest / target : 1) / limit;
      const high = (isAbove ? nearest / target : 1) * limit;
      const range = `${formatNumber(low)} .. ${formatNumber(high)}`;
      return [{
        severity: fails ? "error" : "warning",
        layer: layer.name,
        measured: off,
        expected: range,
        threshold,
        message: `The standard deviation of ${name} is ${formatNumber(values.std)}, ` +
          `${formatNumber(off)} times what ${targetScheme} initialisation draws ` +
          `(${formatNumber(target)}); expected ${range} times (${threshold}${
            isBelow || isAbove ? `, counted from the ${formatNumber(nearest)} of ${scheme}` : ""
          }).`,
        advice: (layer.role === "hidden" ? rescale : null) ??
          `Draw ${name} with a standard deviation of ${formatNumber(target)}.`,
      }];
    });
  },
);

/** What a kernel should be drawn with, and what it was most likely drawn with. */
function schemesOf(kernel: KernelLayer) {
  const wanted = gain(kernel.activation) ?? 1;
  const targetScheme = wanted > 1 ? "He" : "LeCun";
  const target = wanted / Math.sqrt(kernel.fanIn);
  const schemes = {
    [targetScheme]: target,
    Glorot: initializerDeviation("glorot", kernel.fans),
    orthogonal: initializerDeviation("orthogonal", kernel.fans, wanted),
    critical: (criticalGain(kernel.activation) ?? 1) / Math.sqrt(kernel.fanIn),
  };
  const distance = (deviation: number) => Math.abs(Math.log(kernel.kernel.values.std / deviation));
  const [scheme, nearest] = Object.entries(schemes).reduce((best, candidate) =>
    distance(candidate[1]) < distance(best[1]) ? candidate : best
  );
  // A head has no scale that the depth asks for.
  return kernel.layer.role === "output"
    ? { scheme, nearest, target: nearest, targetScheme: scheme }
    : { scheme, nearest, target, targetScheme };
}
