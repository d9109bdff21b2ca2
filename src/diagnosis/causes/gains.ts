import type { Finding } from "../../rules/finding.ts";
import { formatLayers } from "../fix_words.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { KernelLayer } from "../../rules/network/kernel_chain.ts";
import { gain } from "../../theory/criticality.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { isConsequence, isOf } from "./shared.ts";
import { initializerOf } from "./kernel_scale.ts";

/**
 * Smallest product of the factors of all layers at which many small ones explain all changes of a
 * signal.
 */
const TOGETHER = 5;
/** The same, to explain only activations that are too small or too large. */
const TOGETHER_FOR_SCALE = 1.5;
/** A kernel further off is a fault of its own, which `init-scale` judges unless the network is trained. */
const NEAR = 5;
/** A kernel this close to the gain of its activation is left alone. */
const CLOSE = 1.05;

/**
 * Returns kernels that are each near the gain of their activation, but together, layer by layer,
 * make the signal fade or grow: Glorot's initialisation in a deep relu network.
 */
export function gains(patient: Patient): Suspect[] {
  const chain = patient.network.chain.filter(isJudged);
  const noted = patient.findings.filter(isNotedScale).map(({ layer }) => layer);
  const off = chain.map((kernel) => ({ kernel, factor: gain(kernel.activation)! / kernel.sigma }))
    .filter(({ kernel, factor }) =>
      factor < NEAR && factor > 1 / NEAR || noted.includes(kernel.layer.name)
    );
  return [
    off.filter(({ factor }) => factor > CLOSE),
    off.filter(({ factor }) => factor < 1 / CLOSE),
  ]
    .flatMap((side): Suspect[] => {
      const product = side.reduce((product, { factor }) => product * factor, 1);
      const times = Math.max(product, 1 / product);
      if (side.length < 2 || times < TOGETHER_FOR_SCALE) return [];
      const names = side.map(({ kernel }) => kernel.layer.name);
      const mean = times ** (1 / side.length);
      const sizes = side.map(({ factor }) => Math.max(factor, 1 / factor));
      const least = Math.min(...sizes);
      const most = Math.max(...sizes);
      const which = formatLayers(names, patient.measurements.layers);
      return [{
        kind: "gain",
        layers: names,
        message: `The kernels of ${which} are each ${
          most / least < 1.1
            ? `about ${formatNumber(mean)}`
            : `${formatNumber(least)} to ${formatNumber(most)}`
        } times too ` +
          `${product > 1 ? "small" : "large"} for ${
            activationsOf(side.map(({ kernel }) =>
              kernel
            ))
          }: over ` +
          `${side.length} layers that is a factor of ${formatNumber(times)}.`,
        states: [],
        explains: times < TOGETHER ? isOf("activation-scale") : isConsequence,
        fixes: [{
          kind: "rescale",
          initializer: initializerOf(names, patient),
          weights: side.map(({ kernel, factor }) => ({
            layer: kernel.layer.name,
            weight: kernel.kernel.name,
            factor,
          })),
        }],
      }];
    });
}

/**
 * Returns a chain that is so narrow and deep that its draw decides: the kernels of few units miss
 * their scale by chance, and no factor brings back what they have lost.
 */
export function narrowChain({ findings, network: { chain } }: Patient): Suspect[] {
  const note = findings.find(({ rule, kind }) => rule === "architecture" && kind === "narrow");
  if (note === undefined) return [];
  const layers = chain.filter(({ layer }) => layer.role === "hidden").map(({ layer }) =>
    layer.name
  );
  return [{
    kind: "narrow",
    layers,
    message: note.message,
    states: [],
    explains: isConsequence,
    fixes: [{ kind: "rebuild", what: note.fix }],
  }];
}

/** Returns true if a kernel's scale is a note because the network is trained, not because users accept it. */
function isNotedScale(
  { rule, severity, suppressed, unjudged }: Finding & { suppressed?: string },
): boolean {
  return rule === "init-scale" && severity === "note" && suppressed === undefined && !unjudged;
}

function isJudged({ layer, normalized, added, sigma, activation }: KernelLayer): boolean {
  return layer.role === "hidden" && !normalized && !added && sigma > 0 && gain(activation) !== null;
}

function activationsOf(kernels: KernelLayer[]): string {
  return [...new Set(kernels.map(({ activation }) => activation))].join(" and ");
}
