import type { Finding } from "../../rules/finding.ts";
import type { KernelLayer } from "../../rules/network/kernel_chain.ts";
import { gain } from "../../../ground/theory/criticality.ts";
import { fans, initializerStd } from "../../../ground/theory/initializers.ts";
import { isKernel, isRecurrentKernel } from "../../../ground/theory/weight_kinds.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { FixWeight } from "../fix.ts";
import { formatLayers, initializerFor, SCHEME_OF } from "../fix_words.ts";
import { drawnForActivation } from "./activations.ts";
import { foundBy, isConsequence, isOf, layersOf } from "./shared.ts";

/** Kernel with its correction factor. */
type Rescaled = FixWeight & { factor: number };

/**
 * Signals and gradients that are too small by more than this factor may be exactly 0 in float32.
 */
const VANISHED = 1e20;

const isZeroGradient = ({ rule, kind }: Finding) => rule === "gradients-flow" && kind === "zero";

/** Returns kernels that are drawn too large, and kernels that are drawn too small. */
export function kernelScale(patient: Patient): Suspect[] {
  const tables = patient.network.layers.filter(({ kind }) => kind === "embedding");
  const explained = drawnForActivation(patient);
  const found = foundBy("init-scale", patient).filter((finding) =>
    (finding.measured ?? 0) > 0 && !explained.includes(finding) &&
    !tables.some(({ name }) => name === finding.layer)
  );
  const large = { isLarge: true, findings: found.filter(({ measured }) => measured! > 1) };
  const small = { isLarge: false, findings: found.filter(({ measured }) => measured! < 1) };
  // Kernels with the larger factor come first.
  return [large, small]
    .filter(({ findings }) => findings.length > 0)
    .toSorted((a, b) => farthest(b.findings) - farthest(a.findings))
    .map((side) => suspect(side, patient));
}

function farthest(findings: Finding[]): number {
  return Math.max(...findings.map(({ measured }) => Math.abs(Math.log(measured!))));
}

function suspect(
  { isLarge, findings }: { isLarge: boolean; findings: Finding[] },
  patient: Patient,
): Suspect {
  const names = layersOf(findings, patient);
  const { layers } = patient.measurements;
  const stated = findings.flatMap((finding) => rescaled(finding, patient));
  const known = new Set(stated.map(({ weight }) => weight));
  const unstated = (kernel: Rescaled) =>
    inputKernels(kernel, patient).filter(({ weight }) => !known.has(weight));
  const weights = isLarge ? stated.flatMap((kernel) => [...unstated(kernel), kernel]) : stated;
  const factors = weights.map(({ factor }) => isLarge ? 1 / factor : factor);
  const least = Math.min(...factors);
  const most = Math.max(...factors);
  const mean = Math.exp(
    factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length,
  );
  const times = most / least < 1.5
    ? `about ${formatNumber(mean)}`
    : `${formatNumber(least)} to ${formatNumber(most)}`;
  const isOne = weights.length === 1;
  const canBeZero = isLarge || factors.reduce((all, factor) => all * factor, 1) > VANISHED;
  return {
    kind: "kernel-scale",
    layers: names,
    message:
      `The ${isOne ? "kernel" : "kernels"} of ${formatLayers(names, layers)} ${
        isOne ? "is" : "are"
      } ${times} ` +
      `times too ${isLarge ? "large" : "small"}.`,
    states: findings,
    explains: (finding) =>
      isConsequence(finding) && (canBeZero || !isZeroGradient(finding)) ||
      isLarge && finding.kind === "residual-growth",
    fixes: [{ kind: "rescale", weights, initializer: initializerOf(names, patient) }],
  };
}

/** Returns the kernel that a finding is about, with the factor to the expected scale. */
function rescaled({ layer, measured, figures }: Finding, { network }: Patient): Rescaled[] {
  const row = network.layers.find(({ name }) => name === layer);
  const kernels = row?.weights.filter(isKernel) ?? [];
  // The finding names the kernel only in its message, but holds its deviation.
  const kernel = kernels.find(({ values }) => values.std === figures?.std?.value) ?? kernels[0];
  return kernel === undefined
    ? []
    : [{ layer: row!.name, weight: kernel.name, factor: 1 / measured! }];
}

/**
 * A kernel for the inputs of a recurrent layer is too large from this many times the largest
 * initialiser on.
 */
const LARGE = 2;

/**
 * Returns the kernels for the inputs of a recurrent layer if they are too large as well: no rule
 * judges them, since they may be larger than others, and fixing the recurrent kernel alone does not
 * help.
 */
function inputKernels({ layer, weight }: Rescaled, { network }: Patient): Rescaled[] {
  const row = network.layers.find(({ name }) => name === layer)!;
  const isRecurrent = row.weights.some((one) => one.name === weight && isRecurrentKernel(one));
  if (!isRecurrent) return [];
  return row.weights
    .filter((one) => isKernel(one) && !isRecurrentKernel(one))
    .flatMap(({ name, shape, values }) => {
      const usual = fans(shape, row.kernelLayout);
      const std = initializerStd("glorot", usual);
      const largest = Math.max(std, initializerStd("he", usual));
      return values.std > LARGE * largest
        ? [{ layer, weight: name, factor: std / values.std }]
        : [];
    });
}

/** An initialiser of TensorFlow.js does not fit if it draws off by more than this factor. */
const FITS = 1.05;

/**
 * Returns the initialiser that suits all of the layers and draws at the wanted scale; `null` if
 * there is none.
 */
function initializerOf(names: string[], { network, measurements }: Patient): string | null {
  const chain = network.chain.filter(({ layer }) =>
    names.includes(layer.name) && layer.role === "hidden"
  );
  const wanted = new Set(chain.map((kernel) => {
    const initializer = initializerFor(kernel.activation);
    if (measurements.weightsOnly !== undefined) return initializer;
    // TensorFlow.js computes the fans of a depthwise or transposed kernel as those of an ordinary
    // one.
    const draws = initializerStd(SCHEME_OF[initializer], fans(kernel.kernel.shape));
    const off = draws * Math.sqrt(kernel.fanIn) / (gain(kernel.activation) ?? 1);
    return off <= FITS && off >= 1 / FITS ? initializer : null;
  }));
  return wanted.size === 1 ? [...wanted][0] : null;
}

/**
 * Smallest product of the factors of all layers at which many small ones explain all changes of a
 * signal.
 */
const TOGETHER = 5;
/** The same, to explain only activations that are too small or too large. */
const TOGETHER_FOR_SCALE = 1.5;
/** A kernel further off is a separate fault, which `init-scale` judges unless the network is trained. */
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
    { size: "small", side: off.filter(({ factor }) => factor > CLOSE) },
    { size: "large", side: off.filter(({ factor }) => factor < 1 / CLOSE) },
  ]
    .flatMap(({ size, side }): Suspect[] => {
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
          `${size} for ${
            activationsOf(side.map(({ kernel }) => kernel))
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
